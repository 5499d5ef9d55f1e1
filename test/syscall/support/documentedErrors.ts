/*
 * Which errors the man pages document, call by call, and which of them cannot be had here, with the reason. All others must
 * be tested; coverage.test.ts looks.
 *
 * The names of several calls share a line when they share a page. Such a page often speaks of one of them only ("EBADF
 * (fchdir)"): that is a reason, too.
 *
 * @source section 2 of the Linux man pages, 6.03
 */

export const documentedErrors: readonly (readonly [calls: string, errors: string])[] = [
  ['_llseek', 'EBADF EFAULT EINVAL'],
  ['_newselect pselect6 pselect6_time64 select', 'EBADF EINTR EINVAL ENOMEM'],
  [
    'access faccessat faccessat2',
    'EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS ETXTBSY',
  ],
  [
    'capget get_robust_list getrlimit prlimit64 sched_getaffinity sched_setaffinity set_robust_list setrlimit ugetrlimit',
    'EFAULT EINVAL EPERM ESRCH',
  ],
  ['chdir fchdir', 'EACCES EBADF EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR'],
  [
    'chmod fchmod fchmodat fchmodat2',
    'EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR ENOTSUP EPERM EROFS',
  ],
  [
    'chown chown32 fchown fchown32 fchownat lchown lchown32',
    'EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS',
  ],
  ['chroot', 'EACCES EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM'],
  [
    'clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_settime clock_settime64',
    'EACCES EFAULT EINVAL ENODEV ENOTSUP EPERM',
  ],
  ['clock_nanosleep clock_nanosleep_time64', 'EFAULT EINTR EINVAL ENOTSUP'],
  ['clone clone3', 'EACCES EAGAIN EBUSY EEXIST EINVAL ENOMEM ENOSPC EOPNOTSUPP EPERM EUSERS'],
  ['close', 'EBADF EINTR EIO ENOSPC'],
  ['close_range', 'EINVAL EMFILE ENOMEM'],
  [
    'creat open openat',
    'EACCES EBADF EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW EPERM EROFS ETXTBSY EWOULDBLOCK',
  ],
  ['dup dup2 dup3', 'EBADF EBUSY EINTR EINVAL EMFILE'],
  ['epoll_create epoll_create1', 'EINVAL EMFILE ENFILE ENOMEM'],
  ['epoll_ctl', 'EBADF EEXIST EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM'],
  ['epoll_pwait epoll_pwait2 epoll_wait', 'EBADF EFAULT EINTR EINVAL'],
  ['eventfd eventfd2', 'EINVAL EMFILE ENFILE ENODEV ENOMEM'],
  [
    'execve',
    'E2BIG EACCES EAGAIN EFAULT EINVAL EIO EISDIR ELIBBAD ELOOP EMFILE ENAMETOOLONG ENFILE ENOENT ENOEXEC ENOMEM ENOTDIR EPERM ETXTBSY',
  ],
  ['fadvise64 fadvise64_64', 'EBADF EINVAL ESPIPE'],
  ['fallocate', 'EBADF EFBIG EINTR EINVAL EIO ENODEV ENOSPC ENOSYS EOPNOTSUPP EPERM ESPIPE ETXTBSY'],
  ['fcntl fcntl64', 'EACCES EAGAIN EBADF EBUSY EDEADLK EFAULT EINTR EINVAL EMFILE ENOLCK ENOTDIR EPERM'],
  ['fdatasync fsync', 'EBADF EINTR EIO ENOSPC EROFS'],
  ['flock', 'EBADF EINTR EINVAL ENOLCK EWOULDBLOCK'],
  ['fork vfork', 'EAGAIN ENOMEM ENOSYS'],
  [
    'fstat fstat64 fstatat64 lstat lstat64 oldfstat oldlstat oldstat stat stat64',
    'EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW',
  ],
  [
    'fstatfs fstatfs64 statfs statfs64',
    'EACCES EBADF EFAULT EINTR EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSYS ENOTDIR EOVERFLOW',
  ],
  [
    'ftruncate ftruncate64 truncate truncate64',
    'EACCES EBADF EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ETXTBSY',
  ],
  [
    'futex futex_time64',
    'EACCES EAGAIN EDEADLK EFAULT EINTR EINVAL ENFILE ENOMEM ENOSYS EPERM ESRCH ETIMEDOUT EWOULDBLOCK',
  ],
  ['futimesat', 'EBADF ENOTDIR'],
  ['get_thread_area sched_rr_get_interval sched_rr_get_interval_time64 set_thread_area', 'EFAULT EINVAL ENOSYS ESRCH'],
  [
    'getcpu getresgid getresgid32 getresuid getresuid32 oldolduname olduname rt_sigpending sigpending sysinfo time times uname',
    'EFAULT',
  ],
  ['getcwd', 'EACCES EFAULT EINVAL ENAMETOOLONG ENOENT ENOMEM ERANGE'],
  ['getdents getdents64', 'EBADF EFAULT EINVAL ENOENT ENOTDIR'],
  ['getgroups getgroups32 setgroups setgroups32 sigaltstack', 'EFAULT EINVAL ENOMEM EPERM'],
  [
    'getitimer getrusage rt_sigaction rt_sigprocmask setitimer sigaction sigprocmask timer_gettime timer_gettime64 timer_settime timer_settime64',
    'EFAULT EINVAL',
  ],
  ['getpgid getpgrp getpriority setpgid setpriority', 'EACCES EINVAL EPERM ESRCH'],
  ['getrandom', 'EAGAIN EFAULT EINTR EINVAL ENOSYS'],
  ['getsid', 'EPERM ESRCH'],
  ['gettimeofday reboot setdomainname settimeofday', 'EFAULT EINVAL EPERM'],
  ['ioctl', 'EBADF EFAULT EINVAL ENOTTY'],
  ['kill sched_getparam sched_getscheduler sched_setparam sched_setscheduler', 'EINVAL EPERM ESRCH'],
  [
    'link linkat',
    'EACCES EBADF EDQUOT EEXIST EFAULT EINVAL EIO ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS EXDEV',
  ],
  ['lseek', 'EBADF EINVAL ENXIO EOVERFLOW ESPIPE'],
  ['madvise', 'EACCES EAGAIN EBADF EBUSY EFAULT EHWPOISON EINVAL EIO ENOMEM EPERM'],
  ['membarrier', 'EINVAL ENOSYS EPERM'],
  ['memfd_create', 'EFAULT EINVAL EMFILE ENFILE ENOMEM'],
  ['mincore mremap', 'EAGAIN EFAULT EINVAL ENOMEM'],
  [
    'mkdir mkdirat',
    'EACCES EBADF EDQUOT EEXIST EFAULT EINVAL ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS',
  ],
  [
    'mknod mknodat',
    'EACCES EBADF EDQUOT EEXIST EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS',
  ],
  ['mlock mlock2 mlockall munlock munlockall', 'EAGAIN EINVAL ENOMEM EPERM'],
  ['mmap mmap2 munmap', 'EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOEXEC ENOMEM EOVERFLOW EPERM ETXTBSY'],
  [
    'mount',
    'EACCES EBUSY EFAULT EINVAL ELOOP EMFILE ENAMETOOLONG ENODEV ENOENT ENOMEM ENOTBLK ENOTDIR ENXIO EPERM EROFS',
  ],
  ['mprotect', 'EACCES EFAULT EINVAL ENOMEM'],
  ['msgctl', 'EACCES EFAULT EIDRM EINVAL EPERM'],
  ['msgget', 'EACCES EEXIST ENOENT ENOMEM ENOSPC'],
  ['msgrcv msgsnd', 'E2BIG EACCES EAGAIN EFAULT EIDRM EINTR EINVAL ENOMEM ENOMSG ENOSYS'],
  ['msync', 'EBUSY EINVAL ENOMEM'],
  ['nanosleep', 'EFAULT EINTR EINVAL'],
  ['nice setsid', 'EPERM'],
  ['pause', 'EINTR'],
  ['personality sched_get_priority_max sched_get_priority_min signal timer_delete timer_getoverrun', 'EINVAL'],
  ['pipe pipe2', 'EFAULT EINVAL EMFILE ENFILE ENOPKG'],
  ['poll ppoll ppoll_time64', 'EFAULT EINTR EINVAL ENOMEM'],
  ['pread64', 'EBADF EFAULT EINVAL EISDIR ESPIPE'],
  ['pwrite64', 'EBADF EFAULT EFBIG EINVAL ENOSPC ESPIPE'],
  ['wait4', 'ECHILD EINTR EINVAL'],
  ['prctl', 'EACCES EBADF EBUSY EFAULT EINVAL ENODEV ENXIO EOPNOTSUPP EPERM ERANGE'],
  ['preadv preadv2 pwritev pwritev2 readv writev', 'EINVAL EOPNOTSUPP'],
  ['process_vm_readv process_vm_writev', 'EFAULT EINVAL ENOMEM EPERM ESRCH'],
  ['ptrace', 'EBUSY EFAULT EINVAL EIO EPERM ESRCH'],
  ['read', 'EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR'],
  ['readahead', 'EBADF EINVAL'],
  ['readlink readlinkat', 'EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR'],
  [
    'rename renameat renameat2',
    'EACCES EBADF EBUSY EDQUOT EEXIST EFAULT EINVAL EISDIR ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR ENOTEMPTY EPERM EROFS EXDEV',
  ],
  ['rmdir', 'EACCES EBUSY EEXIST EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR ENOTEMPTY EPERM EROFS'],
  ['rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill', 'EAGAIN EINVAL EPERM ESRCH'],
  ['rt_sigsuspend sigsuspend', 'EFAULT EINTR'],
  ['rt_sigtimedwait rt_sigtimedwait_time64', 'EAGAIN EINTR EINVAL'],
  ['sched_getattr sched_setattr', 'E2BIG EBUSY EINVAL EPERM ESRCH'],
  ['semctl', 'EACCES EFAULT EIDRM EINVAL EPERM ERANGE'],
  ['semget', 'EACCES EEXIST EIDRM EINVAL ENOENT ENOMEM ENOSPC'],
  ['semtimedop_time64', 'E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE'],
  ['sendfile sendfile64', 'EAGAIN EBADF EFAULT EINVAL EIO ENOMEM EOVERFLOW ESPIPE'],
  ['setgid setgid32', 'EINVAL EPERM'],
  ['sethostname', 'EFAULT EINVAL ENAMETOOLONG EPERM'],
  [
    'setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32',
    'EAGAIN EINVAL EPERM',
  ],
  ['shmat shmdt', 'EACCES EIDRM EINVAL ENOMEM'],
  ['shmctl', 'EACCES EFAULT EIDRM EINVAL ENOMEM EOVERFLOW EPERM'],
  ['shmget', 'EACCES EEXIST EINVAL ENFILE ENOENT ENOMEM ENOSPC EPERM'],
  ['signalfd signalfd4', 'EBADF EINVAL EMFILE ENFILE ENODEV ENOMEM'],
  ['statx', 'EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR'],
  ['stime', 'EFAULT EPERM'],
  ['swapoff swapon', 'EBUSY EINVAL ENFILE ENOENT ENOMEM EPERM'],
  [
    'symlink symlinkat',
    'EACCES EBADF EDQUOT EEXIST EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS',
  ],
  ['sync syncfs', 'EBADF EIO ENOSPC'],
  ['sync_file_range', 'EBADF EINVAL EIO ENOMEM ENOSPC ESPIPE'],
  ['timer_create', 'EAGAIN EINVAL ENOMEM ENOTSUP EPERM'],
  [
    'timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64',
    'EBADF ECANCELED EFAULT EINVAL EMFILE ENFILE ENODEV ENOMEM EPERM',
  ],
  ['umount umount2', 'EAGAIN EBUSY EFAULT EINVAL ENAMETOOLONG ENOENT ENOMEM EPERM'],
  [
    'unlink unlinkat',
    'EACCES EBADF EBUSY EFAULT EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS',
  ],
  ['unshare', 'EINVAL ENOMEM ENOSPC EPERM EUSERS'],
  ['utime utimes', 'EACCES ENOENT EPERM EROFS'],
  ['utimensat utimensat_time64', 'EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ESRCH'],
  ['waitid waitpid', 'EAGAIN ECHILD EINTR EINVAL ESRCH'],
  ['write', 'EAGAIN EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENOSPC EPERM EPIPE'],
];

/** Errors that the suite does not look for, and why. `calls` empty: of whatever call. */
export const untestable: readonly { readonly why: string; readonly errors: string; readonly calls: string }[] = [
  {
    why: 'memory, and what lies in it, does not fail; a disk that does is in test/kernel/disks.test.ts',
    errors: 'EIO',
    calls: '',
  },
  {
    why: "the kernel's memory runs out for all calls at once: test/kernel/hostile.test.ts and glibc.test.ts have it run out",
    errors: 'ENOMEM',
    calls: '',
  },
  {
    why: 'there are no quotas',
    errors: 'EDQUOT',
    calls: '',
  },
  {
    why: 'the call is there',
    errors: 'ENOSYS',
    calls: '',
  },
  {
    why: 'numbers on a 32-bit kernel are large enough',
    errors: 'EOVERFLOW',
    calls: 'fstat64 fstatat64 lstat64 stat64 fstatfs fstatfs64 statfs statfs64 shmctl mmap sendfile64',
  },
  {
    why: 'the page speaks of another call that it describes',
    errors:
      'EACCES EBADF EFAULT EINVAL ELOOP EMFILE ENAMETOOLONG ENFILE ENODEV ENOTDIR EOVERFLOW EPERM ESRCH EAGAIN EEXIST ENOEXEC ENOTSUP ETXTBSY EOPNOTSUPP ECANCELED EBUSY',
    calls:
      'chmod fchmod fchown fchown32 fchdir fstat fstat64 oldfstat lstat oldlstat oldstat stat fstatfs fstatfs64 ftruncate ftruncate64 link mknod mkdir mkdirat readlink rename symlink munmap munlockall timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 timerfd_create preadv pwritev readv writev waitid waitpid gettimeofday sched_getattr sched_getparam sched_getscheduler capget sethostname getcwd dup2 fchmodat msgctl',
  },
  {
    why: 'clocks behind descriptors, which have drivers of their own, are not here',
    errors: 'EACCES ENODEV ENOTSUP EPERM',
    calls:
      'clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_settime clock_settime64 clock_nanosleep clock_nanosleep_time64 timer_create',
  },
  {
    why: 'namespaces and control groups are not here; who asks for them gets EINVAL, as from a Linux without',
    errors: 'EACCES EBUSY EEXIST ENOSPC EOPNOTSUPP EUSERS EPERM',
    calls: 'clone clone3 unshare',
  },
  {
    why: 'closing and copying descriptors waits for nothing and collides with nothing',
    errors: 'EINTR EBUSY ENOSPC',
    calls: 'close dup dup2 dup3',
  },
  {
    why: 'the table of descriptors is made larger first, and that takes memory only',
    errors: 'EMFILE',
    calls: 'close_range dup3',
  },
  {
    why: 'file systems in memory wait for nothing that a signal could end',
    errors: 'EINTR',
    calls: 'fallocate fdatasync fsync fstatfs fstatfs64 statfs statfs64 ftruncate ftruncate64 truncate truncate64',
  },
  {
    why: "a name takes the kernel's memory, not the file system's room",
    errors: 'ENOSPC',
    calls: 'creat open openat link linkat mkdir mkdirat mknod mknodat rename renameat renameat2 symlink symlinkat',
  },
  {
    why: 'nothing is written later that could find no room then',
    errors: 'ENOSPC EROFS',
    calls: 'fdatasync fsync sync syncfs sync_file_range',
  },
  {
    why: 'a count of links goes to 2^32',
    errors: 'EMLINK',
    calls: '',
  },
  {
    why: 'tens of thousands of identifiers, watches or segments are too many for a test of a single call',
    errors: 'ENOSPC ENFILE',
    calls: 'epoll_ctl msgget semget shmget',
  },
  {
    why: 'seals, immutable files and files that can only be added to are not here',
    errors: 'EPERM',
    calls:
      'creat mkdir mkdirat symlink symlinkat ftruncate ftruncate64 truncate truncate64 write access faccessat faccessat2 fallocate',
  },
  {
    why: 'Linux has not given it for long: access looks at permissions only, MAP_DENYWRITE is ignored, a read-only descriptor cannot be truncated in any case',
    errors: 'ETXTBSY EROFS',
    calls: 'access faccessat faccessat2 mmap mmap2 ftruncate ftruncate64',
  },
  {
    why: 'a swap file is not possible',
    errors: 'ETXTBSY',
    calls: 'fallocate',
  },
  {
    why: 'leases are not here',
    errors: 'EWOULDBLOCK',
    calls: 'creat open openat',
  },
  {
    why: 'a disk in use can be opened, exclusively too',
    errors: 'EBUSY',
    calls: 'creat open openat',
  },
  {
    why: 'creat opens for writing alone: what the page says of other ways of opening',
    errors: 'ENODEV ENXIO EOPNOTSUPP EOVERFLOW',
    calls: 'creat',
  },
  {
    why: 'of large files on file systems without them',
    errors: 'EFBIG',
    calls: 'creat open openat',
  },
  {
    why: 'Linux gives EAGAIN for a lock in the way, has room for all locks, and F_NOTIFY is not here',
    errors: 'EACCES ENOLCK ENOTDIR',
    calls: 'fcntl fcntl64 flock',
  },
  {
    why: 'futexes that inherit priorities are not here',
    errors: 'EACCES EDEADLK ENFILE EPERM ESRCH',
    calls: 'futex futex_time64',
  },
  {
    why: 'the pool of random numbers is filled from the start',
    errors: 'EAGAIN EINTR',
    calls: 'getrandom',
  },
  {
    why: "set-id calls succeed beyond the limit, and which program notices is Linux's own",
    errors: 'EAGAIN',
    calls: 'setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32 execve',
  },
  {
    why: 'all numbers are good users and groups but -1, which these calls take for "as it is"',
    errors: 'EINVAL',
    calls: 'setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32',
  },
  {
    why: "an executable that is opened takes no descriptor of the process, and the superuser's files are not counted",
    errors: 'EMFILE ENFILE',
    calls: 'execve',
  },
  {
    why: 'two interpreters: Linux takes the first one; and there are no namespaces that a set-id program could not enter',
    errors: 'EINVAL EPERM',
    calls: 'execve',
  },
  {
    why: "the page's own words: of a machine check, of hardware poison, of pages in devices",
    errors: 'EAGAIN EBADF EBUSY EHWPOISON EPERM EIO',
    calls: 'madvise',
  },
  {
    why: 'no page is busy for so long',
    errors: 'EAGAIN',
    calls: 'mincore',
  },
  {
    why: 'mapping takes no open file',
    errors: 'ENFILE ENOEXEC',
    calls: 'mmap mmap2',
  },
  {
    why: 'moving mounts and mounts from disks are not here, nor is MNT_EXPIRE',
    errors: 'EACCES EMFILE ENOTBLK ENXIO EROFS EAGAIN',
    calls: 'mount umount umount2',
  },
  {
    why: 'opening takes no descriptor',
    errors: 'ENFILE',
    calls: 'swapon swapoff',
  },
  {
    why: 'in test/kernel/swap.test.ts, which has a disk',
    errors: 'EBUSY',
    calls: 'swapon swapoff',
  },
  {
    why: 'options for hardware and security modules that are not here',
    errors: 'EACCES EBADF EBUSY ENODEV ENXIO EOPNOTSUPP EPERM ERANGE',
    calls: 'prctl',
  },
  {
    why: 'debug registers cannot be had',
    errors: 'EBUSY',
    calls: 'ptrace',
  },
  {
    why: 'deadlines are not here',
    errors: 'EBUSY',
    calls: 'sched_getattr sched_setattr',
  },
  {
    why: 'a segment that is removed is there until nobody has it, and its identifier is unknown at once',
    errors: 'EIDRM',
    calls: 'shmat shmdt shmctl msgctl semctl semget',
  },
  {
    why: 'the file system for what has no name is always there',
    errors: 'ENODEV',
    calls: 'eventfd eventfd2 signalfd signalfd4 timerfd_create',
  },
  {
    why: 'pipes that tell of messages are not here',
    errors: 'ENOPKG',
    calls: 'pipe pipe2',
  },
  {
    why: 'sockets are not here',
    errors: 'EDESTADDRREQ',
    calls: 'write',
  },
  {
    why: 'the number of timers is limited by memory',
    errors: 'EAGAIN',
    calls: 'timer_create',
  },
  {
    why: 'of /proc files of a process that ends while they are asked',
    errors: 'ESRCH',
    calls: 'utimensat utimensat_time64',
  },
];
