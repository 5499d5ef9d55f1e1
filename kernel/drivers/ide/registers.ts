/*
 * The registers of an IDE channel, as a PC has them.
 *
 * The command block is eight ports, the control block one. The sector count and the three address registers are two
 * bytes deep for 48-bit addresses: what is written last counts as the low byte, what was there before as the high one.
 * The bus master's block is the PCI function's own; a channel has eight ports of it.
 *
 * @source AT Attachment with Packet Interface - 6 (T13/1410D), clauses 7 and 9; Intel 82371SB (PIIX3) data sheet, 2.6.
 */

// Command block, from the channel's base.
export const DATA: u16 = 0;
export const ERROR: u16 = 1; // read
export const FEATURES: u16 = 1; // written
export const SECTOR_COUNT: u16 = 2;
export const LBA_LOW: u16 = 3;
export const LBA_MID: u16 = 4;
export const LBA_HIGH: u16 = 5;
export const DEVICE: u16 = 6;
export const STATUS: u16 = 7; // read: also takes the interrupt back
export const COMMAND: u16 = 7; // written

// Status.
export const STATUS_BSY: u8 = 0x80;
export const STATUS_DRDY: u8 = 0x40;
export const STATUS_DF: u8 = 0x20;
export const STATUS_DRQ: u8 = 0x08;
export const STATUS_ERR: u8 = 0x01;
/** What a port reads that nothing drives. */
export const STATUS_FLOATING: u8 = 0xff;

// Device: addresses are linear; which of the two disks.
export const DEVICE_LBA: u8 = 0xe0;
export const DEVICE_SECOND: u8 = 0x10;

// Control block.
export const CONTROL_NO_INTERRUPT: u8 = 0x02;
export const CONTROL_RESET: u8 = 0x04;

// Commands.
export const READ_SECTORS: u8 = 0x20;
export const READ_SECTORS_EXT: u8 = 0x24;
export const READ_DMA_EXT: u8 = 0x25;
export const WRITE_SECTORS: u8 = 0x30;
export const WRITE_SECTORS_EXT: u8 = 0x34;
export const WRITE_DMA_EXT: u8 = 0x35;
export const READ_DMA: u8 = 0xc8;
export const WRITE_DMA: u8 = 0xca;
export const FLUSH_CACHE: u8 = 0xe7;
export const FLUSH_CACHE_EXT: u8 = 0xea;
export const IDENTIFY_DEVICE: u8 = 0xec;
export const SET_FEATURES: u8 = 0xef;
/** Subcommand of SET_FEATURES, with a mode in SECTOR_COUNT. */
export const SET_TRANSFER_MODE: u8 = 0x03;
export const TRANSFER_ULTRA_DMA: u8 = 0x40;
export const TRANSFER_MULTIWORD_DMA: u8 = 0x20;

// Words of what IDENTIFY DEVICE answers.
export const IDENTIFY_GENERAL: u32 = 0;
export const IDENTIFY_CAPABILITIES: u32 = 49;
export const IDENTIFY_SECTORS: u32 = 60;
export const IDENTIFY_MULTIWORD_DMA: u32 = 63;
export const IDENTIFY_COMMANDS: u32 = 83;
export const IDENTIFY_ULTRA_DMA: u32 = 88;
export const IDENTIFY_SECTORS_48: u32 = 100;

// Bus master, from the channel's block.
export const BUS_MASTER_COMMAND: u16 = 0;
export const BUS_MASTER_STATUS: u16 = 2;
export const BUS_MASTER_TABLE: u16 = 4;
export const BUS_MASTER_START: u8 = 0x01;
/** The controller writes to memory. */
export const BUS_MASTER_TO_MEMORY: u8 = 0x08;
export const BUS_MASTER_ACTIVE: u8 = 0x01;
// Both cleared by writing a one.
export const BUS_MASTER_ERROR: u8 = 0x02;
export const BUS_MASTER_INTERRUPT: u8 = 0x04;
