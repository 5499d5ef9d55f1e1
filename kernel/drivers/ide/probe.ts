/*
 * Finding IDE disks: what is at the end of each cable, and what it can do.
 *
 * Runs once, at boot, with interrupts off, so all is polled. A port that nothing drives reads as ones; a disk that is
 * not there does not keep what is written to its registers; one that is there but is no disk (a CD drive) leaves its
 * signature in the address registers instead of answering IDENTIFY DEVICE.
 */

import {
  findPciClass,
  PCI_BASE,
  PCI_CLASS,
  PCI_COMMAND,
  PCI_COMMAND_IO,
  PCI_COMMAND_MASTER,
  readPci,
  writePci,
} from '../../arch/x86/pci.ts';
import { type Disk, SECTOR_SIZE } from '../../block/bio.ts';
import { printk } from '../../lib/printk.ts';
import { type IdeChannel, type IdeDrive } from './channel.ts';
import {
  COMMAND,
  DATA,
  FEATURES,
  IDENTIFY_CAPABILITIES,
  IDENTIFY_COMMANDS,
  IDENTIFY_DEVICE,
  IDENTIFY_GENERAL,
  IDENTIFY_MULTIWORD_DMA,
  IDENTIFY_SECTORS,
  IDENTIFY_SECTORS_48,
  IDENTIFY_ULTRA_DMA,
  LBA_HIGH,
  LBA_LOW,
  LBA_MID,
  READ_SECTORS,
  SECTOR_COUNT,
  SET_FEATURES,
  SET_TRANSFER_MODE,
  STATUS_BSY,
  STATUS_DF,
  STATUS_DRQ,
  STATUS_ERR,
  STATUS_FLOATING,
  TRANSFER_MULTIWORD_DMA,
  TRANSFER_ULTRA_DMA,
} from './registers.ts';

const CLASS_IDE: u32 = 0x0101;
/** Programming interface: a channel in native mode is not at the addresses and lines of old. */
const NATIVE_MODES: u32 = 0x05;
/** Programming interface: can be a bus master. */
const BUS_MASTER_CAPABLE: u32 = 0x80;
const BUS_MASTER_BASE: u32 = PCI_BASE + 16;
/** Of one channel. */
const BUS_MASTER_PORTS: u16 = 8;

const COMMAND_MILLISECONDS: u32 = 1000;
/** Ultra DMA modes up to 2 work with any cable. */
const SAFE_ULTRA_MODES: u32 = 0x07;

/** Makes the PCI function, if there is one, answer; returns its bus master's first port, or 0. */
export function findBusMaster(): u16 {
  const where = findPciClass(CLASS_IDE);
  if (where === 0) return 0;
  const programming = (readPci(where, PCI_CLASS) >>> 8) & 0xff;
  if ((programming & NATIVE_MODES) !== 0) {
    printk('ide: the controller is in native mode, which is not supported: no bus master\n');
    return 0;
  }
  if ((programming & BUS_MASTER_CAPABLE) === 0) return 0;
  writePci(where, PCI_COMMAND, readPci(where, PCI_COMMAND) | PCI_COMMAND_IO | PCI_COMMAND_MASTER);
  return u16(readPci(where, BUS_MASTER_BASE) & 0xfffc);
}

/** Where the bus master's ports of a channel are, given those of the controller. */
export function busMasterOf(controller: u16, channel: u32): u16 {
  return controller === 0 ? 0 : u16(controller + channel * BUS_MASTER_PORTS);
}

/** Looks for the disks of a channel whose addresses are set. Returns how many there are. Interrupts stay off after. */
export function probeChannel(channel: IdeChannel): u32 {
  if (channel.alternateStatus() === STATUS_FLOATING) return 0;
  channel.enableInterrupts(false);
  let found: u32 = 0;
  for (let unit: u32 = 0; unit < 2; unit++) if (probeDrive(channel, unit)) found++;
  return found;
}

function probeDrive(channel: IdeChannel, unit: u32): boolean {
  const drive: IdeDrive = channel.drives[unit];
  drive.isPresent = isDriveThere(channel, unit) && identify(channel, unit);
  return drive.isPresent;
}

function isDriveThere(channel: IdeChannel, unit: u32): boolean {
  channel.select(unit, 0);
  if ((channel.waitIdle(COMMAND_MILLISECONDS) & STATUS_BSY) !== 0) return false;
  channel.writeRegister(SECTOR_COUNT, 0x55);
  channel.writeRegister(LBA_LOW, 0xaa);
  return channel.readRegister(SECTOR_COUNT) === 0x55 && channel.readRegister(LBA_LOW) === 0xaa;
}

/** Gives a command that answers with one sector, and reads that. False: it does not. */
function readAnswer(channel: IdeChannel, command: u8, answer: Ptr<u8>): boolean {
  channel.writeRegister(COMMAND, command);
  const status = channel.waitIdle(COMMAND_MILLISECONDS);
  const isGood = (status & (STATUS_BSY | STATUS_ERR | STATUS_DF)) === 0 && (status & STATUS_DRQ) !== 0;
  if (isGood) repInsw(channel.base + DATA, answer, SECTOR_SIZE / 2);
  channel.acknowledge();
  return isGood;
}

function identify(channel: IdeChannel, unit: u32): boolean {
  const answer = zeroed<FixedArray<u16, 256>>();
  channel.writeRegister(LBA_MID, 0);
  channel.writeRegister(LBA_HIGH, 0);
  if (!readAnswer(channel, IDENTIFY_DEVICE, ptr<u8>(answer))) return false;
  if ((answer[IDENTIFY_GENERAL] & 0x8000) !== 0) return false; // a packet device
  const hasLba = (answer[IDENTIFY_CAPABILITIES] & 0x200) !== 0;
  if (!hasLba) {
    printk('ide: a disk without linear addresses is left out\n');
    return false;
  }
  const drive: IdeDrive = channel.drives[unit];
  drive.has48Bit = (answer[IDENTIFY_COMMANDS] & 0xc400) === 0x4400;
  drive.disk.sectors = sectorsOf(answer, drive.has48Bit);
  drive.disk.unit = unit;
  drive.disk.queue = channel.queue;
  const offersDma = channel.busMaster !== 0 && (answer[IDENTIFY_CAPABILITIES] & 0x100) !== 0;
  drive.canDma = offersDma && setDmaMode(channel, answer);
  return drive.disk.sectors !== 0;
}

/** As many as 32 bits can name: 2 TiB. */
function sectorsOf(answer: Ptr<u16>, has48Bit: boolean): u32 {
  const at = has48Bit ? IDENTIFY_SECTORS_48 : IDENTIFY_SECTORS;
  const isHuge = has48Bit && (answer[at + 2] !== 0 || answer[at + 3] !== 0);
  return isHuge ? 0xffffffff : u32(answer[at]) | (u32(answer[at + 1]) << 16);
}

/** Sets the best mode that needs no special cable. False: the disk has none. */
function setDmaMode(channel: IdeChannel, answer: Ptr<u16>): boolean {
  const ultra = u32(answer[IDENTIFY_ULTRA_DMA]) & SAFE_ULTRA_MODES;
  const multiword = u32(answer[IDENTIFY_MULTIWORD_DMA]) & 0x7;
  if (ultra === 0 && multiword === 0) return false;
  const mode = ultra !== 0 ? TRANSFER_ULTRA_DMA | bsr(ultra) : TRANSFER_MULTIWORD_DMA | bsr(multiword);
  channel.writeRegister(FEATURES, SET_TRANSFER_MODE);
  channel.writeRegister(SECTOR_COUNT, u8(mode));
  channel.writeRegister(COMMAND, SET_FEATURES);
  const status = channel.waitIdle(COMMAND_MILLISECONDS);
  channel.acknowledge();
  return (status & (STATUS_BSY | STATUS_ERR | STATUS_DF)) === 0;
}

/** Reads one sector by polling, while interrupts are off and nobody else uses the channel. For partition tables. */
export function readSectorPolled(channel: IdeChannel, disk: Disk, sector: u32, target: Ptr<u8>): boolean {
  if (sector >= disk.sectors || sector >= 0x10000000) return false;
  channel.select(disk.unit, u8(sector >>> 24));
  if ((channel.waitIdle(COMMAND_MILLISECONDS) & STATUS_BSY) !== 0) return false;
  channel.writeRegister(SECTOR_COUNT, 1);
  channel.writeRegister(LBA_LOW, u8(sector & 0xff));
  channel.writeRegister(LBA_MID, u8((sector >>> 8) & 0xff));
  channel.writeRegister(LBA_HIGH, u8((sector >>> 16) & 0xff));
  return readAnswer(channel, READ_SECTORS, target);
}
