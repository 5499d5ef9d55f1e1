/*
 * The commands of an ATA disk, and the bits of its registers.
 *
 * Source: ATA/ATAPI-6 (T13/1410D), clauses 7 and 8.
 */

/** Registers of the command block, by their offsets from its first port. */
export const REG_DATA = 0;
export const REG_ERROR = 1; // when read
export const REG_FEATURES = 1; // when written
export const REG_COUNT = 2;
export const REG_LBA_LOW = 3;
export const REG_LBA_MID = 4;
export const REG_LBA_HIGH = 5;
export const REG_DEVICE = 6;
export const REG_STATUS = 7; // when read
export const REG_COMMAND = 7; // when written

export const STATUS_ERROR = 0x01;
export const STATUS_DATA_REQUEST = 0x08;
/** "Seek complete" of older disks; programs of their time wait for it. */
export const STATUS_SEEK_COMPLETE = 0x10;
export const STATUS_READY = 0x40;
export const STATUS_BUSY = 0x80;

export const ERROR_ABORTED = 0x04;
export const ERROR_NOT_FOUND = 0x10;
/** Not an error: what the error register holds after diagnostics that found nothing. */
export const DIAGNOSTICS_PASSED = 0x01;

export const DEVICE_ONE = 0x10;
export const DEVICE_LBA = 0x40;
/** Bits of the device register that are always set in older disks, and that programs may expect. */
export const DEVICE_OBSOLETE = 0xa0;

export const CONTROL_NO_INTERRUPT = 0x02;
export const CONTROL_RESET = 0x04;
export const CONTROL_HIGH_ORDER = 0x80;

/** A command that moves sectors. */
export interface SectorCommand {
  readonly action: 'read' | 'write' | 'verify';
  readonly dma: boolean;
  /** Several sectors for one interrupt. */
  readonly multiple: boolean;
  /** 48 bits of address, 16 of count. */
  readonly extended: boolean;
}

const sector = (
  action: SectorCommand['action'],
  how: 'pio' | 'multiple' | 'dma',
  extended: boolean,
): SectorCommand => ({
  action,
  dma: how === 'dma',
  multiple: how === 'multiple',
  extended,
});

export const SECTOR_COMMANDS: ReadonlyMap<number, SectorCommand> = new Map([
  [0x20, sector('read', 'pio', false)],
  [0x21, sector('read', 'pio', false)], // without retries: obsolete, and the same
  [0x24, sector('read', 'pio', true)],
  [0x25, sector('read', 'dma', true)],
  [0x29, sector('read', 'multiple', true)],
  [0x30, sector('write', 'pio', false)],
  [0x31, sector('write', 'pio', false)],
  [0x34, sector('write', 'pio', true)],
  [0x35, sector('write', 'dma', true)],
  [0x39, sector('write', 'multiple', true)],
  [0x40, sector('verify', 'pio', false)],
  [0x41, sector('verify', 'pio', false)],
  [0x42, sector('verify', 'pio', true)],
  [0xc4, sector('read', 'multiple', false)],
  [0xc5, sector('write', 'multiple', false)],
  [0xc8, sector('read', 'dma', false)],
  [0xc9, sector('read', 'dma', false)],
  [0xca, sector('write', 'dma', false)],
  [0xcb, sector('write', 'dma', false)],
]);

export const COMMAND_SEEK = 0x70;
export const COMMAND_DIAGNOSTICS = 0x90;
export const COMMAND_INITIALIZE_PARAMETERS = 0x91;
export const COMMAND_SET_MULTIPLE = 0xc6;
export const COMMAND_READ_BUFFER = 0xe4;
export const COMMAND_CHECK_POWER = 0xe5;
export const COMMAND_FLUSH = 0xe7;
export const COMMAND_WRITE_BUFFER = 0xe8;
export const COMMAND_FLUSH_EXTENDED = 0xea;
export const COMMAND_IDENTIFY = 0xec;
export const COMMAND_SET_FEATURES = 0xef;

/** RECALIBRATE, in any of its 16 codes: obsolete, and harmless. */
export const isRecalibrate = (command: number): boolean => command >> 4 === 1;

/** Power modes, as CHECK POWER MODE answers. */
export const POWER_STANDBY = 0x00;
export const POWER_IDLE = 0x80;
export const POWER_ACTIVE = 0xff;

/** Commands that change the power mode, with the codes of ATA-1 beside those of today, and the mode. */
export const POWER_COMMANDS: ReadonlyMap<number, number> = new Map([
  ...[0xe0, 0xe2, 0xe6, 0x94, 0x96, 0x99].map((command) => [command, POWER_STANDBY] as const),
  ...[0xe1, 0xe3, 0x95, 0x97].map((command) => [command, POWER_IDLE] as const),
]);
export const isCheckPower = (command: number): boolean => command === COMMAND_CHECK_POWER || command === 0x98;
