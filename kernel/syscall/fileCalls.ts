/*
 * The system calls about files, by number. What each does is said where it is.
 */

import {
  SYS_epoll_create,
  SYS_epoll_create1,
  SYS_epoll_ctl,
  SYS_epoll_wait,
  SYS_epoll_pwait,
  SYS_epoll_pwait2,
  SYS_signalfd,
  SYS_signalfd4,
  SYS_timerfd_create,
  SYS_timerfd_settime,
  SYS_timerfd_gettime,
  SYS_timerfd_settime64,
  SYS_timerfd_gettime64,
  SYS__llseek,
  SYS__newselect,
  SYS_access,
  SYS_chdir,
  SYS_chmod,
  SYS_chown,
  SYS_chown32,
  SYS_chroot,
  SYS_close,
  SYS_close_range,
  SYS_copy_file_range,
  SYS_creat,
  SYS_dup,
  SYS_dup2,
  SYS_dup3,
  SYS_faccessat,
  SYS_faccessat2,
  SYS_fchdir,
  SYS_fchmod,
  SYS_eventfd,
  SYS_eventfd2,
  SYS_fadvise64,
  SYS_fadvise64_64,
  SYS_fallocate,
  SYS_fchmodat,
  SYS_fchmodat2,
  SYS_fchown,
  SYS_fchown32,
  SYS_fchownat,
  SYS_fcntl,
  SYS_fcntl64,
  SYS_fdatasync,
  SYS_flock,
  SYS_fstat,
  SYS_fstat64,
  SYS_fstatat64,
  SYS_fstatfs,
  SYS_fstatfs64,
  SYS_fsync,
  SYS_ftruncate,
  SYS_ftruncate64,
  SYS_futimesat,
  SYS_getcwd,
  SYS_getdents,
  SYS_getdents64,
  SYS_ioctl,
  SYS_lchown,
  SYS_lchown32,
  SYS_link,
  SYS_linkat,
  SYS_lseek,
  SYS_lstat,
  SYS_lstat64,
  SYS_memfd_create,
  SYS_mkdir,
  SYS_mkdirat,
  SYS_mknod,
  SYS_mknodat,
  SYS_mount,
  SYS_oldfstat,
  SYS_oldlstat,
  SYS_oldstat,
  SYS_open,
  SYS_openat,
  SYS_pipe,
  SYS_pipe2,
  SYS_poll,
  SYS_ppoll,
  SYS_ppoll_time64,
  SYS_pread64,
  SYS_preadv,
  SYS_preadv2,
  SYS_pselect6,
  SYS_pselect6_time64,
  SYS_pwrite64,
  SYS_pwritev,
  SYS_pwritev2,
  SYS_read,
  SYS_readahead,
  SYS_readlink,
  SYS_readlinkat,
  SYS_readv,
  SYS_rename,
  SYS_renameat,
  SYS_renameat2,
  SYS_rmdir,
  SYS_select,
  SYS_sendfile,
  SYS_sendfile64,
  SYS_stat,
  SYS_stat64,
  SYS_statfs,
  SYS_statfs64,
  SYS_statx,
  SYS_symlink,
  SYS_symlinkat,
  SYS_sync,
  SYS_sync_file_range,
  SYS_syncfs,
  SYS_truncate,
  SYS_truncate64,
  SYS_umask,
  SYS_umount,
  SYS_umount2,
  SYS_unlink,
  SYS_unlinkat,
  SYS_utime,
  SYS_utimensat,
  SYS_utimensat_time64,
  SYS_utimes,
  SYS_write,
  SYS_writev,
} from '../abi/syscallNumbers.ts';
import { sysAccess, sysFaccessat, sysFaccessat2, sysReadlink, sysReadlinkat } from '../fs/sysAccess.ts';
import {
  sysChmod,
  sysChown16,
  sysChown32,
  sysFchmod,
  sysFchmodat,
  sysFchmodat2,
  sysFchown16,
  sysFchown32,
  sysFchownat,
  sysFtruncate,
  sysFtruncate64,
  sysLchown16,
  sysLchown32,
  sysTruncate,
  sysTruncate64,
} from '../fs/sysAttributes.ts';
import { sysCopyFileRange } from '../fs/sysCopyRange.ts';
import { sysDup, sysDup2, sysDup3, sysFcntl, sysFcntl64, sysFlock, sysIoctl } from '../fs/sysDescriptor.ts';
import {
  sysEpollCreate,
  sysEpollCreate1,
  sysEpollCtl,
  sysEpollWait,
  sysEpollPwait,
  sysEpollPwait2,
} from '../fs/epoll.ts';
import { sysEventfd, sysEventfd2 } from '../fs/eventfd.ts';
import { sysFadvise64, sysFadvise6464, sysFallocate, sysReadahead, sysSyncFileRange } from '../fs/sysAllocate.ts';
import { sysChdir, sysChroot, sysFchdir, sysGetcwd, sysUmask } from '../fs/sysDirectory.ts';
import { sysGetdents, sysGetdents64 } from '../fs/sysGetdents.ts';
import { sysMemfdCreate } from '../fs/sysMemfd.ts';
import { sysMount, sysOldUmount, sysUmount2 } from '../fs/sysMount.ts';
import {
  sysLink,
  sysLinkat,
  sysMkdir,
  sysMkdirat,
  sysMknod,
  sysMknodat,
  sysRename,
  sysRenameat,
  sysRenameat2,
  sysRmdir,
  sysSymlink,
  sysSymlinkat,
  sysUnlink,
  sysUnlinkat,
} from '../fs/sysNames.ts';
import { sysClose, sysCloseRange, sysCreat, sysOpen, sysOpenat } from '../fs/sysOpen.ts';
import { sysPipe, sysPipe2 } from '../fs/sysPipe.ts';
import { sysPoll, sysPpoll, sysPpollTime64 } from '../fs/sysPoll.ts';
import {
  sysPread64,
  sysPreadv,
  sysPreadv2,
  sysPwrite64,
  sysPwritev,
  sysPwritev2,
  sysRead,
  sysReadv,
  sysSendfile,
  sysSendfile64,
  sysWrite,
  sysWritev,
} from '../fs/sysReadWrite.ts';
import { sysLlseek, sysLseek } from '../fs/sysSeek.ts';
import { sysOldSelect, sysPselect6, sysPselect6Time64, sysSelect } from '../fs/sysSelect.ts';
import { sysSignalfd, sysSignalfd4 } from '../fs/signalfd.ts';
import {
  sysFstat64,
  sysFstatat64,
  sysLstat64,
  sysNewFstat,
  sysNewLstat,
  sysNewStat,
  sysOldFstat,
  sysOldLstat,
  sysOldStat,
  sysStat64,
  sysStatx,
} from '../fs/sysStat.ts';
import { sysFstatfs, sysFstatfs64, sysStatfs, sysStatfs64 } from '../fs/sysStatfs.ts';
import { sysFdatasync, sysFsync, sysSync, sysSyncfs } from '../fs/sysSync.ts';
import { sysFutimesat, sysUtime, sysUtimensat, sysUtimensatTime64, sysUtimes } from '../fs/sysTimes.ts';
import {
  sysTimerfdCreate,
  sysTimerfdSettime,
  sysTimerfdGettime,
  sysTimerfdSettime64,
  sysTimerfdGettime64,
} from '../fs/timerfd.ts';
import { setSystemCall } from './dispatch.ts';

/** Opening, reading, writing. */
function installReading(): void {
  setSystemCall(SYS_open, sysOpen);
  setSystemCall(SYS_openat, sysOpenat);
  setSystemCall(SYS_creat, sysCreat);
  setSystemCall(SYS_close, sysClose);
  setSystemCall(SYS_close_range, sysCloseRange);
  setSystemCall(SYS_read, sysRead);
  setSystemCall(SYS_write, sysWrite);
  setSystemCall(SYS_readv, sysReadv);
  setSystemCall(SYS_writev, sysWritev);
  setSystemCall(SYS_pread64, sysPread64);
  setSystemCall(SYS_pwrite64, sysPwrite64);
  setSystemCall(SYS_preadv, sysPreadv);
  setSystemCall(SYS_pwritev, sysPwritev);
  setSystemCall(SYS_preadv2, sysPreadv2);
  setSystemCall(SYS_pwritev2, sysPwritev2);
  setSystemCall(SYS_copy_file_range, sysCopyFileRange);
  setSystemCall(SYS_sendfile, sysSendfile);
  setSystemCall(SYS_sendfile64, sysSendfile64);
  setSystemCall(SYS_lseek, sysLseek);
  setSystemCall(SYS__llseek, sysLlseek);
  setSystemCall(SYS_sync, sysSync);
  setSystemCall(SYS_fsync, sysFsync);
  setSystemCall(SYS_fdatasync, sysFdatasync);
  setSystemCall(SYS_syncfs, sysSyncfs);
  setSystemCall(SYS_sync_file_range, sysSyncFileRange);
  setSystemCall(SYS_fallocate, sysFallocate);
  setSystemCall(SYS_fadvise64, sysFadvise64);
  setSystemCall(SYS_fadvise64_64, sysFadvise6464);
  setSystemCall(SYS_readahead, sysReadahead);
}

/** Descriptors, pipes, waiting for several. */
function installDescriptors(): void {
  setSystemCall(SYS_dup, sysDup);
  setSystemCall(SYS_dup2, sysDup2);
  setSystemCall(SYS_dup3, sysDup3);
  setSystemCall(SYS_fcntl, sysFcntl);
  setSystemCall(SYS_fcntl64, sysFcntl64);
  setSystemCall(SYS_ioctl, sysIoctl);
  setSystemCall(SYS_flock, sysFlock);
  setSystemCall(SYS_memfd_create, sysMemfdCreate);
  setSystemCall(SYS_eventfd, sysEventfd);
  setSystemCall(SYS_eventfd2, sysEventfd2);
  setSystemCall(SYS_epoll_create, sysEpollCreate);
  setSystemCall(SYS_epoll_create1, sysEpollCreate1);
  setSystemCall(SYS_epoll_ctl, sysEpollCtl);
  setSystemCall(SYS_epoll_wait, sysEpollWait);
  setSystemCall(SYS_epoll_pwait, sysEpollPwait);
  setSystemCall(SYS_epoll_pwait2, sysEpollPwait2);
  setSystemCall(SYS_signalfd, sysSignalfd);
  setSystemCall(SYS_signalfd4, sysSignalfd4);
  setSystemCall(SYS_timerfd_create, sysTimerfdCreate);
  setSystemCall(SYS_timerfd_settime, sysTimerfdSettime);
  setSystemCall(SYS_timerfd_gettime, sysTimerfdGettime);
  setSystemCall(SYS_timerfd_settime64, sysTimerfdSettime64);
  setSystemCall(SYS_timerfd_gettime64, sysTimerfdGettime64);
  setSystemCall(SYS_pipe, sysPipe);
  setSystemCall(SYS_pipe2, sysPipe2);
  setSystemCall(SYS_poll, sysPoll);
  setSystemCall(SYS_ppoll, sysPpoll);
  setSystemCall(SYS_ppoll_time64, sysPpollTime64);
  setSystemCall(SYS_select, sysOldSelect);
  setSystemCall(SYS__newselect, sysSelect);
  setSystemCall(SYS_pselect6, sysPselect6);
  setSystemCall(SYS_pselect6_time64, sysPselect6Time64);
}

/** What files are. */
function installStatus(): void {
  setSystemCall(SYS_oldstat, sysOldStat);
  setSystemCall(SYS_oldlstat, sysOldLstat);
  setSystemCall(SYS_oldfstat, sysOldFstat);
  setSystemCall(SYS_stat, sysNewStat);
  setSystemCall(SYS_lstat, sysNewLstat);
  setSystemCall(SYS_fstat, sysNewFstat);
  setSystemCall(SYS_stat64, sysStat64);
  setSystemCall(SYS_lstat64, sysLstat64);
  setSystemCall(SYS_fstat64, sysFstat64);
  setSystemCall(SYS_fstatat64, sysFstatat64);
  setSystemCall(SYS_statx, sysStatx);
  setSystemCall(SYS_statfs, sysStatfs);
  setSystemCall(SYS_fstatfs, sysFstatfs);
  setSystemCall(SYS_statfs64, sysStatfs64);
  setSystemCall(SYS_fstatfs64, sysFstatfs64);
  setSystemCall(SYS_access, sysAccess);
  setSystemCall(SYS_faccessat, sysFaccessat);
  setSystemCall(SYS_faccessat2, sysFaccessat2);
  setSystemCall(SYS_readlink, sysReadlink);
  setSystemCall(SYS_readlinkat, sysReadlinkat);
  setSystemCall(SYS_chmod, sysChmod);
  setSystemCall(SYS_fchmod, sysFchmod);
  setSystemCall(SYS_fchmodat, sysFchmodat);
  setSystemCall(SYS_fchmodat2, sysFchmodat2);
  setSystemCall(SYS_chown, sysChown16);
  setSystemCall(SYS_lchown, sysLchown16);
  setSystemCall(SYS_fchown, sysFchown16);
  setSystemCall(SYS_chown32, sysChown32);
  setSystemCall(SYS_lchown32, sysLchown32);
  setSystemCall(SYS_fchown32, sysFchown32);
  setSystemCall(SYS_fchownat, sysFchownat);
  setSystemCall(SYS_truncate, sysTruncate);
  setSystemCall(SYS_ftruncate, sysFtruncate);
  setSystemCall(SYS_truncate64, sysTruncate64);
  setSystemCall(SYS_ftruncate64, sysFtruncate64);
  setSystemCall(SYS_utime, sysUtime);
  setSystemCall(SYS_utimes, sysUtimes);
  setSystemCall(SYS_futimesat, sysFutimesat);
  setSystemCall(SYS_utimensat, sysUtimensat);
  setSystemCall(SYS_utimensat_time64, sysUtimensatTime64);
}

/** Names and directories. */
function installNames(): void {
  setSystemCall(SYS_mkdir, sysMkdir);
  setSystemCall(SYS_mkdirat, sysMkdirat);
  setSystemCall(SYS_rmdir, sysRmdir);
  setSystemCall(SYS_unlink, sysUnlink);
  setSystemCall(SYS_unlinkat, sysUnlinkat);
  setSystemCall(SYS_mknod, sysMknod);
  setSystemCall(SYS_mknodat, sysMknodat);
  setSystemCall(SYS_link, sysLink);
  setSystemCall(SYS_linkat, sysLinkat);
  setSystemCall(SYS_symlink, sysSymlink);
  setSystemCall(SYS_symlinkat, sysSymlinkat);
  setSystemCall(SYS_rename, sysRename);
  setSystemCall(SYS_renameat, sysRenameat);
  setSystemCall(SYS_renameat2, sysRenameat2);
  setSystemCall(SYS_chdir, sysChdir);
  setSystemCall(SYS_fchdir, sysFchdir);
  setSystemCall(SYS_getcwd, sysGetcwd);
  setSystemCall(SYS_chroot, sysChroot);
  setSystemCall(SYS_umask, sysUmask);
  setSystemCall(SYS_getdents, sysGetdents);
  setSystemCall(SYS_getdents64, sysGetdents64);
  setSystemCall(SYS_mount, sysMount);
  setSystemCall(SYS_umount, sysOldUmount);
  setSystemCall(SYS_umount2, sysUmount2);
}

/** Makes them known. */
export function installFileCalls(): void {
  installReading();
  installDescriptors();
  installStatus();
  installNames();
}
