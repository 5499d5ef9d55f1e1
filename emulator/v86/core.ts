/*
 * One x86 CPU with its RAM, made of v86's core.
 *
 * v86 is used through its public interface: the class `V86`, whose option `wasm_fn` lets us instantiate the (edited) core
 * and see all its imports and exports. v86's own loop is never started: `run` calls main_loop. v86's JavaScript devices
 * are created by it, but nothing reaches them.
 *
 * Invariants:
 *   - completed = instructions at the last sync + (counter - counter at that sync) + inFlight, at any moment.
 */

import { V86 } from 'v86';
import { CoreInstance, type CoreOptions } from './core-instance.ts';
import type { StateStream } from '../state.ts';
import { createWrittenPages, readTlb, takeWrittenPages, type Tlb, writeTlb } from './core-state.ts';
import { layout } from './layout.ts';
import { patchCore } from './patches.ts';
import { ENDED_BY_PAUSE, ENDED_BY_SHUTDOWN } from './switching.ts';

export type { CoreHost } from './core-instance.ts';

/** The guest's CPU cannot go on: it shut down (triple fault), or it met something that v86 does not implement. */
export class CpuShutdownError extends Error {
  override readonly name = 'CpuShutdownError';
}

/** Size of what `saveCpu` writes: the CPU's block, and its TSC offset, which lies elsewhere. */
export const CPU_STATE_BYTES = layout.cpuEnd - layout.cpuStart + 8;
/** Where the TSC offset is in that. */
export const CPU_TSC_OFFSET = layout.cpuEnd - layout.cpuStart;

/** What `saveState` tells. */
export interface CoreState {
  readonly completed: number;
  /** The linear page from which the last instruction was fetched, and its physical address XOR the linear one. */
  readonly fetchPages: readonly [number, number];
  readonly tlb: Tlb;
}

/** Neither an event nor a vector. */
const NOTHING = -1;

/** Instructions between two stops at most, so that the difference of two counters is never ambiguous. */
const LONGEST_QUANTUM = 2 ** 28;

export class V86Core {
  readonly #emulator: V86;
  readonly #instance: CoreInstance;
  readonly #compiles: boolean;
  #completedAtSync = 0;
  #counterAtSync = 0;
  #running = false;
  /** What the globals of these names hold: looking is slow. */
  #interruptLines = 0;
  #insideNmi = false;
  #paused = false;
  #pauseStops = false;
  #cpuidEbx = 0;
  #cpuidEdx = 0;

  private constructor(emulator: V86, instance: CoreInstance, compiles: boolean) {
    this.#emulator = emulator;
    this.#compiles = compiles;
    this.#instance = instance;
  }

  /** Loads the core. Throws UnexpectedModuleError if it is not the release of v86 that this boundary knows. */
  static async create(options: CoreOptions): Promise<V86Core> {
    const instance = new CoreInstance(options, patchCore(options.wasm));
    const emulator = await new Promise<V86>((resolve, reject) => {
      const created: V86 = new V86({
        // v86 does not expect this to fail, and would never be ready: the failure is ours to report.
        wasm_fn: async (imports) => {
          try {
            return await instance.instantiate(imports);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return new Promise(() => undefined);
          }
        },
        memory_size: options.memoryBytes,
        autostart: false,
        disable_keyboard: true,
        disable_mouse: true,
        disable_speaker: true,
        acpi: false,
      });
      created.add_listener('emulator-ready', () => resolve(created));
    });
    instance.checkReset(options.memoryBytes);
    if (!options.compile) instance.functions.set_jit_config(0, 1);
    instance.prepare();
    createWrittenPages(instance, options.memoryBytes);
    instance.globals.delivering.value = NOTHING;
    instance.globals.shutdown.value = NOTHING;
    return new V86Core(emulator, instance, options.compile);
  }

  /** Instructions that were completed since the core was created. Exact, in callbacks too. */
  get completed(): number {
    if (!this.#running) return this.#completedAtSync;
    const instance = this.#instance;
    const counter = instance.words[layout.instructionCounter >> 2]! + instance.globals.inFlight.value;
    return this.#completedAtSync + ((counter - this.#counterAtSync) >>> 0);
  }

  /**
   * Runs the CPU for `instructions`, or less: until it halts, or `stop` is called. Interrupts that are asserted are
   * delivered as soon as the guest lets them. Throws CpuShutdownError when the CPU cannot go on.
   */
  run(instructions: number): void {
    const instance = this.#instance;
    const end = this.completed + instructions;
    this.#running = true;
    let ended: number;
    try {
      ended = instance.functions.run_quantum(Math.min(instructions, LONGEST_QUANTUM));
    } catch (error) {
      instance.globals.inFlight.value = 0;
      this.#sync(instance.globals.paused.value !== 0);
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      const why = instance.lastMessage.split('\n')[1] ?? 'the core gave up';
      instance.globals.delivering.value = NOTHING;
      throw new CpuShutdownError(this.#shutdownMessage(why), { cause: error });
    }
    this.#sync((ended & ENDED_BY_PAUSE) !== 0);
    if ((ended & ENDED_BY_SHUTDOWN) !== 0) {
      const last = instance.globals.shutdown.value;
      instance.globals.shutdown.value = NOTHING;
      throw new CpuShutdownError(this.#shutdownMessage(`triple fault, by exception ${last}`));
    }
    instance.finishCompilation();
    instance.throwPending();
    if (this.completed > end) throw new Error(`the core ran ${this.completed - end} instructions past its stop`);
  }

  /** Ends `run` after the current instruction. For callbacks. */
  stop(): void {
    this.#instance.stop();
  }

  /** Tells the CPU which interrupt lines are asserted: INTERRUPT_LINE_INTR, INTERRUPT_LINE_NMI. */
  setInterruptLines(lines: number): void {
    if (lines === this.#interruptLines) return;
    this.#interruptLines = lines;
    this.#instance.globals.interruptLines.value = lines;
  }

  /** Whether the host wants to hear of the next IRET. */
  setInsideNmi(inside: boolean): void {
    if (inside === this.#insideNmi) return;
    this.#insideNmi = inside;
    this.#instance.globals.insideNmi.value = Number(inside);
  }

  /** Whether `run` ends after a PAUSE. */
  stopAtPause(stop: boolean): void {
    if (stop === this.#pauseStops) return;
    this.#pauseStops = stop;
    this.#instance.globals.pauseStops.value = Number(stop);
  }

  /** What belongs to no CPU: what later readings of the TSC depend on, and the part that PAUSE has in the schedule. */
  transferState(state: StateStream): void {
    const { globals, state: memory } = this.#instance;
    for (const at of layout.tscHistory) {
      for (const word of [at, at + 4]) memory.setUint32(word, state.number(memory.getUint32(word, true)), true);
    }
    this.#pauseStops = state.number(Number(this.#pauseStops)) !== 0;
    globals.pauseStops.value = Number(this.#pauseStops);
    this.#paused = state.flag(this.#paused);
    globals.paused.value = Number(this.#paused);
  }

  /** Whether the last `run` ended after a PAUSE. */
  get paused(): boolean {
    return this.#paused;
  }

  /** What CPUID leaf 1 adds to EBX and EDX. */
  setTopology(ebx: number, edx: number): void {
    if (ebx !== this.#cpuidEbx) this.#instance.globals.cpuidEbx.value = ebx;
    this.#cpuidEbx = ebx;
    if (edx !== this.#cpuidEdx) this.#instance.globals.cpuidEdx.value = edx;
    this.#cpuidEdx = edx;
  }

  /** All of RAM. The array is valid until the core runs again. */
  get ram(): Uint8Array<ArrayBuffer> {
    return this.#instance.ram;
  }

  /** The state of the CPU, addressed as in `layout`. Valid until the core runs again. */
  get state(): DataView<ArrayBuffer> {
    return this.#instance.state;
  }

  get interruptsEnabled(): boolean {
    return (this.#instance.state.getUint8(layout.eflags + 1) & 2) !== 0;
  }

  get halted(): boolean {
    return this.#instance.state.getUint8(layout.halted) !== 0;
  }

  /** EFLAGS with the arithmetic flags computed. */
  get eflags(): number {
    return this.#instance.functions.get_eflags();
  }

  /** Room in the core's memory for the state of a CPU: its address, for what follows. */
  allocateCpu(): number {
    return this.#instance.functions.v86_malloc(CPU_STATE_BYTES);
  }

  /** Copies the state of the CPU to `address`: CPU_STATE_BYTES, in which the arithmetic flags are computed. */
  saveCpu(address: number): void {
    this.#instance.functions.save_cpu(address);
  }

  /** Makes the core go on as the CPU whose state is at `address`, and whose CPUID leaf 1 adds `ebx` to EBX. */
  loadCpu(address: number, ebx: number): void {
    this.#cpuidEbx = ebx;
    this.#instance.functions.load_cpu(address, ebx);
  }

  /** The core's memory, where the states of CPUs are. Valid until the core runs again. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#instance.bytes;
  }

  /** The part of the core's state that is not in a CPU's block. The arrays are copies. */
  saveState(): CoreState {
    const { state } = this.#instance;
    return {
      completed: this.completed,
      fetchPages: [state.getInt32(layout.lastVirtualPage, true), state.getInt32(layout.lastPhysicalPage, true)],
      tlb: readTlb(this.#instance),
    };
  }

  /** Brings back that state, when the CPU that it was taken with has been loaded. RAM must be as it was then. */
  restoreState(saved: CoreState): void {
    writeTlb(this.#instance, saved.tlb, this.#compiles);
    const { state } = this.#instance;
    state.setInt32(layout.lastVirtualPage, saved.fetchPages[0], true);
    state.setInt32(layout.lastPhysicalPage, saved.fetchPages[1], true);
    this.#counterAtSync = state.getInt32(layout.instructionCounter, true);
    this.#completedAtSync = saved.completed;
    this.takeWrittenPages();
  }

  /** Empties the TLB: what is written to RAM afterwards need not be compared with it. */
  dropTranslations(): void {
    this.#instance.functions.full_clear_tlb();
  }

  /** The pages of RAM that may have been written since the last call, ascending; at the first call, all. */
  takeWrittenPages(): number[] {
    return takeWrittenPages(this.#instance);
  }

  /** Must follow a write to `ram` or `state`: what the core derived from them is dropped. */
  invalidate(): void {
    const { functions, state } = this.#instance;
    functions.jit_dirty_cache(0, state.getUint32(layout.memorySize, true));
    functions.full_clear_tlb();
    functions.update_state_flags();
  }

  /** Must follow a write to a part of `ram`: code that was compiled from it is dropped. */
  invalidateCode(start: number, end: number): void {
    if (start < end) this.#instance.functions.jit_dirty_cache(start, end);
  }

  async destroy(): Promise<void> {
    await this.#emulator.destroy();
  }

  #sync(paused: boolean): void {
    this.#running = false;
    this.#paused = paused;
    const counter = this.#instance.words[layout.instructionCounter >> 2]!;
    this.#completedAtSync += (counter - this.#counterAtSync) >>> 0;
    this.#counterAtSync = counter;
  }

  #shutdownMessage(why: string): string {
    const state = this.#instance.state;
    const hex = (at: number) => state.getUint32(at, true).toString(16).padStart(8, '0');
    const where = `eip ${hex(layout.previousInstructionPointer)} esp ${hex(layout.registers + 16)}`;
    const paging = `cr0 ${hex(layout.controlRegisters)} cr2 ${hex(layout.controlRegisters + 8)} cr3 ${hex(layout.controlRegisters + 12)}`;
    return `the CPU shut down: an exception could not be delivered (${where} ${paging} idt ${hex(layout.idtBase)}; ${why})`;
  }
}
