/*
 * Loading an ELF executable into an address space.
 *
 * Idea. Each PT_LOAD segment says: these bytes of the file go to these addresses, the rest of the segment is zero, and
 * this is what may be done there. Three passes: check all headers before anything is touched; map every segment
 * writable and read its bytes into it; protect. Anonymous memory is zero, so the end of a segment takes care of itself.
 *
 * Taken are programs linked for fixed addresses (ET_EXEC), and those that can go anywhere and link themselves
 * (static PIE: ET_DYN), which are put at PIE_BASE. Programs that need an interpreter (PT_INTERP: dynamic linking) are
 * not: ENOEXEC.
 *
 * @source System V ABI, chapter 5 "Program Loading and Dynamic Linking"; i386 supplement.
 */

import { ENOEXEC } from '../abi/errno.ts';
import {
  ELF_MAGIC,
  type Elf32Header,
  type Elf32ProgramHeader,
  ELFCLASS32,
  ELFDATA2LSB,
  EM_386,
  ET_DYN,
  ET_EXEC,
  EV_CURRENT,
  PF_R,
  PF_W,
  PF_X,
  PT_GNU_STACK,
  PT_INTERP,
  PT_LOAD,
} from '../abi/elf.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { type File } from '../fs/file.ts';
import { kernelRead } from '../fs/open.ts';
import { type Transfer } from '../fs/transfer.ts';
import { doMmap } from '../mm/mmap.ts';
import { doMprotect } from '../mm/mprotect.ts';
import { type Mm } from '../mm/types.ts';

/** Headers of more than a page are refused. */
const MAX_HEADERS: u32 = 128;
/** Where programs go that can go anywhere: two thirds up, as on Linux without randomization. */
const PIE_BASE: u32 = 0x56555000;
/** Nothing is mapped below: null pointers fault. */
const LOWEST_ADDRESS: u32 = 4096;

/** What is known about a program before and after it is loaded. */
export class ElfImage {
  entry: u32;
  bias: u32; // added to every address of the file
  headerAddress: u32; // of the program headers, in memory; 0: they are not loaded
  headerCount: u32;
  executableStack: boolean;
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
    header.e_class === ELFCLASS32 &&
    header.e_data === ELFDATA2LSB &&
    header.e_identVersion === EV_CURRENT &&
    (header.e_type === ET_EXEC || header.e_type === ET_DYN) &&
    header.e_machine === EM_386 &&
    header.e_phentsize === sizeof<Elf32ProgramHeader>() &&
    header.e_phnum > 0 &&
    header.e_phnum <= MAX_HEADERS
  );
}

/** Is the segment within user space, and its file part no longer than itself? */
function isSound(segment: Elf32ProgramHeader, bias: u32): boolean {
  const start = segment.p_vaddr + bias;
  if (start < LOWEST_ADDRESS || start >= USER_END || start < bias) return false;
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
 * Reads and checks the headers of `file`, whose first bytes are `header`. Nothing else is touched.
 *
 * @returns 0, -ENOEXEC, or what reading gave
 */
export function readElf(file: File, header: Elf32Header, image: ElfImage): i32 {
  if (!isExecutable(header)) return -ENOEXEC;
  const count = u32(header.e_phnum);
  const size = count * sizeof<Elf32ProgramHeader>();
  const got = kernelRead(file, header.e_phoff, ptr<u8>(image.headers), size);
  if (got < 0) return got;
  if (u32(got) !== size) return -ENOEXEC;
  image.bias = header.e_type === ET_DYN ? PIE_BASE : 0;
  image.entry = header.e_entry + image.bias;
  image.headerCount = count;
  image.executableStack = true;
  image.startCode = USER_END;
  let hasSegments = false;
  for (let i: u32 = 0; i < count; i++) {
    const segment = image.headers[i];
    if (segment.p_type === PT_INTERP) return -ENOEXEC;
    if (segment.p_type === PT_GNU_STACK) image.executableStack = (segment.p_flags & PF_X) !== 0;
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    if (!isSound(segment, image.bias)) return -ENOEXEC;
    noteSegment(image, segment, header.e_phoff);
    hasSegments = true;
  }
  return hasSegments && image.entry < USER_END ? 0 : -ENOEXEC;
}

/** Reads from the file to memory of the current address space. 0, -ENOEXEC (it is too short), or what reading gave. */
function readToUser(file: File, offset: u32, target: u32, count: u32): i32 {
  const read = file.operations.read;
  if (read === null) return -ENOEXEC;
  const transfer = zeroed<Inline<Transfer>>();
  transfer.overUser(target, count);
  let position: i64 = i64(offset);
  const got = read(file, transfer, addrOf(position));
  if (got < 0) return got;
  return u32(got) === count ? 0 : -ENOEXEC;
}

/** Maps [start, end) as zero pages that can be written. 0 or -errno. */
function mapZero(mm: Mm, start: u32, end: u32): i32 {
  if (end <= start) return 0;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  const result = doMmap(mm, start, end - start, PROT_READ | PROT_WRITE, flags, null, 0);
  return u32(result) >= 0xfffff000 ? result : 0;
}

function mapSegments(mm: Mm, file: File, image: ElfImage): i32 {
  let mappedEnd: u32 = 0;
  for (let i: u32 = 0; i < image.headerCount; i++) {
    const segment = image.headers[i];
    if (segment.p_type !== PT_LOAD || segment.p_memsz === 0) continue;
    const start = segment.p_vaddr + image.bias;
    const end = pageCeil(start + segment.p_memsz);
    // A segment may begin on the page where the one before it ends: that page stays.
    const from = pageFloor(start) < mappedEnd ? mappedEnd : pageFloor(start);
    let error = mapZero(mm, from, end);
    if (error === 0 && segment.p_filesz > 0) error = readToUser(file, segment.p_offset, start, segment.p_filesz);
    if (error < 0) return error;
    if (end > mappedEnd) mappedEnd = end;
  }
  return 0;
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

/**
 * Loads the program into `mm`, which is the current address space and empty.
 *
 * @returns 0, -ENOMEM, -ENOEXEC (the file is shorter than its headers say), ...
 */
export function loadElf(mm: Mm, file: File, image: ElfImage): i32 {
  let error = mapSegments(mm, file, image);
  if (error === 0) error = protectSegments(mm, image);
  if (error < 0) return error;
  mm.startCode = image.startCode;
  mm.endCode = image.endCode;
  mm.startData = image.startData;
  mm.endData = image.endData;
  mm.startBrk = pageCeil(image.endOfBss);
  mm.brk = mm.startBrk;
  return 0;
}
