/*
 * The client of the agent: sessions, processes, and calls under way.
 *
 * Any number of calls may be under way, one per process; each resolves when its RET comes. Nothing here has a time
 * limit: a call that blocks, blocks. A call whose process goes away (it was killed, it exited, it executed another
 * program) rejects with ProcessGone; all reject with AgentLost when the line closes or the agent starts anew.
 *
 * Over an unreliable line, pass `tickMilliseconds`: the link then repeats what has not been acknowledged by the host's
 * clock. Without it, the client does nothing of its own accord, so that a run in the machine stays a function of what
 * the test does.
 */

import {
  AGENT_ABI,
  AGENT_KILL,
  AGENT_SPAWN,
  EVENT_EXITED,
  EVENT_GONE,
  EVENT_SIZE,
  EVENT_STARTED,
  FRAME_CALL,
  FRAME_EVENT,
  FRAME_PANIC,
  FRAME_RET,
  HELLO_HANDLER,
  HELLO_RESTORER,
  HELLO_SIGINFO_HANDLER,
  HELLO_SIGINFO_RESTORER,
  HELLO_SIGNAL_LOG,
  HELLO_SIZE,
  RET_BUSY,
  RET_DONE,
  RET_HEADER,
  RET_NO_PROCESS,
  RET_NO_SLOT,
  SLOT_AGENT,
} from '../../kernel/abi/wire.ts';
import { type Argument, type CallTarget, encodeCall } from './arguments.ts';
import { Deferred } from './deferred.ts';
import { Errno, isError } from './errno.ts';
import { AgentLost, AgentRefusal, ProcessGone } from './failures.ts';
import { HostLink } from './link.ts';
import { Process } from './process.ts';
import { callName, traceCall, traceReturn } from './trace.ts';
import type { Transport } from './transport.ts';

/** What a call gave: the value in EAX as a signed number, and the contents of the blobs that came out. */
export interface CallResult {
  readonly value: number;
  readonly outputs: readonly Uint8Array[];
}

export interface ClientOptions {
  /** Distinguishes this session from earlier ones with the same running agent. Not 0. Default 1. */
  readonly nonce?: number;
  /** The line may lose or damage bytes: repeat after so many milliseconds of the host's clock. */
  readonly tickMilliseconds?: number;
  /** Is given each line of the trace (trace.ts). */
  readonly trace?: (line: string) => void;
}

/** What the agent says of itself, and where it keeps what tests of signals need. */
export interface AgentInfo {
  readonly cpus: number;
  readonly signalHandler: number;
  readonly siginfoHandler: number;
  readonly signalLog: number;
  readonly restorer: number;
  readonly siginfoRestorer: number;
}

/** Both are called while the frame is taken that brings the end, before any frame behind it. */
interface Settle {
  readonly resolve: (result: CallResult) => void;
  readonly reject: (error: Error) => void;
}

interface Pending extends Settle {
  readonly pid: number;
  readonly call: string;
  readonly outputs: readonly number[];
}

/** Somebody waits for a process to start: for this one, or for the next child of the process in a slot. */
interface Awaited {
  readonly pid?: number;
  readonly parentSlot?: number;
  readonly resolve: (started: Process) => void;
  readonly reject: (error: Error) => void;
}

export class AgentClient {
  readonly #link: HostLink;
  readonly #trace: (line: string) => void;
  readonly #writer: ReturnType<Transport['writable']['getWriter']>;
  readonly #pending = new Map<number, Pending>();
  /** By pid: those that take calls, and spawned ones that are not dead yet. */
  readonly #processes = new Map<number, Process>();
  readonly #awaited = new Set<Awaited>();
  readonly #opened = new Deferred<AgentInfo>();
  readonly #ticker: NodeJS.Timeout | null;
  #info: AgentInfo | null = null;
  #nextId = 1;
  #lost: AgentLost | null = null;

  private constructor(transport: Transport, options: ClientOptions) {
    this.#trace = options.trace ?? (() => undefined);
    this.#writer = transport.writable.getWriter();
    this.#link = new HostLink(options.nonce ?? 1, {
      write: (bytes) => {
        this.#writer.write(bytes).catch((error: unknown) => this.#lose(`cannot write: ${String(error)}`));
      },
      opened: (payload) => this.#takeHello(payload),
      received: (type, payload) => this.#take(type, payload),
      restarted: () => this.#forget(new AgentLost('the agent has started anew')),
    });
    this.#ticker =
      options.tickMilliseconds === undefined
        ? null
        : setInterval(() => this.#link.tick(), options.tickMilliseconds).unref();
    void this.#read(transport);
  }

  /** Opens a session. Resolves when the agent answers; processes of an earlier session are dead by then. */
  static async connect(transport: Transport, options: ClientOptions = {}): Promise<AgentClient> {
    const client = new AgentClient(transport, options);
    client.#link.start();
    client.#info = await client.#opened.promise;
    return client;
  }

  /** What the agent said when the session was opened. */
  get info(): AgentInfo {
    if (this.#info === null) throw new AgentLost('there is no session');
    return this.#info;
  }

  /** Starts a process. Rejects with Errno if the kernel refuses. */
  spawn(): Promise<Process> {
    return this.make(agentItself, AGENT_SPAWN, 'spawn()');
  }

  /** Makes a call that gives the pid of a new process: the process, as soon as it takes calls, be it gone by then. */
  make(target: CallTarget, nr: number, text: string): Promise<Process> {
    return new Promise((resolve, reject) => {
      const take = ({ value }: CallResult): void => {
        if (isError(value)) reject(new Errno(-value, text));
        else this.#started(value).then(resolve, reject);
      };
      this.#send(target, nr, [], { resolve: take, reject });
    });
  }

  /** Sends a signal from the agent, which is neither parent nor child of any process here. */
  async kill(pid: number, signal: number): Promise<void> {
    const { value } = await this.call(agentItself, AGENT_KILL, [pid, signal]);
    if (isError(value)) throw new Errno(-value, `kill(${pid}, ${signal})`);
  }

  /** Makes a call; resolves with whatever it returns, errors included. */
  call(target: CallTarget, nr: number, args: readonly Argument[]): Promise<CallResult> {
    return new Promise((resolve, reject) => this.#send(target, nr, args, { resolve, reject }));
  }

  /** The next process that `parent` makes, or null if `unless` ends first. */
  async nextChild(parent: Process, unless: Promise<unknown>): Promise<Process | null> {
    return new Promise((resolve, reject) => {
      const awaited: Awaited = { parentSlot: parent.slot, resolve, reject };
      this.#await(awaited);
      const giveUp = (): void => {
        if (this.#awaited.delete(awaited)) resolve(null);
      };
      unless.then(giveUp, giveUp);
    });
  }

  /** There is nothing at the other end any more: all calls reject. */
  abandon(reason: string): void {
    this.#lose(reason);
  }

  /** Closes the line. Calls under way reject. */
  async close(): Promise<void> {
    this.#lose('closed');
    await this.#writer.close().catch(() => undefined);
  }

  #send(target: CallTarget, nr: number, args: readonly Argument[], settle: Settle): void {
    if (this.#lost !== null) {
      settle.reject(this.#lost);
      return;
    }
    const id = this.#nextId++;
    const { payload, outputs } = encodeCall(id, target, nr, args);
    this.#trace(traceCall(id, target.pid, nr, args));
    this.#pending.set(id, { pid: target.pid, call: callName(nr), outputs, ...settle });
    this.#link.send(FRAME_CALL, payload);
  }

  #started(pid: number): Promise<Process> {
    const process = this.#processes.get(pid);
    if (process !== undefined) return Promise.resolve(process);
    return new Promise((resolve, reject) => this.#await({ pid, resolve, reject }));
  }

  #await(awaited: Awaited): void {
    if (this.#lost === null) this.#awaited.add(awaited);
    else awaited.reject(this.#lost);
  }

  async #read(transport: Transport): Promise<void> {
    const reader = transport.readable.getReader();
    try {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        if (this.#lost === null) this.#link.receive(chunk.value); // else another client may be in charge of the line
      }
      this.#lose('the line is closed');
    } catch (error) {
      this.#lose(`cannot read: ${String(error)}`);
    }
  }

  #takeHello(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    if (payload.length < HELLO_SIZE || view.getUint32(4, true) !== AGENT_ABI) {
      this.#lose('the agent speaks another version of the protocol');
      return;
    }
    this.#info = {
      cpus: view.getUint32(8, true),
      signalHandler: view.getUint32(HELLO_HANDLER, true),
      siginfoHandler: view.getUint32(HELLO_SIGINFO_HANDLER, true),
      signalLog: view.getUint32(HELLO_SIGNAL_LOG, true),
      restorer: view.getUint32(HELLO_RESTORER, true),
      siginfoRestorer: view.getUint32(HELLO_SIGINFO_RESTORER, true),
    };
    this.#opened.resolve(this.#info);
  }

  #take(type: number, payload: Uint8Array): void {
    if (type === FRAME_RET) this.#takeRet(payload);
    else if (type === FRAME_EVENT) this.#takeEvent(payload);
    else if (type === FRAME_PANIC) this.#lose(`the agent gave up: ${new TextDecoder().decode(payload)}`);
  }

  #takeRet(payload: Uint8Array): void {
    if (payload.length < RET_HEADER) return;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const id = view.getUint32(0, true);
    const status = view.getUint32(4, true);
    const value = view.getInt32(8, true);
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (status !== RET_DONE) {
      pending.reject(refusal(status, pending));
      return;
    }
    this.#trace(traceReturn(id, value));
    let at = RET_HEADER;
    const outputs = pending.outputs.map((length) => payload.slice(at, (at += length)));
    pending.resolve({ value, outputs });
  }

  #takeEvent(payload: Uint8Array): void {
    if (payload.length < EVENT_SIZE) return;
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const [kind, slot, parentSlot] = payload;
    const pid = view.getUint32(4, true);
    if (kind === EVENT_STARTED) this.#takeStarted(new Process(this, slot!, pid, parentSlot!));
    else if (kind === EVENT_GONE) this.#takeGone(pid);
    else if (kind === EVENT_EXITED) {
      this.#processes.get(pid)?.noteExit(view.getUint32(8, true));
      this.#processes.delete(pid);
    }
  }

  #takeStarted(process: Process): void {
    this.#processes.set(process.pid, process);
    for (const awaited of this.#awaited) {
      if (awaited.pid !== process.pid && awaited.parentSlot !== process.parentSlot) continue;
      this.#awaited.delete(awaited);
      awaited.resolve(process);
    }
  }

  #takeGone(pid: number): void {
    const process = this.#processes.get(pid);
    process?.noteGone();
    if (process?.spawned === false) this.#processes.delete(pid);
    for (const [id, pending] of this.#pending) {
      if (pending.pid !== pid) continue;
      this.#pending.delete(id);
      pending.reject(new ProcessGone(`process ${pid} is gone, in ${pending.call}`));
    }
  }

  #lose(reason: string): void {
    if (this.#lost !== null) return;
    this.#lost = new AgentLost(reason);
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#opened.reject(this.#lost);
    this.#forget(this.#lost);
  }

  #forget(error: AgentLost): void {
    for (const process of this.#processes.values()) process.noteLost(error);
    for (const pending of this.#pending.values()) pending.reject(error);
    for (const awaited of this.#awaited) awaited.reject(error);
    this.#processes.clear();
    this.#pending.clear();
    this.#awaited.clear();
  }
}

const agentItself: CallTarget = { slot: SLOT_AGENT, pid: 0 };

function refusal(status: number, pending: Pending): Error {
  if (status === RET_NO_PROCESS) return new ProcessGone(`process ${pending.pid} is gone, before ${pending.call}`);
  if (status === RET_BUSY) return new AgentRefusal(`process ${pending.pid} is in another call, cannot ${pending.call}`);
  if (status === RET_NO_SLOT) return new AgentRefusal('the agent has no room for another process');
  return new AgentRefusal(`the agent cannot read the call ${pending.call}`);
}
