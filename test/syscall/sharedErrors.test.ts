/*
 * Errors that many calls share, and that have nothing to do with what they do: no number for a descriptor, a directory
 * that is none, a signal that ends their waiting, somebody else's process.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { type Argument, inout, input, output, strings, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { encodeU64, encodeWords, signalSet } from '../../emulator/agent/records.ts';
import type { SyscallName } from '../../emulator/agent/trace.ts';
import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_OFD_SETLKW,
  F_SETFL,
  F_SETLKW,
  F_WRLCK,
  LOCK_EX,
  O_CREAT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../kernel/abi/fcntl.ts';
import { PTRACE_ATTACH } from '../../kernel/abi/ptrace.ts';
import { RLIMIT_FSIZE, RLIMIT_NOFILE } from '../../kernel/abi/resource.ts';
import { SA_RESTORER, SIG_IGN, SIGUSR1, SIGUSR2, SIGXFSZ } from '../../kernel/abi/signal.ts';
import { S_IFBLK, S_IFCHR, S_IFIFO } from '../../kernel/abi/stat.ts';
import { P_ALL, WEXITED } from '../../kernel/abi/wait.ts';
import { allFail, becomeNobody, type Call, interrupted, onEveryTarget, outcome, succeeds } from './support/suite.ts';

/** A struct flock, and a struct flock64: all of a file, exclusively. */
const record = () => inout(encodeWords([F_WRLCK, 0, 0, 0, 0, 0]));

/** Writes until there is no room. */
async function fill(proc: Process, fd: number): Promise<void> {
  await succeeds(proc, 'fcntl64', fd, F_SETFL, O_NONBLOCK);
  const page = await proc.mmap({ length: 4096 });
  while ((await proc.call('write', fd, page, 4096)) > 0);
  await succeeds(proc, 'fcntl64', fd, F_SETFL, 0);
}

/** A set of descriptors with one in it. */
const setOf = (fd: number) => inout(encodeWords([2 ** fd]));

const noSignals = () => input(encodeU64(0n));

/** Calls that give a new descriptor for a new open file. */
const openingCalls: readonly Call[] = [
  ['open', text('/dev/null'), O_RDONLY, 0],
  ['openat', -100, text('/dev/null'), O_RDONLY, 0],
  ['creat', text('file'), 0o600],
  ['pipe', output(8)],
  ['pipe2', output(8), 0],
  ['epoll_create', 1],
  ['epoll_create1', 0],
  ['eventfd', 0],
  ['eventfd2', 0, 0],
  ['memfd_create', text('name'), 0],
  ['signalfd', -1, noSignals(), 8],
  ['signalfd4', -1, noSignals(), 8, 0],
  ['timerfd_create', 0, 0],
];

/** Calls that give another descriptor for an open file. */
const duplicatingCalls: readonly Call[] = [
  ['dup', 0],
  ['fcntl', 0, F_DUPFD, 0],
  ['fcntl64', 0, F_DUPFD, 0],
  ['fcntl64', 0, F_DUPFD_CLOEXEC, 0],
];

/** Calls that take a directory and a path from there on. `path`: relative. */
const relativeCalls = (directory: number, path: Argument): readonly Call[] => [
  ['openat', directory, path, O_RDONLY, 0],
  ['mkdirat', directory, path, 0o700],
  ['mknodat', directory, path, S_IFIFO | 0o600, 0],
  ['fchownat', directory, path, -1, -1, 0],
  ['futimesat', directory, path, null],
  ['fstatat64', directory, path, output(128), 0],
  ['statx', directory, path, 0, 0x7ff, output(256)],
  ['unlinkat', directory, path, 0],
  ['renameat', directory, path, -100, text('new')],
  ['renameat', -100, text('file'), directory, path],
  ['renameat2', directory, path, -100, text('new'), 0],
  ['renameat2', -100, text('file'), directory, path, 0],
  ['linkat', directory, path, -100, text('new'), 0],
  ['linkat', -100, text('file'), directory, path, 0],
  ['symlinkat', text('x'), directory, path],
  ['readlinkat', directory, path, output(64), 64],
  ['fchmodat', directory, path, 0o600],
  ['fchmodat2', directory, path, 0o600, 0],
  ['faccessat', directory, path, 0],
  ['faccessat2', directory, path, 0, 0],
  ['utimensat', directory, path, null, 0],
  ['utimensat_time64', directory, path, null, 0],
];

onEveryTarget(({ target, syscall, check }) => {
  syscall(
    [
      ...['open', 'openat', 'creat', 'pipe', 'pipe2', 'epoll_create', 'epoll_create1', 'eventfd', 'eventfd2'],
      ...['memfd_create', 'signalfd', 'signalfd4', 'timerfd_create', 'dup', 'fcntl', 'fcntl64'],
    ] as SyscallName[],
    () => {
      check('EMFILE: the process has no number left', async ({ proc }) => {
        await succeeds(proc, 'setrlimit', RLIMIT_NOFILE, words(8, 8));
        while ((await proc.call('dup', 0)) >= 0);
        await allFail(proc, 'EMFILE', [...openingCalls, ...duplicatingCalls]);
      });
      if (target.own) {
        check('ENFILE: the system has enough files open', async ({ proc, spawn }) => {
          const root = await spawn();
          await succeeds(proc, 'chmod', text('.'), 0o777);
          const setting = await root.open('/proc/sys/fs/file-max', O_RDWR);
          const before = await root.readAll(setting);
          try {
            await becomeNobody(proc);
            await root.write(setting, '1');
            await allFail(proc, 'ENFILE', openingCalls);
            expect(await proc.call('dup', 0)).toBeGreaterThan(0);
          } finally {
            await root.write(setting, before);
          }
          await proc.open('/dev/null', O_RDONLY);
        });
      }
    },
  );

  syscall(
    [
      ...['openat', 'mkdirat', 'mknodat', 'fchownat', 'futimesat', 'fstatat64', 'statx', 'unlinkat', 'renameat'],
      ...['renameat2', 'linkat', 'symlinkat', 'readlinkat', 'fchmodat', 'fchmodat2', 'faccessat', 'faccessat2'],
      ...['utimensat', 'utimensat_time64'],
    ] as SyscallName[],
    () => {
      check('EBADF: from a directory that is not open; ENOTDIR: from a file', async ({ proc }) => {
        const fd = await proc.open('file', O_CREAT | O_RDWR, 0o600);
        await allFail(proc, 'EBADF', relativeCalls(50, text('x')));
        await allFail(proc, 'ENOTDIR', relativeCalls(fd, text('x')));
      });
    },
  );

  syscall(
    [
      ...['select', '_newselect', 'pselect6', 'pselect6_time64', 'poll', 'ppoll', 'ppoll_time64', 'epoll_wait'],
      ...['epoll_pwait', 'epoll_pwait2', 'rt_sigtimedwait', 'rt_sigtimedwait_time64', 'waitid', 'wait4', 'waitpid'],
      ...['flock', 'fcntl', 'fcntl64', 'open', 'openat', 'creat', 'nanosleep', 'clock_nanosleep'],
      ...[
        'clock_nanosleep_time64',
        'rt_sigsuspend',
        'pause',
        'futex',
        'futex_time64',
        'read',
        'write',
        'readv',
        'writev',
      ],
    ] as SyscallName[],
    () => {
      check('EINTR: a signal with a handler comes', async ({ proc }) => {
        const { signalHandler, restorer } = proc.agent;
        await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: SA_RESTORER, restorer });
        const child = await proc.fork();
        const lock = await proc.open('lock', O_CREAT | O_RDWR, 0o600);
        const holder = await proc.fork();
        await succeeds(holder, 'fcntl64', lock, F_SETLKW, record());
        const other = await holder.open('lock', O_RDWR);
        await succeeds(holder, 'flock', other, LOCK_EX);
        await succeeds(proc, 'mknod', text('fifo'), S_IFIFO | 0o600, 0);
        const [readEnd, writeEnd] = await proc.pipe();
        const [, full] = await proc.pipe();
        const epoll = await succeeds(proc, 'epoll_create1', 0);
        const page = await proc.mmap({ length: 4096 });
        await fill(proc, full);
        const long = () => words(1000, 0);
        const long64 = () => words(1000, 0, 0, 0);
        const waiting: readonly Call[] = [
          ['select', words(32, setOf(readEnd), 0, 0, 0)],
          ['_newselect', 32, setOf(readEnd), null, null, null],
          ['pselect6', 32, setOf(readEnd), null, null, null, null],
          ['pselect6_time64', 32, setOf(readEnd), null, null, null, null],
          ['poll', inout(encodeWords([readEnd, 1])), 1, -1],
          ['ppoll', inout(encodeWords([readEnd, 1])), 1, null, null, 8],
          ['ppoll_time64', inout(encodeWords([readEnd, 1])), 1, null, null, 8],
          ['epoll_wait', epoll, output(12), 1, -1],
          ['epoll_pwait', epoll, output(12), 1, -1, null, 8],
          ['epoll_pwait2', epoll, output(12), 1, null, null, 8],
          ['rt_sigtimedwait', input(encodeU64(signalSet(SIGUSR2))), null, null, 8],
          ['rt_sigtimedwait_time64', input(encodeU64(signalSet(SIGUSR2))), null, null, 8],
          ['waitid', P_ALL, 0, output(128), WEXITED, null],
          ['wait4', child.pid, null, 0, null],
          ['waitpid', child.pid, null, 0],
          ['flock', lock, LOCK_EX],
          ['fcntl', lock, F_SETLKW, record()],
          ['fcntl64', lock, F_SETLKW, record()],
          ['fcntl64', lock, F_OFD_SETLKW, record()],
          ['open', text('fifo'), O_RDONLY, 0],
          ['openat', -100, text('fifo'), O_WRONLY, 0],
          ['creat', text('fifo'), 0],
          ['nanosleep', long(), null],
          ['clock_nanosleep', 1, 0, long(), null],
          ['clock_nanosleep_time64', 1, 0, long64(), null],
          ['rt_sigsuspend', noSignals(), 8],
          ['pause'],
          ['futex', page, 0, 0, long(), null, 0],
          ['futex_time64', page, 0, 0, long64(), null, 0],
          ['read', readEnd, output(1), 1],
          ['write', full, text('x'), 1],
          ['readv', readEnd, words(output(1), 1), 1],
          ['writev', full, words(text('x'), 1), 1],
        ];
        const results: string[] = [];
        for (const [name, ...args] of waiting) {
          results.push(`${name}: ${outcome(await interrupted(proc, SIGUSR1, proc.call(name, ...args)))}`);
        }
        expect(results).toEqual(waiting.map(([name]) => `${name}: EINTR`));
        await proc.close(writeEnd);
      });
    },
  );

  syscall(['truncate', 'truncate64', 'ftruncate', 'ftruncate64', 'write', 'pwrite64', 'fallocate'], () => {
    check('EFBIG: longer than the process may make a file', async ({ proc }) => {
      const fd = await proc.open('file', O_CREAT | O_RDWR, 0o600);
      await proc.sigaction(SIGXFSZ, { handler: SIG_IGN });
      await succeeds(proc, 'setrlimit', RLIMIT_FSIZE, words(4096, 4096));
      await succeeds(proc, 'ftruncate', fd, 4096);
      await succeeds(proc, 'lseek', fd, 4096, 0);
      await allFail(proc, 'EFBIG', [
        ['truncate', text('file'), 4097],
        ['truncate64', text('file'), 4097n],
        ['ftruncate', fd, 4097],
        ['ftruncate64', fd, 8192n],
        ['write', fd, text('x'), 1],
        ['pwrite64', fd, text('x'), 1, 4096n],
        ...(target.own ? ([['fallocate', fd, 0, 0n, 8192n]] as const) : []), // the host's file system may not look
      ]);
    });
  });

  syscall(['execve', 'open', 'openat', 'creat', 'truncate', 'truncate64'], () => {
    check(
      'ETXTBSY: a program that runs is not written, one that is open for writing does not run',
      async ({ proc }) => {
        const program = await proc.open('program', O_CREAT | O_WRONLY, 0o700);
        const bytes = readFileSync(join(inject('imageFolder'), 'bin', 'cat'));
        for (let at = 0; at < bytes.length; at += 4000) await proc.write(program, bytes.subarray(at, at + 4000));
        const run: Call = ['execve', text('program'), strings(['program']), strings([])];
        await allFail(proc, 'ETXTBSY', [run]);
        await proc.close(program);
        const [readEnd] = await proc.pipe();
        const child = await proc.fork();
        await child.dup2(readEnd, 0);
        await child.exec('./program', ['program'], []);
        await allFail(proc, 'ETXTBSY', [
          ['open', text('program'), O_WRONLY, 0],
          ['openat', -100, text('program'), O_RDWR, 0],
          ['creat', text('program'), 0o700],
          ['truncate', text('program'), 0],
          ['truncate64', text('program'), 0n],
        ]);
        await proc.close(await proc.open('program', O_RDONLY));
      },
    );
  });

  syscall(['link', 'linkat', 'rename', 'renameat', 'renameat2'], () => {
    check('EXDEV: to another file system', async ({ proc, directory }) => {
      const [from, to] = [text('/proc/uptime'), text(`${directory}/x`)];
      await allFail(proc, 'EXDEV', [
        ['link', from, to],
        ['linkat', -100, from, -100, to, 0],
        ['rename', from, to],
        ['renameat', -100, from, -100, to],
        ['renameat2', -100, from, -100, to, 0],
      ]);
    });
  });

  syscall(
    [
      ...['sched_setparam', 'sched_setscheduler', 'sched_setattr', 'setpriority', 'sched_setaffinity', 'prlimit64'],
      ...['kill', 'tkill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'ptrace', 'process_vm_readv'],
      ...['process_vm_writev'],
    ] as SyscallName[],
    () => {
      check('EPERM: what is done to a process of somebody else', async ({ proc, spawn }) => {
        const { pid } = await spawn();
        await becomeNobody(proc);
        const queued = input(encodeWords([SIGUSR1, 0, -1, ...new Array<number>(29).fill(0)]));
        await allFail(proc, 'EPERM', [
          ['sched_setparam', pid, words(0)],
          ['sched_setscheduler', pid, 0, words(0)],
          ['sched_setattr', pid, inout(encodeWords([48, ...new Array<number>(11).fill(0)])), 0],
          ['setpriority', 0, pid, 1],
          ['sched_setaffinity', pid, 4, words(1)],
          ['prlimit64', pid, RLIMIT_NOFILE, null, output(16)],
          ['kill', pid, SIGUSR1],
          ['tkill', pid, SIGUSR1],
          ['tgkill', pid, pid, SIGUSR1],
          ['rt_sigqueueinfo', pid, SIGUSR1, queued],
          ['rt_tgsigqueueinfo', pid, pid, SIGUSR1, queued],
          ['ptrace', PTRACE_ATTACH, pid, 0, 0],
          ['process_vm_readv', pid, words(output(4), 4), 1, words(0x1000, 4), 1, 0],
          ['process_vm_writev', pid, words(output(4), 4), 1, words(0x1000, 4), 1, 0],
        ]);
      });
    },
  );

  syscall(
    [
      ...['chroot', 'clock_settime', 'clock_settime64', 'settimeofday', 'stime', 'sethostname', 'setdomainname'],
      ...['mount', 'umount', 'umount2', 'swapon', 'swapoff', 'reboot', 'mknod', 'mknodat', 'setgroups'],
      ...[
        'setgroups32',
        'setuid',
        'setuid32',
        'setgid',
        'setgid32',
        'setreuid',
        'setreuid32',
        'setregid',
        'setregid32',
      ],
      ...['setresuid', 'setresuid32', 'setresgid', 'setresgid32', 'setrlimit'],
      ...['chown', 'chown32', 'lchown', 'lchown32', 'fchown', 'fchown32', 'fchownat', 'chmod', 'fchmod', 'fchmodat'],
      ...['fchmodat2', 'utime', 'utimes', 'futimesat', 'utimensat', 'utimensat_time64'],
    ] as SyscallName[],
    () => {
      check('EPERM: what only the superuser may do, or the owner', async ({ proc }) => {
        await succeeds(proc, 'chmod', text('.'), 0o777);
        const fd = await proc.open('foreign', O_CREAT | O_RDWR, 0o666);
        await succeeds(proc, 'fchmod', fd, 0o666);
        await becomeNobody(proc);
        const [now, now64] = [words(1, 0), words(1, 0, 0, 0)];
        const name = text('foreign');
        await allFail(proc, 'EPERM', [
          ['chroot', text('.')],
          ['clock_settime', 0, now],
          ['clock_settime64', 0, now64],
          ['settimeofday', now, null],
          ['stime', words(1)],
          ['sethostname', text('x'), 1],
          ['setdomainname', text('x'), 1],
          ['mount', text('none'), text('.'), text('tmpfs'), 0, 0],
          ['umount', text('/proc')],
          ['umount2', text('/proc'), 0],
          ['swapon', text('/dev/null'), 0],
          ['swapoff', text('/dev/null')],
          ['reboot', 0xfee1dead, 0x28121969, 0, 0],
          ['mknod', text('device'), S_IFCHR | 0o600, 0x103],
          ['mknodat', -100, text('device'), S_IFBLK | 0o600, 0x103],
          ['setgroups', 0, null],
          ['setgroups32', 0, null],
          ...(['setuid', 'setuid32', 'setgid', 'setgid32'] as const).map((call): Call => [call, 77]),
          ...(['setreuid', 'setreuid32'] as const).map((call): Call => [call, 0, 0]),
          ...(['setresuid', 'setresuid32'] as const).map((call): Call => [call, 0, 0, 0]),
          ['setrlimit', RLIMIT_NOFILE, words(1 << 30, 1 << 30)],
          ...(['chown', 'chown32', 'lchown', 'lchown32'] as const).map((call): Call => [call, name, 1000, 1000]),
          ['fchown', fd, 1000, 1000],
          ['fchown32', fd, 1000, 1000],
          ['fchownat', -100, name, 1000, 1000, 0],
          ['chmod', name, 0o600],
          ['fchmod', fd, 0o600],
          ['fchmodat', -100, name, 0o600],
          ['fchmodat2', -100, name, 0o600, 0],
          ['utime', name, words(1, 1)],
          ['utimes', name, words(1, 0, 1, 0)],
          ['futimesat', -100, name, words(1, 0, 1, 0)],
          ['utimensat', -100, name, words(1, 0, 1, 0), 0],
          ['utimensat_time64', -100, name, words(1, 0, 0, 0, 1, 0, 0, 0), 0],
        ]);
      });
    },
  );
});
