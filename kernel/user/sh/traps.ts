/*
 * trap: commands to be run when a signal comes, or when the shell ends.
 *
 * A handler only notes its signal. The command is run when the command that is under way is done (execute.ts asks after
 * each); `wait` is cut short.
 */

import { SA_RESTORER, SIG_DFL, SIG_IGN } from '../../abi/signal.ts';
import { allocate } from '../lib/buffer.ts';
import { free } from '../lib/heap.ts';
import { print, printError } from '../lib/output.ts';
import { restoreSignal, setSignal } from '../lib/processCalls.ts';
import { NAMED_SIGNALS, parseSignal, signalName } from '../lib/signalNames.ts';
import { isDigit, stringLength, stringsEqual, type StringList } from '../lib/strings.ts';
import { shell } from './state.ts';
import { printQuoted } from './variables.ts';

/** Number 0 stands for the end of the shell. */
const END: u32 = 0;
const COUNT: u32 = 65;

class Traps {
  /** What to run, on the heap; empty: the signal is ignored; null: it does what it does. */
  actions: FixedArray<Ptr<u8> | null, 65>;
  pending: FixedArray<Volatile<u8>, 65>;
  /** The signal that came last and waits for its command, or 0. */
  latest: Volatile<u32>;
}

const traps = zeroed<Inline<Traps>>();

/** To be called once. */
export function initTraps(): void {
  shell.atExit = runExitTrap;
}

function noteSignal(signal: u32): void {
  traps.pending[signal] = 1;
  traps.latest = signal;
}

/**
 * The handler: the stack holds the return address and the signal.
 * @naked
 */
function handler(): void {
  asm`mov eax, [esp + 4]
      jmp ${noteSignal}`;
}

/** The latest signal whose command has not been run; 0 if there is none. */
export function trappedSignal(): u32 {
  return traps.latest;
}

/** Runs the commands of signals that have come. `$?` stays what it is. */
export function runTraps(): void {
  while (traps.latest !== 0) {
    traps.latest = 0;
    for (let signal: u32 = 1; signal < COUNT; signal++) {
      if (traps.pending[signal] === 0) continue;
      traps.pending[signal] = 0;
      const action = traps.actions[signal];
      if (action === null) continue;
      const status = shell.status;
      runAction(action);
      shell.status = status;
    }
  }
}

/** The action may set its own trap anew: it is run from a copy. */
function runAction(action: Ptr<u8>): void {
  const length = stringLength(action);
  const copy = allocate(length + 1);
  copyBytes(copy, action, length + 1);
  shell.runText(copy, length, false);
  free(copy);
}

function runExitTrap(status: i32): i32 {
  const action = traps.actions[END];
  if (action === null) return status;
  traps.actions[END] = null;
  shell.status = status;
  shell.returning = false;
  shell.aborted = false;
  shell.leaving = 0;
  runAction(action);
  return status;
}

/** A subshell has no traps, but ignores what its parent does. */
export function resetTraps(): void {
  for (let signal: u32 = 0; signal < COUNT; signal++) {
    const action = traps.actions[signal];
    traps.pending[signal] = 0;
    if (action === null || action[0] === 0) continue;
    traps.actions[signal] = null;
    if (signal !== END) setSignal(signal, SIG_DFL, 0, 0);
  }
  traps.latest = 0;
}

/** trap [ACTION SIGNAL...]: an action that is `-` or missing (`trap INT`) resets; without arguments, lists them. */
export function trapBuiltin(argc: u32, argv: StringList): i32 {
  let first: u32 = 1;
  if (argc > 1 && stringsEqual(argv[1]!, bytes('--'))) first = 2;
  if (first === argc) {
    listTraps();
    return 0;
  }
  const isReset = stringsEqual(argv[first]!, bytes('-')) || isDigit(argv[first]![0]) || first + 1 === argc;
  const action = isReset ? null : argv[first];
  if (!isReset || stringsEqual(argv[first]!, bytes('-'))) first++;
  let status: i32 = 0;
  for (let i = first; i < argc; i++) {
    const isEnd = stringsEqual(argv[i]!, bytes('EXIT')) || stringsEqual(argv[i]!, bytes('0'));
    const signal = isEnd ? END : parseSignal(argv[i]!);
    if (signal === 0 && !isEnd) {
      printError('sh: trap: %s: no such signal\n', argv[i]);
      status = 1;
    } else setTrap(signal, action);
  }
  return status;
}

function setTrap(signal: u32, action: Ptr<u8> | null): void {
  free(traps.actions[signal]);
  traps.actions[signal] = null;
  if (action !== null) {
    const length = stringLength(action);
    const copy = allocate(length + 1);
    copyBytes(copy, action, length + 1);
    traps.actions[signal] = copy;
  }
  if (signal === END) return;
  if (action === null) setSignal(signal, SIG_DFL, 0, 0);
  else if (action[0] === 0) setSignal(signal, SIG_IGN, 0, 0);
  else setSignal(signal, u32(handler), SA_RESTORER, u32(restoreSignal));
}

function listTraps(): void {
  for (let signal: u32 = 0; signal < COUNT; signal++) {
    const action = traps.actions[signal];
    if (action === null) continue;
    print('trap -- ');
    printQuoted(action);
    if (signal <= NAMED_SIGNALS) print(' %s\n', signal === END ? 'EXIT' : signalName(signal));
    else print(' %u\n', signal);
  }
}
