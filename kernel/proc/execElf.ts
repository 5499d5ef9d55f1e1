/*
 * Loading an ELF executable into an address space.
 *
 * Idea. Each PT_LOAD segment says: these bytes of the file go to these addresses, the rest of the segment is zero, and
 * this is what may be done there. Three passes: check all headers before anything is touched; map every segment
 * writable and read its bytes into it; protect. Anonymous memory is zero, so the end of a segment takes care of itself,
 * and so does the end of a file that is shorter than its headers say.
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
import { pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { type File } from '../fs/file.ts';
import { kernelRead } from '../fs/open.ts';
import { type Transfer } from '../fs/transfer.ts';
import { doMmap } from '../mm/mmap.ts';
import { doMprotect } from '../mm/mprotect.ts';
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
  if (!isExecutable(header)) return -ENOEXEC;
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

/** Reads from the file to memory of the current address space, as far as there is something. 0, or what reading gave. */
function readToUser(file: File, offset: u32, target: u32, count: u32): i32 {
  const read = file.operations.read;
  if (read === null) return -ENOEXEC;
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overUser(target, count);
  let position: i64 = i64(offset);
  const got = read(file, transfer, addrOf(position));
  return got < 0 ? got : 0;
}

/** Maps [start, end) as zero pages that can be written. 0 or -errno. */
function mapZero(mm: Mm, start: u32, end: u32): i32 {
  if (end <= start) return 0;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  const result = doMmap(mm, start, end - start, PROT_READ | PROT_WRITE, flags, null, 0);
  return u32(result) >= 0xfffff000 ? result : 0;
}

function mapSegments(mm: Mm, file: File, image: ElfImage): i32 {
  for (let i: u32 = 0; i < image.headerCount; i++) {
    const segment = image.headers[i];
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    const start = segment.p_vaddr + image.bias;
    const range = zeroed<Inline<PageRange>>();
    range.start = pageFloor(start);
    range.end = pageCeil(start + segment.p_memsz);
    for (let k: u32 = 0; k < i; k++) leaveOut(range, image.headers[k], image.bias);
    let error = mapZero(mm, range.start, range.end);
    if (error === 0 && segment.p_filesz > 0) error = readToUser(file, segment.p_offset, start, segment.p_filesz);
    if (error < 0) return error;
  }
  return 0;
}

/** Addresses of whole pages. */
class PageRange {
  start: u32;
  end: u32;
}

/** A segment may begin on the page where another ends, or end where it begins: that page stays. */
function leaveOut(range: PageRange, segment: Elf32ProgramHeader, bias: u32): void {
  if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) return;
  const start = pageFloor(segment.p_vaddr + bias);
  const end = pageCeil(segment.p_vaddr + bias + segment.p_memsz);
  if (start <= range.start && range.start < end) range.start = end;
  if (start < range.end && range.end <= end) range.end = start;
}

function protectionOf(flags: u32): u32 {
  let protection: u32 = 0;
  if ((flags & PF_R) !== 0) protection |= PROT_READ;
  if ((flags & PF_W) !== 0) protection |= PROT_WRITE;
  if ((flags & PF_X) !== 0) protection |= PROT_EXEC;
  return protection;
}

function protectSegments(mm: Mm, image: ElfImage): i32 {
  for (let i: u32 = 0; i < image.headerCount; i++) {
    const segment = image.headers[i];
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    const start = pageFloor(segment.p_vaddr + image.bias);
    const end = pageCeil(segment.p_vaddr + image.bias + segment.p_memsz);
    const error = doMprotect(mm, start, end - start, protectionOf(segment.p_flags));
    if (error < 0) return error;
  }
  return 0;
}

/** Moves an image that has not been loaded yet, and was read for address 0. */
export function moveImage(image: ElfImage, bias: u32): void {
  image.bias = bias;
  image.entry += bias;
}

/** Loads segments into `mm`, which is the current address space, where nothing is in their way. 0, -ENOMEM, ... */
export function loadSegments(mm: Mm, file: File, image: ElfImage): i32 {
  if (!image.isSound) return -ENOEXEC;
  const error = mapSegments(mm, file, image);
  return error === 0 ? protectSegments(mm, image) : error;
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
