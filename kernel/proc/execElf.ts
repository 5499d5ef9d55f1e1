/*
 * Loading an ELF executable into an address space.
 *
 * Idea. Each PT_LOAD segment says: these bytes of the file go to these addresses, the rest of the segment is zero, and
 * this is what may be done there. All headers are checked before anything is touched. Then the pages of the file are
 * mapped, private: nothing is read or copied, all who run a program share its code, and a page of data is copied when it is
 * written to. What the last page has behind the segment's bytes is cleared if the segment can be written; the other zeroes
 * are anonymous memory. Where two segments have a part of one page each, the page is the later one's.
 *
 * Taken are programs linked for fixed addresses (ET_EXEC), and those that can go anywhere (ET_DYN), which are put at
 * PIE_BASE. A program may name an interpreter (PT_INTERP), which links it with its libraries: then both are loaded, and
 * the interpreter runs first (execInterpreter.ts).
 *
 * Errors. What is no program for this machine, or has no program headers, is refused: ENOEXEC, and the caller goes on.
 * Segments that cannot be are found out late, by Linux: the old program is gone by then, and SIGSEGV ends the process. So
 * it is here, though nothing is gone yet.
 *
 * @source System V ABI, chapter 5 "Program Loading and Dynamic Linking"; i386 supplement.
 */

import { ENOEXEC } from '../abi/errno.ts';
import {
  ELF_MAGIC,
  type Elf32Header,
  type Elf32ProgramHeader,
  EM_386,
  EM_486,
  ET_DYN,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
} from '../abi/elf.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { clearUser } from '../arch/x86/userCopy.ts';
import { type File } from '../fs/file.ts';
import { kernelRead } from '../fs/open.ts';
import { doMmap } from '../mm/mmap.ts';
import { type Mm } from '../mm/types.ts';
import { MMAP_MIN_ADDR } from '../mm/unmappedArea.ts';

/** Headers of more than a page are refused. */
const MAX_HEADERS: u32 = 128;
/** Where programs go that can go anywhere: two thirds up, as on Linux without randomization. */
export const PIE_BASE: u32 = 0x56555000;
/** ElfImage.interpreter when there is none. */
export const NO_INTERPRETER: u32 = 0xffffffff;
/** What is known about a program before and after it is loaded. */
export class ElfImage {
  entry: u32;
  bias: u32; // added to every address of the file
  headerAddress: u32; // of the program headers, in memory; 0: they are not loaded
  headerCount: u32;
  executableStack: boolean;
  /** Can all segments be where they say? */
  isSound: boolean;
  /** Can it go anywhere? */
  canMove: boolean;
  /** The program header that names an interpreter. */
  interpreter: u32;
  startCode: u32;
  endCode: u32;
  startData: u32;
  endData: u32;
  endOfBss: u32;
  headers: FixedArray<Inline<Elf32ProgramHeader>, 128>;
}

/** Does the header describe an i386 executable that can be loaded? */
function isExecutable(header: Elf32Header): boolean {
  return (
    header.e_magic === ELF_MAGIC &&
    (header.e_type === ET_EXEC || header.e_type === ET_DYN) &&
    (header.e_machine === EM_386 || header.e_machine === EM_486) &&
    header.e_phentsize === sizeof<Elf32ProgramHeader>() &&
    header.e_phnum > 0 &&
    header.e_phnum <= MAX_HEADERS
  );
}

/** Is the segment within user space, and its file part no longer than itself? */
function isSound(segment: Elf32ProgramHeader, bias: u32): boolean {
  const start = segment.p_vaddr + bias;
  if (start < MMAP_MIN_ADDR && current().credentials.euid !== 0) return false;
  if (start >= USER_END || start < bias) return false;
  if (segment.p_filesz > segment.p_memsz || segment.p_memsz > USER_END - start) return false;
  if (segment.p_offset + segment.p_filesz < segment.p_offset) return false;
  return (segment.p_offset & 0xfff) === (segment.p_vaddr & 0xfff);
}

/** Takes a segment into account: where code, data and the heap begin and end. */
function noteSegment(image: ElfImage, segment: Elf32ProgramHeader, headerOffset: u32): void {
  const start = segment.p_vaddr + image.bias;
  const fileEnd = start + segment.p_filesz;
  const end = start + segment.p_memsz;
  if (start < image.startCode) image.startCode = start;
  if (start > image.startData) image.startData = start;
  if ((segment.p_flags & PF_X) !== 0 && fileEnd > image.endCode) image.endCode = fileEnd;
  if (fileEnd > image.endData) image.endData = fileEnd;
  if (end > image.endOfBss) image.endOfBss = end;
  if (headerOffset >= segment.p_offset && headerOffset - segment.p_offset < segment.p_filesz) {
    image.headerAddress = start + (headerOffset - segment.p_offset);
  }
}

/**
 * Reads and checks the headers of `file`, whose first bytes are `header`. Nothing else is touched. A program that can go
 * anywhere is to go to `base`.
 *
 * @returns 0, -ENOEXEC, or what reading gave
 */
export function readElf(file: File, header: Elf32Header, base: u32, image: ElfImage): i32 {
  if (!isExecutable(header) || file.operations.mmap === null) return -ENOEXEC;
  const count = u32(header.e_phnum);
  const size = count * sizeof<Elf32ProgramHeader>();
  const got = kernelRead(file, header.e_phoff, ptr<u8>(image.headers), size);
  if (got < 0) return got;
  if (u32(got) !== size) return -ENOEXEC;
  image.canMove = header.e_type === ET_DYN;
  image.bias = image.canMove ? base : 0;
  image.entry = header.e_entry + image.bias;
  image.headerCount = count;
  image.executableStack = true;
  image.startCode = USER_END;
  image.interpreter = NO_INTERPRETER;
  image.isSound = true;
  let hasSegments = false;
  for (let i: u32 = 0; i < count; i++) {
    const segment = image.headers[i];
    if (segment.p_type === PT_INTERP && image.interpreter === NO_INTERPRETER) image.interpreter = i;
    if (segment.p_type === PT_GNU_STACK) image.executableStack = (segment.p_flags & PF_X) !== 0;
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    if (!isSound(segment, image.bias)) image.isSound = false;
    noteSegment(image, segment, header.e_phoff);
    hasSegments = true;
  }
  if (!hasSegments) image.isSound = false;
  return 0;
}

function protectionOf(flags: u32): u32 {
  let protection: u32 = 0;
  if ((flags & PF_R) !== 0) protection |= PROT_READ;
  if ((flags & PF_W) !== 0) protection |= PROT_WRITE;
  if ((flags & PF_X) !== 0) protection |= PROT_EXEC;
  return protection;
}

/** Maps [start, end) of the file, or zero pages for null, whatever is there. 0 or -errno. */
function mapRange(mm: Mm, start: u32, end: u32, protection: u32, file: File | null, offset: u32): i32 {
  if (end <= start) return 0;
  const flags = MAP_PRIVATE | MAP_FIXED | (file === null ? MAP_ANONYMOUS : 0);
  const result = doMmap(mm, start, end - start, protection, flags, file, offset >>> PAGE_SHIFT);
  return u32(result) >= 0xfffff000 ? result : 0;
}

/** What the file has, and zeroes behind it. */
function mapSegment(mm: Mm, file: File, segment: Elf32ProgramHeader, bias: u32): i32 {
  const start = segment.p_vaddr + bias;
  const fileEnd = start + segment.p_filesz;
  const protection = protectionOf(segment.p_flags);
  if (segment.p_filesz > 0) {
    const error = mapRange(mm, pageFloor(start), pageCeil(fileEnd), protection, file, pageFloor(segment.p_offset));
    if (error < 0) return error;
  }
  if (segment.p_memsz === segment.p_filesz) return 0;
  const isWritable = (segment.p_flags & PF_W) !== 0 && segment.p_filesz > 0;
  if (isWritable && clearUser(fileEnd, pageCeil(fileEnd) - fileEnd) < 0) return -ENOEXEC; // the file is shorter than it says
  const zeroes = PROT_READ | PROT_WRITE | (protection & PROT_EXEC);
  const zeroStart = segment.p_filesz > 0 ? pageCeil(fileEnd) : pageFloor(start);
  return mapRange(mm, zeroStart, pageCeil(start + segment.p_memsz), zeroes, null, 0);
}

/** Moves an image that has not been loaded yet, and was read for address 0. */
export function moveImage(image: ElfImage, bias: u32): void {
  image.bias = bias;
  image.entry += bias;
}

/** Loads segments into `mm`, which is the current address space, where nothing is in their way. 0, -ENOMEM, ... */
export function loadSegments(mm: Mm, file: File, image: ElfImage): i32 {
  if (!image.isSound) return -ENOEXEC;
  for (let i: u32 = 0; i < image.headerCount; i++) {
    const segment = image.headers[i];
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    const error = mapSegment(mm, file, segment, image.bias);
    if (error < 0) return error;
  }
  return 0;
}

/**
 * Loads the program into `mm`, which is the current address space and empty.
 *
 * @returns 0, -ENOMEM, -ENOEXEC (segments that cannot be), ...
 */
export function loadElf(mm: Mm, file: File, image: ElfImage): i32 {
  const error = loadSegments(mm, file, image);
  if (error < 0) return error;
  mm.startCode = image.startCode;
  mm.endCode = image.endCode;
  mm.startData = image.startData;
  mm.endData = image.endData;
  mm.startBrk = pageCeil(image.endOfBss);
  mm.brk = mm.startBrk;
  return 0;
}
