/*
 * IDE disks: /dev/hda and hdb on the first channel, hdc and hdd on the second, at the addresses that PCs have had since
 * 1986. A PCI controller is the same thing with a bus master beside it (drivers/ide/probe.ts).
 */

import { requestIrq } from '../../arch/x86/irq.ts';
import { type Disk } from '../../block/bio.ts';
import { registerDisk } from '../../block/blockDevice.ts';
import { makeDevice } from '../../fs/device.ts';
import { printk } from '../../lib/printk.ts';
import { allocPages } from '../../mm/buddy.ts';
import { pageAddress } from '../../mm/page.ts';
import { type IdeChannel, type IdeDrive, type PhysicalRegion } from './channel.ts';
import { busMasterOf, findBusMaster, probeChannel, readSectorPolled } from './probe.ts';
import { handleIdeInterrupt, initTransfers } from './transfer.ts';

const CHANNELS: u32 = 2;
const bases = table<u16, 2>(0x1f0, 0x170);
const controls = table<u16, 2>(0x3f6, 0x376);
const irqs = table<u32, 2>(14, 15);
const majors = table<u32, 2>(3, 22);
const names = table<string, 4>('hda', 'hdb', 'hdc', 'hdd');
/** Minor numbers of a disk and its partitions. */
const MINORS_PER_DISK: u32 = 64;

const channels = zeroed<FixedArray<Inline<IdeChannel>, 2>>();

/** Finds all disks and registers them with their partitions. At boot, interrupts off. */
export function initIde(): void {
  const busMaster = findBusMaster();
  for (let i: u32 = 0; i < CHANNELS; i++) {
    const channel: IdeChannel = channels[i];
    channel.base = bases[i];
    channel.control = controls[i];
    channel.irq = irqs[i];
    channel.busMaster = busMasterOf(busMaster, i);
    if (!allocateTable(channel)) channel.busMaster = 0;
    if (probeChannel(channel) > 0) startChannel(channel, i);
  }
}

/** Memory for the bus master's table. False: none, or no need of any. */
function allocateTable(channel: IdeChannel): boolean {
  if (channel.busMaster === 0) return false;
  const page = allocPages(0);
  if (page === null) return false;
  channel.regions = ptr<Inline<PhysicalRegion>>(pageAddress(page));
  return true;
}

function startChannel(channel: IdeChannel, index: u32): void {
  for (let unit: u32 = 0; unit < 2; unit++) {
    const drive: IdeDrive = channel.drives[unit];
    if (!drive.isPresent) continue;
    const disk = drive.disk;
    disk.name = names[index * 2 + unit];
    disk.device = makeDevice(majors[index], unit * MINORS_PER_DISK);
    printk('%s: %u MiB, %s\n', disk.name, disk.sectors >>> 11, drive.canDma ? 'DMA' : 'PIO');
    registerDisk(disk, readAtBoot);
  }
  const error = requestIrq(channel.irq, handleInterrupt, 'ide');
  if (error !== 0) printk('ide: no interrupt %u: error %d\n', channel.irq, -error);
  initTransfers(channel);
}

/** Reads a sector of a disk's partition table. */
function readAtBoot(disk: Disk, sector: u32, target: Ptr<u8>): boolean {
  for (let i: u32 = 0; i < CHANNELS; i++) {
    const channel: IdeChannel = channels[i];
    if (disk.queue === channel.queue) return readSectorPolled(channel, disk, sector, target);
  }
  return false;
}

function handleInterrupt(irq: u32): void {
  for (let i: u32 = 0; i < CHANNELS; i++) {
    const channel: IdeChannel = channels[i];
    if (channel.irq === irq) handleIdeInterrupt(channel);
  }
}
