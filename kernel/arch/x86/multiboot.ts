/*
 * What the loader says: memory, modules, the command line (abi/bootInfo.ts has the records).
 *
 * The loader's records lie anywhere in memory that is about to be handed out. So all that is needed later is copied here,
 * first of all. The modules themselves stay where they are, reserved, until `releaseBootModules`.
 */

import {
  MULTIBOOT_INFO_COMMAND_LINE,
  MULTIBOOT_INFO_MEMORY,
  MULTIBOOT_INFO_MEMORY_MAP,
  MULTIBOOT_INFO_MODULES,
  MULTIBOOT_LOADER_MAGIC,
  MULTIBOOT_MEMORY_AVAILABLE,
  type MultibootInfo,
  type MultibootMemory,
  type MultibootModule,
} from '../../abi/bootInfo.ts';
import { setCommandLine } from '../../lib/cmdline.ts';
import { panic } from '../../lib/panic.ts';
import { addMemory, releaseReserved, reserveMemory } from '../../mm/earlyMemory.ts';
import { DIRECT_MAP_SIZE, type PhysAddr, physToVirt } from './layout.ts';

const MAX_MODULES: u32 = 16;

export class BootModule {
  start: PhysAddr;
  end: PhysAddr; // first byte after
}

const modules = zeroed<FixedArray<Inline<BootModule>, 16>>();
let moduleCount: u32 = 0;

/** Reads everything. `magic` and `info` are what the loader left in EAX and EBX. */
export function readMultiboot(magic: u32, info: PhysAddr): void {
  if (magic !== MULTIBOOT_LOADER_MAGIC) panic('not started by a multiboot loader (EAX was %x)', magic);
  const record = as<MultibootInfo>(physToVirt(info));
  if ((record.flags & MULTIBOOT_INFO_COMMAND_LINE) !== 0) setCommandLine(ptr<u8>(physToVirt(record.commandLine)));
  if ((record.flags & MULTIBOOT_INFO_MEMORY_MAP) !== 0) readMemoryMap(record);
  else if ((record.flags & MULTIBOOT_INFO_MEMORY) !== 0) readMemorySizes(record);
  else panic('the loader does not tell how much memory there is');
  if ((record.flags & MULTIBOOT_INFO_MODULES) !== 0) readModules(record);
}

export function bootModuleCount(): u32 {
  return moduleCount;
}

/** In the order of the loader's command line. */
export function bootModule(index: u32): BootModule {
  return modules[index];
}

/** The modules have been unpacked: their memory becomes ordinary. */
export function releaseBootModules(): void {
  for (let i: u32 = 0; i < moduleCount; i++) releaseReserved(modules[i].start, modules[i].end);
  moduleCount = 0;
}

function readMemoryMap(record: MultibootInfo): void {
  let at = physToVirt(record.memoryMap);
  const end = at + record.memoryMapLength;
  while (at < end) {
    const entry = as<MultibootMemory>(at);
    if (entry.type === MULTIBOOT_MEMORY_AVAILABLE && entry.base < u64(DIRECT_MAP_SIZE)) {
      const last = entry.base + entry.length;
      addMemory(u32(entry.base), last < u64(DIRECT_MAP_SIZE) ? u32(last) : DIRECT_MAP_SIZE);
    }
    at += entry.size + 4;
  }
}

/** Without a map: from 0 to the end of base memory, and from 1 MiB to the first hole. */
function readMemorySizes(record: MultibootInfo): void {
  const limit = (DIRECT_MAP_SIZE - 0x100000) >>> 10;
  const upper = record.memUpper < limit ? record.memUpper : limit;
  addMemory(0, record.memLower << 10);
  addMemory(0x100000, 0x100000 + (upper << 10));
}

function readModules(record: MultibootInfo): void {
  const entries = ptr<Inline<MultibootModule>>(physToVirt(record.modules));
  for (let i: u32 = 0; i < record.moduleCount && moduleCount < MAX_MODULES; i++) {
    const module = modules[moduleCount];
    module.start = entries[i].start;
    module.end = entries[i].end;
    reserveMemory(module.start, module.end);
    moduleCount++;
  }
}
