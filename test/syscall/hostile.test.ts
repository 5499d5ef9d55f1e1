/*
 * Wild pointers, everywhere: each argument of each call that is an address gets addresses that no program can use. The
 * answer must be EFAULT (or, where the kernel looks at something else first, another error), and the system must go on.
 */

import { expect } from 'vitest';
import { type Argument, output, text, words } from '../../emulator/agent/arguments.ts';
import { isError } from '../../emulator/agent/errno.ts';
import type { SyscallName } from '../../emulator/agent/trace.ts';
import { AT_FDCWD } from '../../kernel/abi/fcntl.ts';
import { onEveryTarget, wildPointers } from './support/suite.ts';

/** Stands for an address in the list of calls. */
const P = Symbol('pointer');

/** Calls with addresses as arguments; the other arguments are valid, or at least plausible. fd 3 is an empty file. */
const calls: readonly (readonly [SyscallName, ...(Argument | typeof P)[]])[] = [
  ['read', 3, P, 10],
  ['write', 3, P, 10],
  ['open', P, 0, 0],
  ['creat', P, 0],
  ['link', P, P],
  ['unlink', P],
  ['execve', P, P, P],
  ['chdir', P],
  ['mknod', P, 0, 0],
  ['chmod', P, 0],
  ['lchown', P, -1, -1],
  ['access', P, 0],
  ['rename', P, P],
  ['mkdir', P, 0],
  ['rmdir', P],
  ['pipe', P],
  ['chroot', P],
  ['symlink', P, P],
  ['readlink', P, P, 100],
  ['truncate', P, 0],
  ['stat', P, P],
  ['lstat', P, P],
  ['fstat', 3, P],
  ['stat64', P, P],
  ['lstat64', P, P],
  ['fstat64', 3, P],
  ['fstatat64', AT_FDCWD, P, P, 0],
  ['statx', AT_FDCWD, P, 0, 0x7ff, P],
  ['statfs', P, P],
  ['fstatfs', 3, P],
  ['statfs64', P, 84, P],
  ['fstatfs64', 3, 84, P],
  ['getdents', 3, P, 100],
  ['getdents64', 3, P, 100],
  ['readv', 3, P, 1],
  ['writev', 3, P, 1],
  ['preadv', 3, P, 1, 0, 0],
  ['pwritev', 3, P, 1, 0, 0],
  ['pread64', 3, P, 10, 0n],
  ['pwrite64', 3, P, 10, 0n],
  ['_llseek', 3, 0, 0, P, 0],
  ['getcwd', P, 100],
  ['openat', AT_FDCWD, P, 0, 0],
  ['mkdirat', AT_FDCWD, P, 0],
  ['mknodat', AT_FDCWD, P, 0, 0],
  ['unlinkat', AT_FDCWD, P, 0],
  ['renameat', AT_FDCWD, P, AT_FDCWD, P],
  ['renameat2', AT_FDCWD, P, AT_FDCWD, P, 0],
  ['linkat', AT_FDCWD, P, AT_FDCWD, P, 0],
  ['symlinkat', P, AT_FDCWD, P],
  ['readlinkat', AT_FDCWD, P, P, 100],
  ['fchmodat', AT_FDCWD, P, 0],
  ['fchownat', AT_FDCWD, P, -1, -1, 0],
  ['faccessat', AT_FDCWD, P, 0],
  ['faccessat2', AT_FDCWD, P, 0, 0],
  ['utime', P, P],
  ['utimes', P, P],
  ['utimensat', AT_FDCWD, P, P, 0],
  ['utimensat_time64', AT_FDCWD, P, P, 0],
  ['futimesat', AT_FDCWD, P, P],
  ['poll', P, 1, 0],
  ['ppoll', P, 1, P, P, 8],
  ['_newselect', 10, P, P, P, P],
  ['select', P],
  ['pselect6', 10, P, P, P, P, P],
  ['sendfile', 3, 3, P, 1],
  ['sendfile64', 3, 3, P, 1],
  ['pipe2', P, 0],
  ['wait4', -1, P, 1, P],
  ['waitpid', -1, P, 1],
  ['waitid', 0, 0, P, 5, P],
  ['rt_sigaction', 10, P, P, 8],
  ['sigaction', 10, P, P],
  ['rt_sigprocmask', 0, P, P, 8],
  ['sigprocmask', 0, P, P],
  ['rt_sigpending', P, 8],
  ['sigpending', P],
  ['rt_sigsuspend', P, 8],
  ['rt_sigtimedwait', P, P, P, 8],
  ['rt_sigqueueinfo', 1, 0, P],
  ['sigaltstack', P, P],
  ['nanosleep', P, P],
  ['clock_gettime', 1, P],
  ['clock_gettime64', 1, P],
  ['clock_getres', 1, P],
  ['clock_nanosleep', 1, 0, P, P],
  ['gettimeofday', P, P],
  ['time', P],
  ['times', P],
  ['getrusage', 0, P],
  ['getitimer', 0, P],
  ['setitimer', 0, P, P],
  ['getrlimit', 4, P],
  ['ugetrlimit', 4, P],
  ['setrlimit', 4, P],
  ['prlimit64', 0, 4, P, P],
  ['sysinfo', P],
  ['uname', P],
  ['getrandom', P, 8, 0],
  ['getcpu', P, P, P],
  ['setgroups32', 1, P],
  ['getresuid32', P, P, P],
  ['getresgid32', P, P, P],
  ['sched_getaffinity', 0, 128, P],
  ['sched_setaffinity', 0, 4, P],
  ['sched_getparam', 0, P],
  ['sched_setscheduler', 0, 0, P],
  ['sched_rr_get_interval', 0, P],
  ['set_thread_area', P],
  ['get_thread_area', P],
  ['prctl', 15, P, 0, 0, 0],
  ['prctl', 16, P, 0, 0, 0],
  ['mmap', P],
  ['ioctl', 3, 0x541b, P],
];

onEveryTarget(({ syscall, check }) => {
  check.each(calls)('%s with wild pointers', async ({ proc }, [name, ...args]) => {
    expect(await proc.call('creat', text('file'), 0o600)).toBe(3);
    for (const wild of wildPointers) {
      const result = await proc.call(name, ...args.map((argument) => (argument === P ? wild : argument)));
      // Some look at the addresses of results only when there is something to tell; then nothing may be harmed.
      if (name !== 'wait4' && name !== 'waitpid' && name !== 'getcpu') expect(isError(result), `${result}`).toBe(true);
    }
    expect(await proc.getpid()).toBe(proc.pid);
  });

  syscall(['read', 'getcwd', 'uname'], () => {
    check('a result that reaches over the end of memory', async ({ proc }) => {
      const address = await proc.mmap({ length: 4096, address: 0x50000000 });
      const last = address + 4096 - 8;
      expect(isError(await proc.call('uname', last))).toBe(true);
      expect(isError(await proc.call('stat64', text('/'), last))).toBe(true);
      expect(isError(await proc.call('pipe', address + 4096 - 4))).toBe(true);
      expect(await proc.getpid()).toBe(proc.pid);
    });
    check('a string that reaches over the end of memory', async ({ proc }) => {
      const address = await proc.mmap({ length: 4096, address: 0x50000000 });
      await proc.poke(address + 4092, new Uint8Array([0x2f, 0x2f, 0x2f, 0x2f]));
      expect(await proc.call('open', address + 4092, 0, 0)).toBe(-14);
      expect(await proc.call('execve', text('/bin/true'), words(address + 4092, 0), words(0))).toBe(-14);
    });
    check('lengths that wrap around', async ({ proc }) => {
      const fd = await proc.open('/dev/zero', 0);
      expect(isError(await proc.call('read', fd, 0xfffffff0, 0x20))).toBe(true);
      expect(isError(await proc.call('read', fd, 0x1000, 0xfffff000))).toBe(true);
      expect(isError(await proc.call('readv', fd, words(0xffffff00, 0x7fffffff), 1))).toBe(true);
      await proc.call('getdents64', await proc.open('.', 0), output(64), 0xffffffff);
      expect(await proc.getpid()).toBe(proc.pid);
    });
  });
});
