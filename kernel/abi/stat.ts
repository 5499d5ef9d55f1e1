/*
 * What stat(2) and its relatives tell, in the four layouts that i386 has collected: `OldStat` (1991), `Stat` (16-bit
 * owners), `Stat64` (large files), `Statx`; and the two of statfs.
 *
 * @source the Linux i386 ABI (asm/stat.h, linux/stat.h, asm/statfs.h).
 */

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;

export const S_IRWXU = 0o700;
export const S_IRUSR = 0o400;
export const S_IWUSR = 0o200;
export const S_IXUSR = 0o100;
export const S_IRWXG = 0o070;
export const S_IRGRP = 0o040;
export const S_IWGRP = 0o020;
export const S_IXGRP = 0o010;
export const S_IRWXO = 0o007;
export const S_IROTH = 0o004;
export const S_IWOTH = 0o002;
export const S_IXOTH = 0o001;
/** Execute for all three; read, write and execute for all three. */
export const S_IXUGO = 0o111;
export const S_IRWXUGO = 0o777;
/** All that chmod can set. */
export const S_IALLUGO = 0o7777;

/** stat(2) as system call 18 has it. */
export class OldStat {
  st_dev: u16;
  st_ino: u16;
  st_mode: u16;
  st_nlink: u16;
  st_uid: u16;
  st_gid: u16;
  st_rdev: u16;
  st_size: u32;
  st_atime: u32;
  st_mtime: u32;
  st_ctime: u32;
}

/** stat(2) as system call 106 has it. */
export class Stat {
  st_dev: u32;
  st_ino: u32;
  st_mode: u16;
  st_nlink: u16;
  st_uid: u16;
  st_gid: u16;
  st_rdev: u32;
  st_size: u32;
  st_blksize: u32;
  st_blocks: u32;
  st_atime: u32;
  st_atime_nsec: u32;
  st_mtime: u32;
  st_mtime_nsec: u32;
  st_ctime: u32;
  st_ctime_nsec: u32;
  unused4: u32;
  unused5: u32;
}

/** stat64(2). The short inode number has its place from the time when it was the only one. */
export class Stat64 {
  st_dev: u64;
  pad0: u32;
  st_ino_short: u32;
  st_mode: u32;
  st_nlink: u32;
  st_uid: u32;
  st_gid: u32;
  st_rdev: u64;
  pad3: u32;
  st_size: i64;
  st_blksize: u32;
  st_blocks: u64;
  st_atime: u32;
  st_atime_nsec: u32;
  st_mtime: u32;
  st_mtime_nsec: u32;
  st_ctime: u32;
  st_ctime_nsec: u32;
  st_ino: u64;
}

export class StatxTimestamp {
  tv_sec: i64;
  tv_nsec: u32;
  reserved: i32;
}

export class Statx {
  stx_mask: u32;
  stx_blksize: u32;
  stx_attributes: u64;
  stx_nlink: u32;
  stx_uid: u32;
  stx_gid: u32;
  stx_mode: u16;
  pad0: u16;
  stx_ino: u64;
  stx_size: u64;
  stx_blocks: u64;
  stx_attributes_mask: u64;
  stx_atime: Inline<StatxTimestamp>;
  stx_btime: Inline<StatxTimestamp>;
  stx_ctime: Inline<StatxTimestamp>;
  stx_mtime: Inline<StatxTimestamp>;
  stx_rdev_major: u32;
  stx_rdev_minor: u32;
  stx_dev_major: u32;
  stx_dev_minor: u32;
  stx_mnt_id: u64;
  stx_dio_mem_align: u32;
  stx_dio_offset_align: u32;
  spare: FixedArray<u64, 12>;
}

export const STATX_TYPE = 0x0001;
export const STATX_MODE = 0x0002;
export const STATX_NLINK = 0x0004;
export const STATX_UID = 0x0008;
export const STATX_GID = 0x0010;
export const STATX_ATIME = 0x0020;
export const STATX_MTIME = 0x0040;
export const STATX_CTIME = 0x0080;
export const STATX_INO = 0x0100;
export const STATX_SIZE = 0x0200;
export const STATX_BLOCKS = 0x0400;
export const STATX_BASIC_STATS = 0x07ff;
export const STATX_BTIME = 0x0800;
export const STATX_MNT_ID = 0x1000;
/** Must not be asked for: kept for the day the record grows. */
export const STATX_RESERVED = 0x80000000;
/** In stx_attributes: the root of a mount. */
export const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** statfs(2). */
export class Statfs {
  f_type: u32;
  f_bsize: u32;
  f_blocks: u32;
  f_bfree: u32;
  f_bavail: u32;
  f_files: u32;
  f_ffree: u32;
  f_fsid: FixedArray<u32, 2>;
  f_namelen: u32;
  f_frsize: u32;
  f_flags: u32;
  f_spare: FixedArray<u32, 4>;
}

/** statfs64(2). The caller says how large it believes this to be: 84, or 88 where its compiler aligns u64 to 8. */
export class Statfs64 {
  f_type: u32;
  f_bsize: u32;
  f_blocks: u64;
  f_bfree: u64;
  f_bavail: u64;
  f_files: u64;
  f_ffree: u64;
  f_fsid: FixedArray<u32, 2>;
  f_namelen: u32;
  f_frsize: u32;
  f_flags: u32;
  f_spare: FixedArray<u32, 4>;
}

/** Names of file systems, as statfs gives them. */
export const TMPFS_MAGIC = 0x01021994;
export const RAMFS_MAGIC = 0x858458f6;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const PIPEFS_MAGIC = 0x50495045;
export const ANON_INODE_FS_MAGIC = 0x09041934;
export const EXT2_SUPER_MAGIC = 0xef53;

/** utimensat: take the time of the call; leave the time alone. */
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;
