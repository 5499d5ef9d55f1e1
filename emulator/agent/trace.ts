/*
 * Calls as text, in the manner of syzkaller's programs: one line when a call is made, and a comment when it returns.
 *
 *   r4 = open(&"./f\0", 0x41, 0x1ff) @ 12
 *   # r4 = 3
 *   r5 = read(0x3, &out[16], 0x10) @ 12
 *   # r5 = -EBADF
 *
 * The number after @ is the calling process. A trace is what one needs to write a failing test down as a program.
 */

import * as agentRequests from '../../kernel/abi/wire.ts';
import * as numbers from '../../kernel/abi/syscallNumbers.ts';
import { type Argument, type Blob, flatten } from './arguments.ts';
import { errnoName, isError } from './errno.ts';

/** 'read', 'mmap2', ... */
export type SyscallName = keyof typeof numbers extends infer K ? (K extends `SYS_${infer N}` ? N : never) : never;

/** The number of a system call. */
export function syscallNumber(name: SyscallName): number {
  return numbers[`SYS_${name}`];
}

/** The name of a call's number; requests to the agent have names too, in capitals. */
export function callName(nr: number): string {
  return callNames.get(nr) ?? `syscall_${nr}`;
}

/** The line for a call that is made. */
export function traceCall(id: number, pid: number, nr: number, args: readonly Argument[]): string {
  return `r${id} = ${callName(nr)}(${argumentsText(args)}) @ ${pid}`;
}

/** Arguments, separated by commas. */
export function argumentsText(args: readonly Argument[]): string {
  return flatten(args).map(argumentText).join(', ');
}

/** The line for its return. */
export function traceReturn(id: number, result: number): string {
  return `# r${id} = ${isError(result) ? `-${errnoName(-result)}` : String(result)}`;
}

function argumentText(argument: number | Blob): string {
  if (typeof argument === 'number') return `0x${(argument >>> 0).toString(16)}`;
  if (argument.input === null) return `&out[${argument.length}]`;
  if (argument.pointers.length === 0) return `&${argument.output ? 'inout' : ''}${bytesText(argument.input)}`;
  const view = new DataView(argument.input.buffer, argument.input.byteOffset, argument.length);
  const items = Array.from({ length: argument.length / 4 }, (_, index) => {
    const pointer = argument.pointers.find(({ offset }) => offset === index * 4);
    return pointer === undefined ? argumentText(view.getInt32(index * 4, true)) : argumentText(pointer.target);
  });
  return `&[${items.join(', ')}]`;
}

/** The first bytes as a string with escapes. */
function bytesText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 64), byteText).join('');
  return bytes.length > 64 ? `"${shown}"...[${bytes.length}]` : `"${shown}"`;
}

function byteText(byte: number): string {
  if (byte === 0) return '\\0';
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
}

const callNames: ReadonlyMap<number, string> = new Map([
  ...Object.entries(numbers).map(([name, number]) => [number, name.replace(/^SYS_/, '')] as const),
  ...Object.entries(agentRequests).flatMap(([name, value]) =>
    name.startsWith('AGENT_') && name !== 'AGENT_ABI' && typeof value === 'number' ? [[value, name] as const] : [],
  ),
]);
