/*
 * Signal handlers for tests: they write down what they get, in a ring at a known address. HELLO tells the host where
 * the handlers are, so that it can pass them to sigaction in any worker, and where the log is, so that it can peek.
 */

import { SIGNAL_LOG_ENTRIES } from '../../abi/wire.ts';
import { type Siginfo } from '../../abi/signal.ts';

class SignalEntry {
  signal: u32;
  code: i32;
  /** si_pid, or si_addr of a fault. */
  origin: u32;
  status: u32;
  /** The stack pointer at the handler's entry: tells whether it runs on the alternate stack. */
  stackPointer: u32;
}

class SignalLog {
  /** Signals so far. Signal n is in entry n modulo SIGNAL_LOG_ENTRIES. */
  count: Volatile<u32>;
  entries: FixedArray<Inline<SignalEntry>, 16>;
}

export const signalLog = zeroed<Inline<SignalLog>>();

function recordSignal(signal: u32, info: Siginfo | null, stackPointer: u32): void {
  const entry = signalLog.entries[signalLog.count % SIGNAL_LOG_ENTRIES];
  entry.signal = signal;
  entry.code = info === null ? 0 : info.si_code;
  entry.origin = info === null ? 0 : info.si_pid;
  entry.status = info === null ? 0 : info.si_status;
  entry.stackPointer = stackPointer;
  signalLog.count = signalLog.count + 1;
}

/**
 * The handler for use without SA_SIGINFO: the stack holds the return address (the restorer) and the signal.
 * @naked
 */
export function handleSignal(): void {
  asm`mov eax, [esp + 4]
      xor edx, edx
      mov ecx, esp
      jmp ${recordSignal}`;
}

/**
 * The handler for use with SA_SIGINFO: the stack holds the return address, the signal, and the siginfo's address.
 * @naked
 */
export function handleSiginfo(): void {
  asm`mov eax, [esp + 4]
      mov edx, [esp + 8]
      mov ecx, esp
      jmp ${recordSignal}`;
}
