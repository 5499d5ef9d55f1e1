/*
 * Directory entries as getdents and getdents64 lay them out: one record after another, each followed by its name.
 *
 * @source the Linux i386 ABI (linux/dirent.h).
 */

export const DT_UNKNOWN = 0;
export const DT_FIFO = 1;
export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_BLK = 6;
export const DT_REG = 8;
export const DT_LNK = 10;
export const DT_SOCK = 12;

/**
 * The head of a record of getdents. The name follows, then a zero, padding, and in the record's last byte the type.
 * @packed
 */
export class Dirent {
  d_ino: u32;
  d_off: u32;
  d_reclen: u16;
}

/**
 * The head of a record of getdents64; the name and its zero follow at once. Records are padded to 8 bytes.
 * @packed
 */
export class Dirent64 {
  d_ino: u64;
  d_off: i64;
  d_reclen: u16;
  d_type: u8;
}
