/*
 * The machine, as its users see it: create, run, talk to its serial ports, look into its memory.
 *
 * A run is a function of the options given to `create` and of the host's input with its moments. The loop is a sequence of
 * quanta: let the clock fire what is due, let the host's input take effect, choose a CPU, run it until the next event, the
 * end of its slice or the end of the run, whichever comes first. All these points are exact instruction counts, in both
 * modes, so that the same run comes out whether guest code is compiled or interpreted, and however often the host's other
 * work interrupts it.
 *
 * Input takes effect between two quanta only, after the events of that moment; so its moment says all about it.
 */

import { Board, SERIAL_PORT_BASES } from './board.ts';
import { BIOS_PORT_WRITES } from './boot/bios-data.ts';
import { boot } from './boot/boot.ts';
import { hostMilliseconds, Pace, pause, yieldToHost } from './host.ts';
import {
  checkOptions,
  type MachineOptions,
  type RunObserver,
  type RunOptions,
  type RunResult,
} from './machine-options.ts';
import { OutputPattern } from './output-pattern.ts';
import type { Policy } from './policy.ts';
import { RoundRobin } from './policies/round-robin.ts';
import { Random } from './random.ts';
import type { SerialPort } from './serial.ts';
import { RamPages } from './ram-pages.ts';
import {
  checkIdentity,
  identify,
  type LazyIdentity,
  type MachineIdentity,
  type Snapshot,
  SnapshotError,
} from './snapshot.ts';
import {
  readState,
  type Stateful,
  StateMismatchError,
  type StateStream,
  type StoredState,
  storeState,
} from './state.ts';
import { digestMachine, type StateDigest } from './state-hash.ts';
import { CpuShutdownError, V86Core } from './v86/core.ts';
import { readRegisters, type Registers } from './v86/registers.ts';

export type { BootModule } from './boot/boot-image.ts';
export { BootError } from './boot/boot-error.ts';
export { Disk, DiskImage } from './storage/disk.ts';
export { EXIT_PORT } from './board.ts';
export type { HostInput, MachineOptions, Moment, RunObserver, RunOptions, RunResult } from './machine-options.ts';
export type { SerialPort } from './serial.ts';
export { type Snapshot, SnapshotError } from './snapshot.ts';
export type { Registers } from './v86/registers.ts';

/** Host time after which an asynchronous run lets others work. */
const YIELD_MILLISECONDS = 12;
/** Instructions after which the loop looks at the host's clock at the latest. */
const LONGEST_QUANTUM = 2_000_000;
/** Mean length of the slices of the default policy. */
const SLICE_INSTRUCTIONS = 100_000;
/** So many events in a row that wake no CPU mean that none will: their interrupts are masked. */
const FRUITLESS_EVENTS = 100_000;

type Ending = Omit<RunResult, 'instructions'>;

export class Machine implements Stateful {
  readonly #board: Board;
  readonly #options: MachineOptions;
  readonly #policy: Policy;
  /** Set once the core is there. */
  #pages: RamPages | undefined;
  /** Completed instructions at which the current CPU's slice ends. */
  #sliceEnd = 0;
  /** Why the run that is under way ends. */
  #ending: Ending | undefined;
  /** The machine cannot go on, and why. */
  #dead: Ending | undefined;
  #running = false;
  readonly #identity: LazyIdentity;
  /** Events since a CPU last ran. */
  #idleEvents = 0;
  #inputArrived: (() => void) | undefined;
  #observer: RunObserver | undefined;
  /** Instructions at which the observer is called. */
  #nextCheckpoint = Number.POSITIVE_INFINITY;

  private constructor(options: MachineOptions) {
    this.#options = options;
    this.#identity = identify(options);
    const random = new Random(options.seed);
    this.#board = new Board({
      cpus: options.cpus ?? 1,
      memoryBytes: options.memoryBytes,
      random,
      disks: options.disks ?? [],
      onReset: () => this.#switchOff({ reason: 'reset' }),
      onPowerOff: () => this.#switchOff({ reason: 'exit', exitCode: 0 }),
      onExit: (exitCode) => this.#end({ reason: 'exit', exitCode }),
      onInput: () => this.#inputArrived?.(),
    });
    this.#policy = options.policy?.(random) ?? new RoundRobin(random, SLICE_INSTRUCTIONS);
  }

  /**
   * Builds a machine and loads the kernel; nothing runs yet. Throws BootError if the kernel cannot be booted, RangeError
   * for impossible options, UnexpectedModuleError if `wasm` is not the core of the release of v86 that is supported.
   */
  static async create(options: MachineOptions): Promise<Machine> {
    checkOptions(options);
    const machine = new Machine(options);
    const board = machine.#board;
    const core = await V86Core.create({
      wasm: await options.wasm(),
      memoryBytes: options.memoryBytes,
      compile: options.mode !== 'exact',
      host: board,
    });
    board.attach(core);
    machine.#pages = new RamPages(core);
    board.interrupts.localApics[0]!.enterVirtualWireMode();
    for (const [port, value] of BIOS_PORT_WRITES) board.writePort(port, 1, value);
    boot(core, {
      kernel: options.kernel,
      commandLine: options.commandLine ?? '',
      modules: options.modules ?? [],
      roms: options.roms ?? {},
      cpus: board.cpus.length,
      serialPorts: SERIAL_PORT_BASES,
      disks: options.disks?.filter((disk) => disk !== undefined).length ?? 0,
    });
    return machine;
  }

  /** Runs in the foreground: returns when the run has ended. Input can only come from listeners. */
  runSync(options: RunOptions = {}): RunResult {
    const run = this.#begin(options);
    try {
      while (this.#ending === undefined) this.#quantum(run);
      return this.#result(run);
    } finally {
      run.finish();
    }
  }

  /** Runs, and lets the host do other work every few milliseconds, which does not change the run. */
  async run(options: RunOptions = {}): Promise<RunResult> {
    const run = this.#begin(options);
    try {
      const pace = options.realTime === true ? new Pace(this.nanoseconds / 1e6) : null;
      for (let yielded = hostMilliseconds(); this.#ending === undefined;) {
        this.#quantum(run);
        if (options.waitForInput === true && this.#endsBecause('halted')) {
          this.#ending = undefined;
          await this.#nextInput();
        } else if (pace !== null && this.#idleEvents > 0) {
          const ahead = pace.ahead(this.nanoseconds / 1e6);
          if (ahead > YIELD_MILLISECONDS) await pause(ahead, this.#nextInput());
        } else if (hostMilliseconds() - yielded > YIELD_MILLISECONDS) {
          await yieldToHost();
          yielded = hostMilliseconds();
        }
      }
      return this.#result(run);
    } finally {
      run.finish();
    }
  }

  /** Ends the run that is under way, after the instruction that is being executed. For listeners. */
  stop(): void {
    this.#end({ reason: 'stopped' });
    this.#inputArrived?.();
  }

  /** Lets what is due at this moment happen, input included, but executes nothing. Not while the machine runs. */
  settle(): void {
    this.runSync({ instructions: 0 });
    if (this.#dead === undefined) this.#takeInput();
  }

  /** Serial port 0 to 3 (COM1 to COM4, ttyS0 to ttyS3). */
  serial(port: number): SerialPort {
    const serial = this.#board.serial[port];
    if (serial === undefined) throw new RangeError(`there is no serial port ${port}`);
    return serial;
  }

  /** Instructions that all CPUs together have executed. */
  get instructions(): number {
    return this.#board.core.completed;
  }

  /** Virtual time in nanoseconds since the machine was switched on. */
  get nanoseconds(): number {
    return this.#board.clock.now();
  }

  get seed(): number {
    return this.#options.seed;
  }

  /** The CPU that runs, or ran last. */
  get currentCpu(): number {
    return this.#board.current.index;
  }

  /** All of physical memory; changes with the machine. The array is valid until the machine runs again. */
  memory(): Uint8Array {
    return this.#board.core.ram;
  }

  /** A copy of physical memory. */
  readPhysical(address: number, length: number): Uint8Array {
    this.#checkRange(address, length);
    return this.#board.core.ram.slice(address, address + length);
  }

  /** Writes physical memory, code included. */
  writePhysical(address: number, bytes: Uint8Array): void {
    this.#checkRange(address, bytes.length);
    this.#board.core.ram.set(bytes, address);
    this.#board.core.invalidateCode(address, address + bytes.length);
  }

  /** Registers of a CPU. */
  registers(cpu = 0): Registers {
    const board = this.#board;
    if (board.cpus[cpu] === undefined) throw new RangeError(`there is no CPU ${cpu}`);
    return readRegisters(board.cpus[cpu].block());
  }

  /** SHA-256 over memory, CPUs and devices: equal hashes, equal machines. */
  stateHash(): string {
    return this.stateDigest().hash;
  }

  /** The same by parts, for telling where two machines differ. */
  stateDigest(): StateDigest {
    return digestMachine(this.#board, this.#ram, this);
  }

  /** Everything that the machine's future depends on. Not while it runs. Throws SnapshotError if it has shut down. */
  snapshot(): Snapshot {
    this.#checkStopped('snapshot');
    if (this.#dead !== undefined) {
      throw new SnapshotError('the machine has shut down: there is no future to save; restore an earlier snapshot');
    }
    const { core, cpus } = this.#board;
    return {
      identity: this.#identity,
      instructions: this.instructions,
      state: storeState(this),
      cpus: cpus.map((cpu) => cpu.block().slice()),
      core: core.saveState(),
      ram: this.#ram.copy(),
    };
  }

  /**
   * Puts the machine into the state of a snapshot, its own or one of a machine with the same images, memory and number of
   * CPUs, and the same kind of policy; from then on, both do the same. Listeners stay. Not while it runs. Throws
   * SnapshotError, and changes nothing, if the snapshot is of another machine.
   */
  restore(snapshot: Snapshot): void {
    this.#checkStopped('restore');
    if (snapshot.identity !== this.#identity) checkIdentity('snapshot', this.identity, snapshot.identity.value);
    const { core, cpus } = this.#board;
    this.#readState(snapshot.state);
    for (const [i, cpu] of cpus.entries()) cpu.restoreBlock(snapshot.cpus[i]!);
    core.dropTranslations();
    this.#ram.restore(snapshot.ram);
    this.#board.current.enter();
    core.restoreState(snapshot.core);
    this.#board.restored();
    this.#planCheckpoint();
    this.#dead = undefined;
  }

  /** Tells `observer`, and nobody else, about the machine's runs from now on. */
  observe(observer: RunObserver | undefined): void {
    this.#observer = observer;
    this.#planCheckpoint();
  }

  /** What its snapshots and recordings belong to. */
  get identity(): MachineIdentity {
    return this.#identity.value;
  }

  /** Everything but RAM and what the core holds of the CPUs. */
  transferState(state: StateStream): void {
    this.#board.transferState(state);
    this.#policy.transferState(state);
    this.#sliceEnd = state.number(this.#sliceEnd);
    this.#idleEvents = state.number(this.#idleEvents);
  }

  /** Frees what the machine holds. It cannot be used afterwards. */
  async destroy(): Promise<void> {
    this.#dead = { reason: 'stopped' };
    await this.#board.core.destroy();
  }

  /** All or nothing: of a machine with another policy or other devices, not even a part is taken. */
  #readState(stored: StoredState): void {
    const before = storeState(this);
    try {
      readState(this, stored);
    } catch (error) {
      if (!(error instanceof StateMismatchError)) throw error;
      readState(this, before);
      throw new SnapshotError(`${error.message}: create the machine with the same policy and devices`);
    }
  }

  get #ram(): RamPages {
    return this.#pages!;
  }

  #checkStopped(what: string): void {
    if (this.#running) throw new Error(`the machine runs: ${what} it when the run has ended`);
  }

  #begin(options: RunOptions) {
    if (this.#running) throw new Error('the machine is running already');
    this.#running = true;
    this.#ending = this.#dead;
    const start = this.instructions;
    const watch = this.#watchOutput(options);
    const finish = () => {
      watch();
      this.#running = false;
      this.#board.flushOutput();
    };
    const { instructions = Number.POSITIVE_INFINITY, until } = options;
    const end = Math.min(start + instructions, until?.instructions ?? Number.POSITIVE_INFINITY);
    return { start, end, endTime: until?.nanoseconds ?? 0, finish };
  }

  #watchOutput({ untilOutput }: RunOptions): () => void {
    if (untilOutput === undefined) return () => undefined;
    const pattern = new OutputPattern(untilOutput.pattern);
    return this.serial(untilOutput.port).onByte((byte) => {
      if (pattern.next(byte)) this.#end({ reason: 'output' });
    });
  }

  #result(run: { readonly start: number }): RunResult {
    return { ...this.#ending!, instructions: this.instructions - run.start };
  }

  #endsBecause(reason: Ending['reason']): boolean {
    return this.#ending?.reason === reason;
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#board.core.stop();
  }

  /** The run ends, and no other can begin. */
  #switchOff(ending: Ending): void {
    this.#dead = ending;
    this.#ending = undefined;
    this.#end(ending);
  }

  /** Runs one CPU up to the next point at which something else has to be done, but not beyond the end of the run. */
  #quantum({ end, endTime }: { readonly end: number; readonly endTime: number }): void {
    const { clock, core } = this.#board;
    clock.fireDue();
    this.#board.current.completeInit();
    const completed = core.completed;
    if (completed >= this.#nextCheckpoint) this.#checkpoint();
    if (this.#ending !== undefined) return; // a listener or the observer stopped the machine
    if (completed >= end && (clock.now() >= endTime || this.#board.anyRunnable)) {
      this.#end({ reason: 'limit' });
      return;
    }
    this.#takeInput();
    if (!this.#choose(completed)) this.#idle();
    else {
      this.#idleEvents = 0;
      const stop = Math.min(end, this.#sliceEnd, this.#nextCheckpoint) - completed;
      this.#execute(Math.min(stop, clock.instructionsUntilNext(), LONGEST_QUANTUM));
    }
  }

  #checkpoint(): void {
    this.#planCheckpoint();
    this.#observer!.checkpoint();
  }

  #planCheckpoint(): void {
    const interval = this.#observer?.interval;
    const next = (interval: number) => (Math.floor(this.instructions / interval) + 1) * interval;
    this.#nextCheckpoint = interval === undefined ? Number.POSITIVE_INFINITY : next(interval);
  }

  /** Lets what the host sent since the last quantum take effect. */
  #takeInput(): void {
    if (!this.#board.takeInputNotice()) return;
    for (const [port, serial] of this.#board.serial.entries()) {
      const input = serial.takeInput();
      if (input === null) continue;
      this.#observer?.input({ port, ...input });
      this.#board.clock.fireDue();
    }
  }

  #execute(instructions: number): void {
    try {
      this.#board.core.run(instructions);
    } catch (error) {
      if (!(error instanceof CpuShutdownError)) throw error;
      this.#switchOff({ reason: 'shutdown', message: error.message });
    }
  }

  /** Makes sure that a CPU that can run occupies the core. Returns whether there is one. */
  #choose(completed: number): boolean {
    const board = this.#board;
    const mustReschedule = board.takeReschedule();
    if (board.cpus.length === 1) {
      this.#sliceEnd = Number.POSITIVE_INFINITY;
      return board.current.runnable;
    }
    const paused = board.core.paused && this.#policy.ignoresPause !== true;
    const sliceIsOver = completed >= this.#sliceEnd || paused || !board.current.runnable;
    if (!sliceIsOver && !mustReschedule) return true;
    const runnable = board.runnableCpus();
    if (runnable.length === 0) return false;
    board.core.stopAtPause(runnable.length > 1);
    if (!sliceIsOver) return true;
    const slice = this.#policy.next(runnable, completed);
    board.switchTo(slice.cpu);
    this.#sliceEnd = completed + slice.instructions;
    return true;
  }

  /** Nobody can run: time jumps to the next event, unless no event can wake anybody. */
  #idle(): void {
    const { clock, cpus, interrupts } = this.#board;
    const wakeable = cpus.some((cpu) => cpu.wakeable) || interrupts.passesUnmaskable;
    if (!wakeable || clock.next === Number.POSITIVE_INFINITY || this.#idleEvents >= FRUITLESS_EVENTS) {
      this.#end({ reason: 'halted' });
    } else {
      this.#idleEvents++;
      clock.skipToNext();
    }
  }

  #nextInput(): Promise<void> {
    return new Promise((resolve) => {
      this.#inputArrived = () => {
        this.#inputArrived = undefined;
        resolve();
      };
    });
  }

  #checkRange(address: number, length: number): void {
    const size = this.#board.core.ram.length;
    if (address >= 0 && address + length <= size) return;
    throw new RangeError(
      `physical memory ends at 0x${size.toString(16)}; 0x${address.toString(16)} + ${length} is beyond`,
    );
  }
}
