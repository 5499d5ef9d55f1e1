/*
 * The instantiated core: its functions, globals and memory, and the functions that it imports.
 *
 * Invariants:
 *   - no exception passes through a frame of the core: its stack would not be unwound, and memory be corrupted later. An
 *     exception in a callback is kept, the core is stopped, and `throwPending` throws it;
 *   - views of the core's memory are made anew whenever it has grown.
 */

import { GLOBALS, type GlobalName } from './globals.ts';
import { JIT_TABLE_OFFSET, layout } from './layout.ts';
import { rewriteJitModule } from './jit-module.ts';
import { APIC_BASE_PORT } from './apic-base.ts';
import { NMI_RETURN_PORT } from './interrupt-return.ts';
import { ACKNOWLEDGE_PORT } from './patches.ts';
import { RESUME_POINTS } from './resume-points.ts';
import { UnexpectedModuleError } from './wasm-module.ts';

/** Ports and device memory, as seen from the CPU. Values are unsigned. */
interface Bus {
  readPort(port: number, bytes: 1 | 2 | 4): number;
  writePort(port: number, bytes: 1 | 2 | 4, value: number): void;
  readMemory(address: number, bytes: 1 | 4): number;
  writeMemory(address: number, bytes: 1 | 2 | 4, value: number): void;
}

/** What the core asks of the machine while it runs. */
export interface CoreHost extends Bus {
  /** The vector of the interrupt that is delivered now, or -1. Called when interrupts are enabled, or an NMI waits. */
  acknowledgeInterrupt(): number;
  /** An IRET while `setInsideNmi` says that the CPU is inside an NMI. */
  returnFromNmi(): void;
  /** The APIC base register of the CPU that runs. */
  readApicBase(): number;
  writeApicBase(value: number): void;
  /** Virtual time in milliseconds. */
  milliseconds(): number;
  random32(): number;
}

export interface CoreOptions {
  /** The contents of v86's build/v86.wasm. */
  readonly wasm: Uint8Array;
  readonly memoryBytes: number;
  /** Without the compiler, guest code is interpreted; what it does is the same. */
  readonly compile: boolean;
  readonly host: CoreHost;
}

type CoreFunction = (...args: number[]) => number;
type Globals = Readonly<Record<GlobalName, WebAssembly.Global>>;

const EXPORTED_FUNCTIONS = [
  'run_quantum',
  'save_cpu',
  'load_cpu',
  'reset_cpu',
  'full_clear_tlb',
  'update_state_flags',
  'get_eflags',
  'set_jit_config',
  'jit_dirty_cache',
  'jit_clear_cache_js',
  'codegen_finalize_finished',
  'translate_address_system_read_js',
  'allocate_memory',
  'v86_malloc',
] as const;
type Functions = Readonly<Record<(typeof EXPORTED_FUNCTIONS)[number], CoreFunction>>;

const PAUSE = [0xf3, 0x90];

/** The instantiated core: its functions, globals and memory, and the functions it imports. */
export class CoreInstance {
  /** What the core said when it gave up. */
  lastMessage = '';

  readonly #options: CoreOptions;
  readonly #module: Uint8Array<ArrayBuffer>;
  #functions: Functions | undefined;
  #globals: Globals | undefined;
  #memory: WebAssembly.Memory | undefined;
  #table: WebAssembly.Table | undefined;
  #jitImports: WebAssembly.ModuleImports = {};
  #ramBase = 0;
  /** Address of the table of resume points. */
  #resumePoints = 0;
  /** Instructions between `jitStopAt` and `stopAt`: the longest way to a loop head in any compiled module. */
  #margin = 64;
  #compiled: { readonly index: number; readonly start: number; readonly flags: number } | undefined;
  #pendingError: unknown;
  #bytes = new Uint8Array(0);
  #ram = new Uint8Array(0);
  #state = new DataView(new ArrayBuffer(0));
  #words = new Int32Array(0);

  /** `module` is the edited core. */
  constructor(options: CoreOptions, module: Uint8Array<ArrayBuffer>) {
    this.#options = options;
    this.#module = module;
  }

  get functions(): Functions {
    return this.#functions!;
  }

  get globals(): Globals {
    return this.#globals!;
  }

  get ram(): Uint8Array<ArrayBuffer> {
    this.#refreshViews();
    return this.#ram;
  }

  /** All of the core's memory. */
  get bytes(): Uint8Array<ArrayBuffer> {
    this.#refreshViews();
    return this.#bytes;
  }

  get state(): DataView<ArrayBuffer> {
    this.#refreshViews();
    return this.#state;
  }

  /** All of the core's memory, by words. */
  get words(): Int32Array<ArrayBuffer> {
    this.#refreshViews();
    return this.#words;
  }

  async instantiate(imports: WebAssembly.Imports): Promise<WebAssembly.Exports> {
    const env = imports['env']!;
    this.#table = env['__indirect_function_table'] as WebAssembly.Table;
    const own = { ...env, ...this.#imports() };
    const { instance } = await WebAssembly.instantiate(this.#module, { env: own });
    const exports = instance.exports;
    const missing = [...EXPORTED_FUNCTIONS, ...GLOBALS, 'memory'].filter((name) => !(name in exports));
    if (missing.length > 0) throw new UnexpectedModuleError(`the core does not export ${missing.join(', ')}`);
    this.#functions = exports as Record<string, CoreFunction> as Functions;
    this.#globals = exports as Record<string, WebAssembly.Global> as Globals;
    this.#memory = exports['memory'] as WebAssembly.Memory;
    this.#jitImports = { ...exports, m: this.#memory };
    return {
      ...exports,
      allocate_memory: (size: number) => {
        this.#ramBase = this.functions.allocate_memory(size);
        this.#bytes = new Uint8Array(0);
        return this.#ramBase;
      },
      device_raise_irq: () => 0, // v86's own devices are connected to nothing
      device_lower_irq: () => 0,
    };
  }

  /** Prepares what the core's added functions use. To be called once, when the core has its memory. */
  prepare(): void {
    this.#resumePoints = this.functions.v86_malloc(4 * RESUME_POINTS);
    this.globals.resumePoints.value = this.#resumePoints;
    this.globals.margin.value = this.#margin;
  }

  stop(): void {
    const counter = this.state.getInt32(layout.instructionCounter, true);
    this.globals.stopAt.value = counter;
    this.globals.jitStopAt.value = counter;
  }

  /** The guest will go on here after a stop or an interrupt: a place without meaning for the compiler. */
  #noteResumePoint(): void {
    const { words } = this;
    const address = words[layout.instructionPointer >> 2]!;
    words[(this.#resumePoints >> 2) + (address & (RESUME_POINTS - 1))] = address;
  }

  /** Tells the core about a compiled function. Not while the core runs: it holds its lock, and would panic. */
  finishCompilation(): void {
    const compiled = this.#compiled;
    if (compiled === undefined) return;
    this.#compiled = undefined;
    this.functions.codegen_finalize_finished(compiled.index, compiled.start, compiled.flags);
  }

  throwPending(): void {
    const error = this.#pendingError;
    this.#pendingError = undefined;
    if (error !== undefined) throw error as Error;
  }

  /** A CPU after reset is at FFFF:FFF0 less 64 Ki in v86's real mode, with CS F000. If not, `layout` does not fit. */
  checkReset(memoryBytes: number): void {
    const state = this.state;
    const expected: readonly (readonly [string, number, number])[] = [
      ['the instruction pointer', state.getUint32(layout.instructionPointer, true), 0xffff0],
      ['the selector of CS', state.getUint16(layout.selectors + 2, true), 0xf000],
      ['the base of CS', state.getUint32(layout.segmentBases + 4, true), 0xf0000],
      ['the protection enable bit', state.getUint32(layout.controlRegisters, true) & 1, 0],
      ['the halted flag', state.getUint8(layout.halted), 0],
      ['the memory size', state.getUint32(layout.memorySize, true), memoryBytes],
    ];
    for (const [what, found, wanted] of expected) {
      if (found === wanted) continue;
      throw new UnexpectedModuleError(
        `${what} is 0x${found.toString(16)} after reset instead of 0x${wanted.toString(16)}: not v86 0.5.462?`,
      );
    }
  }

  #imports(): Record<string, CoreFunction> {
    const host = this.#options.host;
    const nothing = () => 0;
    const guarded = (callback: (a: number, b: number) => number) => this.#guarded(callback);
    const guardedMany = (callback: (first: number, ...rest: number[]) => number) => this.#guardedMany(callback);
    return {
      microtick: guarded(() => host.milliseconds()),
      get_rand_int: guarded(() => host.random32() | 0),
      run_hardware_timers: nothing,
      cpu_event_halt: nothing,
      stop_idling: nothing,
      io_port_read8: guarded((port) => host.readPort(port, 1)),
      io_port_read16: guarded((port) => host.readPort(port, 2)),
      io_port_read32: guarded((port) => {
        if (port === ACKNOWLEDGE_PORT) return this.#acknowledge();
        return (port === APIC_BASE_PORT ? host.readApicBase() : host.readPort(port, 4)) | 0;
      }),
      io_port_write8: guarded((port, value) => (host.writePort(port, 1, value & 0xff), 0)),
      io_port_write16: guarded((port, value) => (host.writePort(port, 2, value & 0xffff), 0)),
      io_port_write32: guarded((port, value) => {
        if (port === APIC_BASE_PORT) host.writeApicBase(value >>> 0);
        else if (port === NMI_RETURN_PORT) host.returnFromNmi();
        else host.writePort(port, 4, value >>> 0);
        return 0;
      }),
      mmap_read8: guarded((address) => host.readMemory(address >>> 0, 1)),
      mmap_read32: guarded((address) => host.readMemory(address >>> 0, 4) | 0),
      mmap_write8: guarded((address, value) => this.#write(address, 1, value & 0xff)),
      mmap_write16: guarded((address, value) => this.#write(address, 2, value & 0xffff)),
      mmap_write32: guarded((address, value) => this.#write(address, 4, value)),
      mmap_write64: guardedMany((address, ...values) => this.#writeMany(address, values)),
      mmap_write128: guardedMany((address, ...values) => this.#writeMany(address, values)),
      console_log_from_wasm: guarded((pointer, length) => {
        this.lastMessage = new TextDecoder().decode(this.bytes.subarray(pointer, pointer + length));
        return 0;
      }),
      codegen_finalize: guardedMany((index, start, flags, pointer, length) => {
        this.#compile(index, start, flags, pointer >>> 0, length >>> 0);
        return 0;
      }),
    };
  }

  /** An Option<u8> as the core keeps it: 0 for none, or 1 and the vector in the next byte. */
  #acknowledge(): number {
    const vector = this.#options.host.acknowledgeInterrupt();
    if (vector < 0) return 0;
    this.#noteResumePoint();
    return 1 | (vector << 8);
  }

  #write(address: number, bytes: 1 | 2 | 4, value: number): number {
    this.#options.host.writeMemory(address >>> 0, bytes, value >>> 0);
    return 0;
  }

  #writeMany(address: number, values: readonly number[]): number {
    values.forEach((value, i) => this.#write(address + 4 * i, 4, value));
    return 0;
  }

  /** Compiles at once, so that nothing depends on when the host gets to it. */
  #compile(index: number, start: number, flags: number, pointer: number, length: number): void {
    const written = new Uint8Array(this.#memory!.buffer, pointer, length);
    const { bytes, longestPath } = rewriteJitModule(written, (address) => this.#isPause(address));
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: this.#jitImports });
    this.#table!.set(index + JIT_TABLE_OFFSET, instance.exports['f']!);
    this.#margin = Math.max(this.#margin, longestPath);
    this.globals.margin.value = this.#margin;
    this.#compiled = { index, start, flags };
    this.stop();
  }

  /** Growing the core's memory detaches its buffer, which then has no bytes. */
  #refreshViews(): void {
    if (this.#bytes.length !== 0) return;
    const buffer = this.#memory!.buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#state = new DataView(buffer);
    this.#words = new Int32Array(buffer);
    this.#ram = new Uint8Array(buffer, this.#ramBase, this.#state.getUint32(layout.memorySize, true));
  }

  #isPause(address: number): boolean {
    return this.ram[address] === PAUSE[0] && this.ram[address + 1] === PAUSE[1];
  }

  #guarded(callback: (a: number, b: number) => number): CoreFunction {
    return (a, b) => {
      try {
        return callback(a, b);
      } catch (error) {
        return this.#keep(error);
      }
    };
  }

  /** Like `guarded`, for the functions with many arguments. */
  #guardedMany(callback: (first: number, ...rest: number[]) => number): CoreFunction {
    return (first, ...rest) => {
      try {
        return callback(first, ...rest);
      } catch (error) {
        return this.#keep(error);
      }
    };
  }

  #keep(error: unknown): number {
    this.#pendingError ??= error;
    this.stop();
    return 0;
  }
}
