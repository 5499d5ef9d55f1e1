/*
 * I/O APICs: they turn the lines of devices into messages to CPUs (Intel 82093AA data sheet).
 *
 * There are two registers in memory: one chooses, one is a window on what was chosen. Each pin has a redirection entry of
 * 64 bits: which vector, which CPU, edge or level, masked or not. All pins start masked.
 *
 * Locking. (A) ioApicLock: choosing and looking through the window belong together.
 */

import { mapDevice } from '../../mm/kernelMap.ts';
import { type Spinlock } from '../../sync/spinlock.ts';
import { type IoApicInfo, type LineRoute, machineInfo } from './mpTable.ts';

const REGISTER_VERSION: u32 = 1;
/** Of pin n: the low half at 16 + 2 n, the high half behind it. */
const REGISTER_REDIRECTION: u32 = 16;

const ENTRY_ACTIVE_LOW: u32 = 0x2000;
const ENTRY_LEVEL: u32 = 0x8000;
const ENTRY_MASKED: u32 = 0x10000;

class IoApicLock {
  declare readonly lock: 'ioApic';
}

class IoApic {
  id: u32;
  select: Ptr<Volatile<u32>>;
  window: Ptr<Volatile<u32>>;
  pins: u32;

  read(register: u32, _held: Held<IoApicLock>): u32 {
    this.select[0] = register;
    return this.window[0];
  }

  write(register: u32, value: u32, _held: Held<IoApicLock>): void {
    this.select[0] = register;
    this.window[0] = value;
  }
}

const ioApicLock = zeroed<Inline<Spinlock<IoApicLock>>>();
const ioApics = zeroed<FixedArray<Inline<IoApic>, 4>>();
let count: u32 = 0;

/** Maps the controllers that the MP table names, and masks all their pins. False: none of them is really there. */
export function initIoApics(): boolean {
  ioApicLock.init('ioApic');
  const machine = machineInfo();
  for (let i: u32 = 0; i < machine.ioApicCount; i++) {
    if (initIoApic(ioApics[count], machine.ioApics[i])) count++;
  }
  return count !== 0;
}

/** False: nobody answers there. Some firmware lists what the board does not have. */
function initIoApic(ioApic: IoApic, info: IoApicInfo): boolean {
  const registers = mapDevice(info.address, 32);
  ioApic.id = info.id;
  ioApic.select = ptr<Volatile<u32>>(registers);
  ioApic.window = ptr<Volatile<u32>>(registers + 16);
  using held = ioApicLock.acquireIrqSave();
  const version = ioApic.read(REGISTER_VERSION, held);
  if (version === 0 || version === 0xffffffff) return false;
  ioApic.pins = ((version >>> 16) & 0xff) + 1;
  for (let pin: u32 = 0; pin < ioApic.pins; pin++) ioApic.write(REGISTER_REDIRECTION + 2 * pin, ENTRY_MASKED, held);
  return true;
}

/** Sends a line to the CPU with this APIC id, as `vector`. False: no such controller or pin. */
export function routeLine(route: LineRoute, vector: u32, apicId: u32): boolean {
  for (let i: u32 = 0; i < count; i++) {
    const ioApic = ioApics[i];
    if (ioApic.id !== route.ioApic) continue;
    if (route.pin >= ioApic.pins) return false;
    const polarity = route.activeLow ? ENTRY_ACTIVE_LOW : 0;
    const trigger = route.levelTriggered ? ENTRY_LEVEL : 0;
    using held = ioApicLock.acquireIrqSave();
    ioApic.write(REGISTER_REDIRECTION + 2 * route.pin + 1, apicId << 24, held);
    ioApic.write(REGISTER_REDIRECTION + 2 * route.pin, vector | polarity | trigger, held);
    return true;
  }
  return false;
}
