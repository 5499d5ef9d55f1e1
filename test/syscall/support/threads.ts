/*
 * Threads in a process under the agent. The process's worker makes them by clone; each runs a script of system calls,
 * one after the other, and keeps their results, which the test reads when the thread has ended.
 */

import { errnoName } from '../../../emulator/agent/errno.ts';
import { encodeWords, decodeWords } from '../../../emulator/agent/records.ts';
import type { Process } from '../../../emulator/agent/process.ts';
import { syscallNumber, type SyscallName } from '../../../emulator/agent/trace.ts';
import { FUTEX_WAIT } from '../../../kernel/abi/futex.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../../kernel/abi/mman.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../../../kernel/abi/sched.ts';

/** One system call of a script. */
export type Step = readonly [SyscallName, ...number[]];

export const THREAD_FLAGS =
  CLONE_VM |
  CLONE_FS |
  CLONE_FILES |
  CLONE_SIGHAND |
  CLONE_THREAD |
  CLONE_SYSVSEM |
  CLONE_CHILD_SETTID |
  CLONE_CHILD_CLEARTID;

/**
 * Called with flags, stack and script in EAX, EDX and ECX. The script begins with clone's other three arguments; each
 * step is a number, six arguments, and room for the result.
 */
const program = new Uint8Array([
  ...[0x89, 0xcd, 0x89, 0xc3, 0x89, 0xd1], // mov ebp, ecx; mov ebx, eax; mov ecx, edx
  ...[0x8b, 0x55, 0x00, 0x8b, 0x75, 0x04, 0x8b, 0x7d, 0x08], // mov edx, [ebp]; mov esi, [ebp+4]; mov edi, [ebp+8]
  ...[0x83, 0xc5, 0x0c], // add ebp, 12
  ...[0xb8, 0x78, 0x00, 0x00, 0x00, 0xcd, 0x80], // mov eax, SYS_clone; int 0x80
  ...[0x85, 0xc0, 0x74, 0x01, 0xc3], // test eax, eax; jz next; ret
  // next:
  ...[0x8b, 0x45, 0x00, 0x8b, 0x5d, 0x04, 0x8b, 0x4d, 0x08], // mov eax, [ebp]; mov ebx, [ebp+4]; mov ecx, [ebp+8]
  ...[0x8b, 0x55, 0x0c, 0x8b, 0x75, 0x10, 0x8b, 0x7d, 0x14], // mov edx, [ebp+12]; mov esi, [ebp+16]; mov edi, [ebp+20]
  ...[0x55, 0x8b, 0x6d, 0x18, 0xcd, 0x80, 0x5d], // push ebp; mov ebp, [ebp+24]; int 0x80; pop ebp
  ...[0x89, 0x45, 0x1c, 0x83, 0xc5, 0x20], // mov [ebp+28], eax; add ebp, 32
  ...[0xeb, 0xdf], // jmp next
]);

const SIZE = 0x2000;
const TID = 0x3f0;
const SCRIPT = 0x400;
const HEAD = 12;
const STEP = 32;

export class Thread {
  readonly tid: number;
  readonly #proc: Process;
  readonly #memory: number;
  readonly #steps: number;

  constructor(proc: Process, tid: number, memory: number, steps: number) {
    this.#proc = proc;
    this.tid = tid;
    this.#memory = memory;
    this.#steps = steps;
  }

  /** Waits until the thread has ended, with a call of its process; gives the results of its calls. */
  async results(): Promise<number[]> {
    for (;;) {
      const [tid] = decodeWords(await this.#proc.peek(this.#memory + TID, 4));
      if (tid === 0) break;
      await this.#proc.call('futex', this.#memory + TID, FUTEX_WAIT, tid!, 0);
    }
    const words = decodeWords(await this.#proc.peek(this.#memory + SCRIPT + HEAD, this.#steps * STEP));
    return Array.from({ length: this.#steps }, (_, n) => words[n * 8 + 7]! | 0);
  }
}

/** Starts a thread that makes these calls and then ends. Rejects if clone fails. */
export async function startThread(proc: Process, steps: readonly Step[], tls = 0, more = 0): Promise<Thread> {
  const memory = await proc.mmap({
    length: SIZE,
    prot: PROT_READ | PROT_WRITE | PROT_EXEC,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
  });
  const script = [...steps, ['exit', 0] as const].flatMap(([name, ...args]) => {
    const words = [syscallNumber(name), ...args];
    return [...words, ...new Array<number>(8 - words.length).fill(0)];
  });
  await proc.poke(memory, program);
  await proc.poke(memory + TID, encodeWords([-1])); // until the thread has its number there
  await proc.poke(memory + SCRIPT, encodeWords([0, tls, memory + TID, ...script]));
  const tid = await proc.invoke(memory, THREAD_FLAGS | more, memory + SIZE, memory + SCRIPT);
  if (tid < 0) throw new Error(`clone: ${errnoName(-tid)}`);
  return new Thread(proc, tid, memory, steps.length);
}
