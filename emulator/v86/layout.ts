/*
 * Where v86 0.5.462 keeps things in its WebAssembly memory, and what its functions are called.
 *
 * These are private facts of one release of v86. They were read in its sources (src/rust/cpu/global_pointers.rs) and in
 * the disassembly of build/v86.wasm, and they are used by the files of this folder only. `checkReset` in core.ts compares
 * the important ones with what a freshly reset CPU must look like, so that another release is refused with a message.
 */

/** Byte addresses of the CPU's state. Everything from `cpuStart` to `cpuEnd` belongs to one CPU, but for the exceptions. */
export const layout = {
  cpuStart: 64,
  cpuEnd: 1280,

  registers: 64, // eax, ecx, edx, ebx, esp, ebp, esi, edi
  lastOpSize: 96,
  flagsChanged: 100,
  eflags: 120, // without the lazily computed arithmetic flags
  segmentAccess: 512,
  acpiEnabled: 552,
  instructionPointer: 556, // linear: the base of CS is included
  previousInstructionPointer: 560,
  idtLimit: 564,
  idtBase: 568,
  gdtLimit: 572,
  gdtBase: 576,
  controlRegisters: 580, // cr0 .. cr7
  privilegeLevel: 612,
  halted: 616,
  lastVirtualPage: 620,
  lastPhysicalPage: 624,
  sysenter: 636,
  prefixes: 648, // of the instruction that is being interpreted
  instructionCounter: 664, // 32 bits, shared by all CPUs
  selectors: 668, // es, cs, ss, ds, fs, gs, tr, ldtr
  debugRegisters: 684,
  displayDirtyRange: 716, // of the shared VGA memory, not of a CPU
  segmentIsNull: 724,
  segmentBases: 736,
  segmentLimits: 768,
  protectedMode: 800,
  is32Bit: 804,
  stackIs32Bit: 808,
  memorySize: 812, // shared
  fpuTags: 816,
  mxcsr: 824,
  xmm: 832,
  fpuStackTop: 1032,
  fpuControlWord: 1036,
  fpuStatusWord: 1040,
  fpuPointersEnd: 1064, // of the last instruction and operand, behind the status word
  fpuStack: 1152,

  /** What compiled code left behind for `exit_jit`: 0 and 1 name an exception, 2 is nothing, 4 asks to try again interpreted. */
  jitFault: 35472,
  tscOffset: 37352,
  /** What readings of the TSC leave behind for later ones, 64 bits each: resolution, speed, last value, equal readings. */
  tscHistory: [35464, 35480, 37360, 49152],
  jitDisabled: 49177,

  /** The TLB: an entry of 32 bits for each page of linear memory, and which of them have been used since it was empty. */
  tlbCode: 49180, // the code that was compiled for the page, or 0
  tlbUsedCount: 4243744,
  tlbUsed: 4243748,
  tlbEntries: 4283748,
  ramBase: 8478052,
} as const;

/** Values of `jitFault`. */
export const JIT_FAULT_EXCEPTION_LAST = 1;
export const JIT_FAULT_RETRY = 4;

/** Bits of a TLB entry. The others are the page's address in the core's memory, XOR its linear address. */
export const TLB_IN_DEVICE = 1 << 3;
export const TLB_HAS_CODE = 1 << 5;

/** Entries of `tlbUsed`. */
export const TLB_CAPACITY = 10_000;

/** Compiled functions live in the function table from this index on. */
export const JIT_TABLE_OFFSET = 1024;

/** The limit after which v86 leaves its inner loops: its constants, before they are edited. */
export const V86_LOOP_LIMIT = 100003;
export const V86_INTERPRETER_LIMIT = 100001;

/** Memory pages that v86 claims for its own APICs. Accesses are sent to the machine's instead. */
export const V86_LOCAL_APIC_PAGE = 0xfee00000;
export const V86_IO_APIC_PAGE = 0xfec00000;

const crate = 'CslOG1uufA09K_3v86';
const inCpu = (module: string, name: string) => `_RNvNtNt${crate}3cpu${mangled(module)}${mangled(name)}`;
const builder = (name: string) => `_RNvMs4_NtNt${crate}7wasmgen12wasm_builderNtB5_11WasmBuilder${mangled(name)}`;
const imported = (name: string) => `_RNvNtNtNt${crate}3cpu3cpu2js${mangled(name)}`;

/** Symbol names in the core's name section. The hash in them changes with every release of v86 or of its compiler. */
export const symbols = {
  mainLoop: 'main_loop',
  handleIrqs: 'handle_irqs',
  getEflags: 'get_eflags',
  setControlWord: 'set_control_word',
  clearTlb: 'full_clear_tlb',
  updateStateFlags: 'update_state_flags',
  jitDirtyCache: 'jit_dirty_cache',
  malloc: 'v86_malloc',
  cpuid: 'instr_0FA2',
  callInterruptVector: inCpu('cpu', 'call_interrupt_vector'),
  interruptReturn: inCpu('cpu', 'iret'),
  sti: inCpu('instructions', 'instr_FB'),
  walkPages: inCpu('cpu', 'do_page_walk'),
  setHasCode: inCpu('cpu', 'tlb_set_has_code'),
  noteWrite: `_RNvNt${crate}3jit18jit_dirty_page_ctx`,
  runPrefixed: inCpu('cpu', 'run_prefix_instruction'),
  acknowledgePic: inCpu('pic', 'pic_acknowledge_irq'),
  localApicRead: inCpu('apic', 'read32'),
  ioApicRead: inCpu('ioapic', 'read32'),
  mmapWrite32: inCpu('memory', 'mmap_write32'),
  portRead8: inCpu('cpu', 'io_port_read8'),
  portWrite8: inCpu('cpu', 'io_port_write8'),
  jitSlowRead: inCpu('cpu', 'safe_read_slow_jit'),
  jitSlowWrite: inCpu('cpu', 'safe_write_slow_jit'),
  generateModule: `_RNvNt${crate}3jit19jit_generate_module`,
  compileInstruction: `_RNvNtNt${crate}3gen3jit3jit`,
  emitEqz: builder('eqz_i32'),
  emitConst: builder('const_i32'),
  importedRead32: `_RNvNtNtNt${crate}3cpu6memory3ext11mmap_read32`,
  importedMicrotick: imported('microtick'),
  importedHardwareTimers: imported('run_hardware_timers'),
  importedPortRead8: imported('io_port_read8'),
  importedPortWrite8: imported('io_port_write8'),
  importedPortRead32: imported('io_port_read32'),
  importedPortWrite32: imported('io_port_write32'),
  readMsr: 'instr_0F32',
  writeMsr: 'instr_0F30',
  triggerInvalidOpcode: inCpu('cpu', 'trigger_ud'),
  enter16: 'instr16_C8',
  enter32: 'instr32_C8',
  read16: inCpu('cpu', 'safe_read16'),
  read32: inCpu('cpu', 'safe_read32s'),
  write16: inCpu('cpu', 'safe_write16'),
  write32: inCpu('cpu', 'safe_write32'),
  translateRead: inCpu('cpu', 'translate_address_read'),
  checkWritable: inCpu('cpu', 'writable_or_pagefault'),
  triggerProtectionFault: inCpu('cpu', 'trigger_gp'),
  triggerNotPresent: inCpu('cpu', 'trigger_np'),
  panic: '_RNvNtCsknUcikIyyBm_4core9panicking9panic_fmt',
} as const;

function mangled(name: string): string {
  return `${name.length}${name}`;
}
