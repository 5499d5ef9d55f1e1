/*
 * The stack that a new program finds.
 *
 *   0xC0000000   four zero bytes
 *                the file's name, the environment's strings, the arguments' strings
 *                "i686", sixteen random bytes
 *                (down to a multiple of 16)
 *                auxiliary vector: pairs of words, AT_NULL last
 *                pointers to the environment's strings, 0
 *                pointers to the arguments, 0
 *   ESP ->       number of arguments
 *
 * ESP is a multiple of 16. The region grows downwards from there by itself, as far as RLIMIT_STACK allows.
 *
 * @source System V ABI, i386 supplement, "Process Initialization".
 */

import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_EXECFN,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_HWCAP2,
  AT_NULL,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_PLATFORM,
  AT_RANDOM,
  AT_SECURE,
  AT_UID,
} from '../abi/auxv.ts';
import { type Elf32ProgramHeader } from '../abi/elf.ts';
import { EFAULT } from '../abi/errno.ts';
import { MAP_ANONYMOUS, MAP_FIXED, MAP_GROWSDOWN, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { RLIMIT_STACK } from '../abi/resource.ts';
import { USER_HZ } from '../abi/time.ts';
import { cpuFeatures } from '../arch/x86/cpuFeatures.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { doMmap } from '../mm/mmap.ts';
import { type Mm } from '../mm/types.ts';
import { type ElfImage } from './execElf.ts';
import { type ExecIds } from './execIds.ts';
import { type ExecArguments } from './execArguments.ts';
import { fillRandom } from './random.ts';

/** Pairs of the auxiliary vector. */
const AUXV_PAIRS: u32 = 19;
/** Room below the strings that is mapped from the beginning, as on Linux. Most programs need no more; the rest grows. */
const INITIAL_ROOM: u32 = 0x20000;
const PLATFORM = 'i686';
const PLATFORM_SIZE: u32 = 5;
const RANDOM_SIZE: u32 = 16;

/** Addresses on the new stack. */
class StackPlan {
  strings: u32; // the first argument's
  fileName: u32;
  platform: u32;
  random: u32;
  esp: u32;
}

/** Writes words one behind the other, and remembers whether that ever failed. */
class WordWriter {
  at: u32;
  failed: boolean;

  put(word: u32): void {
    if (putUser32(this.at, word) < 0) this.failed = true;
    this.at += 4;
  }

  pair(key: u32, value: u32): void {
    this.put(key);
    this.put(value);
  }
}

function plan(from: ExecArguments, result: StackPlan): void {
  result.strings = USER_END - 4 - from.used;
  result.fileName = result.strings + from.argumentBytes + from.environmentBytes;
  result.platform = result.strings - PLATFORM_SIZE;
  result.random = result.platform - RANDOM_SIZE;
  const words = 1 + from.argumentCount + 1 + from.environmentCount + 1 + AUXV_PAIRS * 2;
  result.esp = ((result.random & ~u32(15)) - words * 4) & ~u32(15);
}

/** Where the region begins: RLIMIT_STACK leaves less room, but never too little for what is on it already. */
function stackStart(layout: StackPlan): u32 {
  const limit = current().process.limits[RLIMIT_STACK].rlim_cur;
  const wanted = pageFloor(layout.strings) - INITIAL_ROOM;
  const allowed = limit < USER_END ? USER_END - pageFloor(u32(limit)) : 0;
  const start = wanted > allowed ? wanted : allowed;
  const needed = pageFloor(layout.esp);
  return start < needed ? start : needed;
}

/** Maps the region. 0 or -errno. */
function mapStack(mm: Mm, start: u32, executable: boolean): i32 {
  const protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN;
  const result = doMmap(mm, start, USER_END - start, protection, flags, null, 0);
  return u32(result) >= 0xfffff000 ? result : 0;
}

/** Copies all strings to their place. 0 or -EFAULT. */
function copyStrings(from: ExecArguments, target: u32): i32 {
  for (let done: u32 = 0; done < from.used;) {
    const room = PAGE_SIZE - (done & (PAGE_SIZE - 1));
    const left = from.used - done;
    const count = left < room ? left : room;
    if (copyToUser(target + done, from.at(done), count) < 0) return -EFAULT;
    done += count;
  }
  return 0;
}

/** Writes `count` pointers to consecutive strings, from the one at `offset` on, and a zero. The offset after them. */
function putPointers(writer: WordWriter, from: ExecArguments, base: u32, offset: u32, count: u32): u32 {
  let at = offset;
  for (let i: u32 = 0; i < count; i++) {
    writer.put(base + at);
    at = from.nextString(at);
  }
  writer.put(0);
  return at;
}

/** Writes the AUXV_PAIRS pairs of the auxiliary vector. */
function putAuxv(writer: WordWriter, image: ElfImage, ids: ExecIds, linker: u32, layout: StackPlan): void {
  const credentials = current().credentials;
  writer.pair(AT_HWCAP, cpuFeatures());
  writer.pair(AT_PAGESZ, PAGE_SIZE);
  writer.pair(AT_CLKTCK, USER_HZ);
  writer.pair(AT_PHDR, image.headerAddress);
  writer.pair(AT_PHENT, sizeof<Elf32ProgramHeader>());
  writer.pair(AT_PHNUM, image.headerCount);
  writer.pair(AT_BASE, linker);
  writer.pair(AT_FLAGS, 0);
  writer.pair(AT_ENTRY, image.entry);
  writer.pair(AT_UID, credentials.uid);
  writer.pair(AT_EUID, ids.euid);
  writer.pair(AT_GID, credentials.gid);
  writer.pair(AT_EGID, ids.egid);
  writer.pair(AT_SECURE, ids.isSecure ? 1 : 0);
  writer.pair(AT_RANDOM, layout.random);
  writer.pair(AT_HWCAP2, 0);
  writer.pair(AT_EXECFN, layout.fileName);
  writer.pair(AT_PLATFORM, layout.platform);
  writer.pair(AT_NULL, 0);
}

/**
 * Builds the stack of `mm`, the current address space.
 *
 * @param linker where the interpreter is, or 0
 * @param result gets the program's first ESP
 * @returns 0, -ENOMEM or -EFAULT (no memory for a page)
 */
export function buildStack(
  mm: Mm,
  image: ElfImage,
  from: ExecArguments,
  ids: ExecIds,
  linker: u32,
  result: Ptr<u32>,
): i32 {
  const layout = zeroed<Inline<StackPlan>>();
  plan(from, layout);
  const error = mapStack(mm, stackStart(layout), image.executableStack);
  if (error < 0) return error;
  const random = uninitialized<FixedArray<u8, 16>>();
  fillRandom(random, RANDOM_SIZE);
  if (copyStrings(from, layout.strings) < 0) return -EFAULT;
  if (copyToUser(layout.random, random, RANDOM_SIZE) < 0) return -EFAULT;
  if (copyToUser(layout.platform, bytes(PLATFORM), PLATFORM_SIZE) < 0) return -EFAULT;
  const writer = zeroed<Inline<WordWriter>>();
  writer.at = layout.esp;
  writer.put(from.argumentCount);
  const environment = putPointers(writer, from, layout.strings, 0, from.argumentCount);
  putPointers(writer, from, layout.strings, environment, from.environmentCount);
  putAuxv(writer, image, ids, linker, layout);
  mm.startStack = layout.esp;
  mm.argStart = layout.strings;
  mm.argEnd = layout.strings + from.argumentBytes;
  mm.envStart = mm.argEnd;
  mm.envEnd = mm.argEnd + from.environmentBytes;
  result[0] = layout.esp;
  return writer.failed ? -EFAULT : 0;
}
