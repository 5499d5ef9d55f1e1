/*
 * The "newc" cpio archive: what initramfs images are made of, written by the host's image builder and unpacked by
 * fs/cpio.ts.
 *
 * A header is 110 characters: the magic and 13 fields of 8 hexadecimal digits. The name follows with its zero, padded
 * so that header and name fill a multiple of four; then the file's data, padded likewise. A member named TRAILER!!!
 * ends the archive; zero bytes may follow, and after them another archive.
 *
 * @source Linux's Documentation/driver-api/early-userspace/buffer-format.rst
 */

/** Bytes of a header. */
export const CPIO_HEADER_SIZE = 110;
/** Characters of the magic, "070701" (or "070702": the checksum field is used). */
export const CPIO_MAGIC_SIZE = 6;
/** Characters of a field. */
export const CPIO_FIELD_SIZE = 8;

// The fields' order.
export const CPIO_INO = 0;
export const CPIO_MODE = 1;
export const CPIO_UID = 2;
export const CPIO_GID = 3;
export const CPIO_NLINK = 4;
export const CPIO_MTIME = 5;
export const CPIO_FILESIZE = 6;
export const CPIO_DEVMAJOR = 7;
export const CPIO_DEVMINOR = 8;
export const CPIO_RDEVMAJOR = 9;
export const CPIO_RDEVMINOR = 10;
export const CPIO_NAMESIZE = 11;
export const CPIO_CHECK = 12;
export const CPIO_FIELDS = 13;
