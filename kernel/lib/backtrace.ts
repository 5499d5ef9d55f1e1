/*
 * Backtraces: who called whom, from the stack.
 *
 * There is no frame pointer to follow: compiled functions use EBP like any register. But the frame of each has a fixed
 * size, which the symbol table tells; the return address lies above it, and then the frame of the caller:
 *
 *   esp ->  | frame of f | return address into g | frame of g | return address into h | ...
 *
 * A trap interrupts that: its entry code called the handler with ESP at a TrapFrame, which says where the interrupted
 * code was. Assembly functions have no known frame; then the stack is searched for the next thing that looks like a
 * return address, and such a line is marked with a question mark.
 *
 * Everything is read with suspicion: the stack may be what is broken.
 */

import { KERNEL_FRAME_SIZE, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { printk } from './printk.ts';
import { findSymbol, isKernelText, type KernelSymbol, NO_FRAME, symbolName } from './symbols.ts';

const MAX_LINES: u32 = 32;
/** More frames than that do not fit on a stack. */
const MAX_DEPTH: u32 = 4096;
/** How many words are searched for a return address. */
const SEARCH: u32 = 64;

/** Registered by those who know the memory map and the entry code. */
let isReadable: ((address: u32) => boolean) | null = null;
let trapEntries: ((start: u32) => boolean) | null = null;

/**
 * Tells which addresses can be read (so that a broken stack does not break the report as well), and which functions, by
 * where they start, call a trap handler with a TrapFrame on the stack.
 */
export function registerBacktrace(readable: (address: u32) => boolean, isTrapEntry: (start: u32) => boolean): void {
  isReadable = readable;
  trapEntries = isTrapEntry;
}

/** One stop on the way. */
class Position {
  eip: u32;
  esp: u32;
  isGuess: boolean;
}

/** Prints the chain of calls from the function at `eip`, whose frame begins at `esp`. */
export function printBacktrace(eip: u32, esp: u32): void {
  const position = zeroed<Inline<Position>>();
  position.eip = eip;
  position.esp = esp;
  let lastShown: u32 = 0;
  let repeats: u32 = 0;
  let lines: u32 = 0;
  for (let depth: u32 = 0; depth < MAX_DEPTH && lines < MAX_LINES; depth++) {
    // A return address may be the first of the next function, if the call never returns: look up the call itself.
    const symbol = findSymbol(depth === 0 ? position.eip : position.eip - 1);
    if (position.eip === lastShown) {
      repeats++;
    } else {
      printRepeats(repeats);
      printPosition(position, symbol);
      lastShown = position.eip;
      repeats = 0;
      lines++;
    }
    if (!stepOut(position, symbol)) break;
  }
  printRepeats(repeats);
}

/** Recursion without end is one line, and how often it goes on. */
function printRepeats(count: u32): void {
  if (count !== 0) printk('  ... and %u times more\n', count);
}

function printPosition(position: Position, symbol: KernelSymbol | null): void {
  const mark = position.isGuess ? ' ?' : '';
  if (symbol === null) printk('  %p%s\n', position.eip, mark);
  else printk('  %p  %s+%x%s\n', position.eip, symbolName(symbol), position.eip - symbol.address, mark);
}

/** Moves to the caller; false at the end of the way. */
function stepOut(position: Position, symbol: KernelSymbol | null): boolean {
  const entries = trapEntries;
  if (symbol !== null && entries !== null && entries(symbol.address)) return stepOutOfTrap(position);
  if (symbol !== null && symbol.frameSize !== NO_FRAME) {
    const place = position.esp + symbol.frameSize;
    if (!canRead(place)) return false;
    const caller = ptr<u32>(place)[0];
    if (caller === 0) return false; // the beginning of a thread
    if (isKernelText(caller)) {
      position.eip = caller;
      position.esp = place + 4;
      position.isGuess = false;
      return true;
    }
  }
  return search(position);
}

/** Behind the handler of a trap: what it interrupted. */
function stepOutOfTrap(position: Position): boolean {
  if (!canRead(position.esp) || !canRead(position.esp + KERNEL_FRAME_SIZE)) return false;
  const frame = as<TrapFrame>(position.esp);
  printk('  -- vector %u, error %x, eip %p\n', frame.vector, frame.error, frame.eip);
  if ((frame.cs & 3) !== 0 || !isKernelText(frame.eip)) return false;
  position.eip = frame.eip;
  position.esp = u32(frame) + KERNEL_FRAME_SIZE;
  position.isGuess = false;
  return true;
}

function search(position: Position): boolean {
  for (let i: u32 = 0; i < SEARCH; i++) {
    const place = position.esp + i * 4;
    if (!canRead(place)) return false;
    const word = ptr<u32>(place)[0];
    if (!isKernelText(word)) continue;
    position.eip = word;
    position.esp = place + 4;
    position.isGuess = true;
    return true;
  }
  return false;
}

function canRead(address: u32): boolean {
  const readable = isReadable;
  return (address & 3) === 0 && readable !== null && readable(address);
}
