/*
 * A process under the agent: its life, raw calls, and its memory. The typed wrappers of system calls are in process.ts.
 */

import {
  AGENT_INVOKE,
  AGENT_PEEK,
  AGENT_POKE,
  MAX_PAYLOAD,
  SIGNAL_LOG_ENTRIES,
  SIGNAL_LOG_ENTRY,
  SLOT_AGENT,
} from '../../kernel/abi/wire.ts';
import { type Argument, type CallTarget, input, output } from './arguments.ts';
import { Deferred } from './deferred.ts';
import { Errno, isError } from './errno.ts';
import { decodeWaitStatus, decodeWords, type WaitStatus } from './records.ts';
import { ProcessGone } from './failures.ts';
import { argumentsText, callName, syscallNumber, type SyscallName } from './trace.ts';
import type { AgentClient, AgentInfo, CallResult } from './client.ts';

/** Bytes that one peek or poke carries. */
const CHUNK = MAX_PAYLOAD - 80;

/** A signal as the agent's handler recorded it. */
export interface RecordedSignal {
  readonly signal: number;
  readonly code: number;
  /** si_pid, or si_addr of a fault. */
  readonly origin: number;
  readonly status: number;
  readonly stackPointer: number;
}

export class Caller {
  readonly pid: number;
  readonly slot: number;
  /** The slot of the process that forked this one, or SLOT_AGENT. */
  readonly parentSlot: number;
  protected readonly client: AgentClient;
  readonly #gone = new Deferred<undefined>();
  readonly #exited = new Deferred<WaitStatus>();
  #alive = true;
  /** CPU for the calls from now on. */
  #cpu: number | undefined;

  constructor(client: AgentClient, slot: number, pid: number, parentSlot: number) {
    this.client = client;
    this.slot = slot;
    this.pid = pid;
    this.parentSlot = parentSlot;
  }

  /** Does it take calls? */
  get alive(): boolean {
    return this.#alive;
  }

  /** Was it made by `client.spawn`? */
  get spawned(): boolean {
    return this.parentSlot === SLOT_AGENT;
  }

  /** Resolves when it takes no more calls: it is dying, or has executed a program. */
  get gone(): Promise<undefined> {
    return this.#gone.promise;
  }

  /** Of a spawned process: resolves with its status when it is dead. A forked one is its parent's to wait for. */
  get exited(): Promise<WaitStatus> {
    return this.#exited.promise;
  }

  /** What the agent told when the session was opened. */
  get agent(): AgentInfo {
    return this.client.info;
  }

  /** From now on, the calls are made on this CPU. */
  bindTo(cpu: number): void {
    this.#cpu = cpu;
  }

  /** Makes a call by number. Errors are results like others. */
  request(nr: number, args: readonly Argument[]): Promise<CallResult> {
    return this.client.call(this.target, nr, args);
  }

  /** Where its calls go. */
  protected get target(): CallTarget {
    return { slot: this.slot, pid: this.pid, ...(this.#cpu === undefined ? {} : { cpu: this.#cpu }) };
  }

  /** Makes a system call; resolves with what it returned, a negated error number included. */
  async call(name: SyscallName, ...args: readonly Argument[]): Promise<number> {
    return (await this.request(syscallNumber(name), args)).value;
  }

  /** Makes a system call; rejects with Errno if it fails. */
  async run(name: SyscallName, ...args: readonly Argument[]): Promise<CallResult> {
    return this.checked(syscallNumber(name), args);
  }

  protected async checked(nr: number, args: readonly Argument[]): Promise<CallResult> {
    const result = await this.request(nr, args);
    if (isError(result.value)) throw new Errno(-result.value, `${callName(nr)}(${argumentsText(args)})`);
    return result;
  }

  /** Reads the process's memory, in user mode: where it may not, it dies of SIGSEGV, and this rejects with ProcessGone. */
  async peek(address: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; done += CHUNK) {
      const { outputs } = await this.request(AGENT_PEEK, [address + done, 0, output(Math.min(CHUNK, length - done))]);
      bytes.set(outputs[0]!, done);
    }
    return bytes;
  }

  /** Writes to the process's memory, likewise. */
  async poke(address: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; done += CHUNK) {
      await this.request(AGENT_POKE, [address + done, 0, input(bytes.subarray(done, done + CHUNK))]);
    }
  }

  /** Words of its memory, unsigned. */
  async peekWords(address: number, count: number): Promise<number[]> {
    return decodeWords(await this.peek(address, 4 * count));
  }

  /** Calls machine code in the process, with up to three arguments in EAX, EDX and ECX. Gives EAX. */
  async invoke(address: number, ...args: readonly number[]): Promise<number> {
    return (await this.request(AGENT_INVOKE, [address, ...args])).value;
  }

  /** The signals that the agent's handlers have recorded in this process, oldest first. */
  async signals(): Promise<RecordedSignal[]> {
    const log = this.agent.signalLog;
    const [count] = await this.peekWords(log, 1);
    const entries = await this.peekWords(log + 4, (SIGNAL_LOG_ENTRIES * SIGNAL_LOG_ENTRY) / 4);
    const first = Math.max(0, count! - SIGNAL_LOG_ENTRIES);
    return Array.from({ length: count! - first }, (_, index) => {
      const at = ((first + index) % SIGNAL_LOG_ENTRIES) * (SIGNAL_LOG_ENTRY / 4);
      const [signal, code, origin, status, stackPointer] = entries.slice(at, at + 5);
      return { signal: signal!, code: code! | 0, origin: origin!, status: status!, stackPointer: stackPointer! };
    });
  }

  /** Ends the process by exit_group. Resolves when it is gone. */
  async exit(code: number): Promise<void> {
    await this.request(syscallNumber('exit_group'), [code]).catch(goneIsFine);
  }

  /** Executes a program in its place. Resolves when that has happened; rejects with Errno if it fails. */
  async execve(path: Argument, argv: Argument, envp: Argument): Promise<void> {
    await this.checked(syscallNumber('execve'), [path, argv, envp]).catch(goneIsFine);
  }

  /** Sends it a signal, from the agent. */
  kill(signal: number): Promise<void> {
    return this.client.kill(this.pid, signal);
  }

  /** The client's: it takes no more calls. */
  noteGone(): void {
    this.#alive = false;
    this.#gone.resolve(undefined);
  }

  /** The client's: it is dead. */
  noteExit(status: number): void {
    this.noteGone();
    this.#exited.resolve(decodeWaitStatus(status));
  }

  /** The client's: nothing more will be heard of it. */
  noteLost(error: Error): void {
    this.#alive = false;
    this.#gone.reject(error);
    this.#exited.reject(error);
  }
}

/** The end of the process is the success of the call. */
function goneIsFine(error: unknown): void {
  if (!(error instanceof ProcessGone)) throw error;
}
