/*
 * What passes between the loader (or the machine) and the kernel: the records of the Multiboot Specification 0.6.96,
 * chapter 3, and the port by which a run ends.
 *
 * All addresses in these records are physical.
 */

/** In the header: what makes the file a multiboot image. In EAX at the entry: what says that a multiboot loader ran. */
export const MULTIBOOT_HEADER_MAGIC: u32 = 0x1badb002;
export const MULTIBOOT_LOADER_MAGIC: u32 = 0x2badb002;
/** Header flags: modules on page boundaries; tell about memory. */
export const MULTIBOOT_PAGE_ALIGN: u32 = 0x1;
export const MULTIBOOT_MEMORY_INFO: u32 = 0x2;

/** Bits of `MultibootInfo.flags`: which fields are valid. */
export const MULTIBOOT_INFO_MEMORY: u32 = 0x001;
export const MULTIBOOT_INFO_COMMAND_LINE: u32 = 0x004;
export const MULTIBOOT_INFO_MODULES: u32 = 0x008;
export const MULTIBOOT_INFO_MEMORY_MAP: u32 = 0x040;

/** EBX points here at the entry. */
export class MultibootInfo {
  flags: u32;
  memLower: u32; // KiB from 0
  memUpper: u32; // KiB from 1 MiB up to the first hole
  bootDevice: u32;
  commandLine: u32;
  moduleCount: u32;
  modules: u32; // of MultibootModule
  symbols: FixedArray<u32, 4>;
  memoryMapLength: u32; // bytes
  memoryMap: u32; // of MultibootMemory
}

export class MultibootModule {
  start: u32;
  end: u32; // first byte after
  string: u32;
  reserved: u32;
}

/** One entry of the memory map. The next one is `size + 4` bytes further on. */
export class MultibootMemory {
  size: u32; // without this field
  base: u64;
  length: u64;
  type: u32;
}

/** The only type of memory that may be used; every other value means reserved. */
export const MULTIBOOT_MEMORY_AVAILABLE: u32 = 1;

/**
 * A 32-bit write to this port ends the machine's run; the value is the exit status. (QEMU's isa-debug-exit device sits
 * at the same place, and turns status s into process status 2 s + 1.)
 */
export const EXIT_PORT: u16 = 0xf4;
/** The status that a panic reports. */
export const EXIT_STATUS_PANIC: u32 = 0x7f;
