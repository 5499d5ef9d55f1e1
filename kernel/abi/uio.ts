/*
 * Scattered buffers, of readv(2) and its relatives.
 *
 * @source the Linux i386 ABI (linux/uio.h).
 */

export class IoVec {
  /** Address in the program. */
  iov_base: u32;
  iov_len: u32;
}

/** Most segments of one call. */
export const IOV_MAX = 1024;
