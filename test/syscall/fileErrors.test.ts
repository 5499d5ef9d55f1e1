/*
 * The rarer errors of calls about files and memory: what is too large, what is full, what a directory or a region forbids.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { input, output, strings, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { encodeU64, encodeWords } from '../../emulator/agent/records.ts';
import type { SyscallName } from '../../emulator/agent/trace.ts';
import {
  F_SETFL,
  F_SETPIPE_SZ,
  O_CREAT,
  O_DIRECTORY,
  O_LARGEFILE,
  O_NOATIME,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE_BIT,
  O_WRONLY,
  SEEK_CUR,
  SEEK_DATA,
} from '../../kernel/abi/fcntl.ts';
import { TCFLSH, TCXONC } from '../../kernel/abi/ioctl.ts';
import { IPC_CREAT, IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, IPC_STAT } from '../../kernel/abi/ipc.ts';
import {
  MADV_POPULATE_READ,
  MADV_REMOVE,
  MAP_ANONYMOUS,
  MAP_LOCKED,
  MAP_PRIVATE,
  MAP_SHARED,
  MCL_CURRENT,
  MREMAP_MAYMOVE,
  MS_INVALIDATE,
  PROT_READ,
  PROT_WRITE,
} from '../../kernel/abi/mman.ts';
import { RLIMIT_MEMLOCK, RLIMIT_NPROC, RLIMIT_SIGPENDING } from '../../kernel/abi/resource.ts';
import { SIG_BLOCK } from '../../kernel/abi/signal.ts';
import { S_IFCHR, S_IFIFO } from '../../kernel/abi/stat.ts';
import { CLOCK_REALTIME_ALARM } from '../../kernel/abi/time.ts';
import {
  type Call,
  allFail,
  becomeNobody,
  fails,
  onEveryTarget,
  outcome,
  succeeds,
  wildPointers,
} from './support/suite.ts';

const TWO_GIGABYTES = 1n << 31n;
const PAGE = 4096;
const REALTIME_SIGNAL = 40;

/** Leaves the process as one that is not root's, in a directory that anybody may write. */
async function asNobody(proc: Process): Promise<void> {
  await succeeds(proc, 'chmod', text('.'), 0o777);
  await becomeNobody(proc);
}

async function makeFile(proc: Process, name: string, mode = 0o600): Promise<number> {
  return proc.open(name, O_CREAT | O_RDWR, mode);
}

async function writeFile(proc: Process, name: string, contents: Uint8Array): Promise<void> {
  const fd = await makeFile(proc, name, 0o700);
  for (let at = 0; at < contents.length; at += 4000) await proc.write(fd, contents.subarray(at, at + 4000));
  await proc.close(fd);
}

/** A program with a PT_INTERP entry in front of the others; its table of segments goes to the end of the file. */
function withInterpreter(program: Uint8Array, path: string): Uint8Array {
  const header = new DataView(program.buffer, program.byteOffset, program.length);
  const [tableAt, entrySize, entries] = [
    header.getUint32(28, true),
    header.getUint16(42, true),
    header.getUint16(44, true),
  ];
  const name = new TextEncoder().encode(`${path}\0`);
  const table = program.length + name.length;
  const result = new Uint8Array(table + (1 + entries) * entrySize);
  result.set(program);
  result.set(name, program.length);
  result.set(program.subarray(tableAt, tableAt + entries * entrySize), table + entrySize);
  const view = new DataView(result.buffer);
  const words = [3, program.length, 0, 0, name.length, name.length, 4, 1]; // PT_INTERP, its place and its length
  for (const [i, word] of words.entries()) view.setUint32(table + 4 * i, word, true);
  view.setUint32(28, table, true);
  view.setUint16(44, 1 + entries, true);
  return result;
}

/** Takes all the space that is left on the file system of `fd`, to the last page. */
async function takeAllSpace(proc: Process, fd: number): Promise<void> {
  let end = 0;
  for (let step = 1 << 30; step >= PAGE; step >>= 1) {
    while ((await proc.call('fallocate', fd, 0, BigInt(end), BigInt(step))) === 0) end += step;
  }
}

onEveryTarget(({ target, syscall, check }) => {
  syscall(
    [
      ...['open', 'openat', 'stat', 'lstat', 'fstat', 'oldstat', 'oldlstat', 'oldfstat', 'lseek'],
      'mmap2',
    ] as SyscallName[],
    () => {
      check('EOVERFLOW: a size or a place that does not fit in 31 bits', async ({ proc }) => {
        const fd = await proc.open('big', O_CREAT | O_RDWR | O_LARGEFILE, 0o600);
        await succeeds(proc, 'ftruncate64', fd, TWO_GIGABYTES + 1n);
        const out = await makeFile(proc, 'out');
        await succeeds(proc, '_llseek', fd, 1, 0, output(8), 0);
        const name = text('big');
        await allFail(proc, 'EOVERFLOW', [
          ['open', name, O_RDONLY, 0],
          ['openat', -100, name, O_RDONLY, 0],
          ['stat', name, output(128)],
          ['lstat', name, output(128)],
          ['fstat', fd, output(128)],
          ['oldstat', name, output(64)],
          ['oldlstat', name, output(64)],
          ['oldfstat', fd, output(64)],
        ]);
        if (!target.own) return; // a kernel of 64 bits has room for the others
        await fails(proc, 'EOVERFLOW', 'lseek', fd, 0, SEEK_CUR);
        await fails(proc, 'EOVERFLOW', 'mmap2', 0, PAGE, PROT_READ, MAP_SHARED, fd, -1);
        await proc.close(out);
      });
    },
  );

  syscall(['open', 'openat', 'mknod', 'mknodat', 'lseek', 'fallocate', 'read'], () => {
    check('ENXIO: a FIFO that nobody reads, a device without a driver, no data behind', async ({ proc }) => {
      await succeeds(proc, 'mknod', text('fifo'), S_IFIFO | 0o600, 0);
      const fd = await makeFile(proc, 'file');
      const calls: Call[] = [
        ['open', text('fifo'), O_WRONLY | O_NONBLOCK, 0],
        ['openat', -100, text('fifo'), O_WRONLY | O_NONBLOCK, 0],
        ['lseek', fd, 0, SEEK_DATA],
      ];
      if (target.own) {
        await succeeds(proc, 'mknod', text('device'), S_IFCHR | 0o600, 0xfa07);
        calls.push(['open', text('device'), O_RDONLY, 0], ['openat', -100, text('device'), O_RDONLY, 0]);
      }
      await allFail(proc, 'ENXIO', calls);
    });
    check('EOPNOTSUPP: a file without a name, where there is none', async ({ proc }) => {
      const flags = O_TMPFILE_BIT | O_DIRECTORY | O_RDWR;
      await allFail(proc, 'EOPNOTSUPP', [
        ['open', text('/proc'), flags, 0o600],
        ['openat', -100, text('/proc'), flags, 0o600],
      ]);
    });
    check('ENODEV: space for what has none', async ({ proc }) => {
      await fails(proc, 'ENODEV', 'fallocate', await proc.open('/dev/null', O_RDWR), 0, 0n, 1n);
    });
    check('EINVAL: too little room for what comes in one piece', async ({ proc }) => {
      const fd = await succeeds(proc, 'eventfd2', 1, 0);
      await fails(proc, 'EINVAL', 'read', fd, output(4), 4);
    });
    check('EPERM: O_NOATIME on a file of somebody else', async ({ proc }) => {
      await proc.close(await makeFile(proc, 'file'));
      await succeeds(proc, 'chmod', text('file'), 0o644);
      await asNobody(proc);
      await allFail(proc, 'EPERM', [
        ['open', text('file'), O_RDONLY | O_NOATIME, 0],
        ['openat', -100, text('file'), O_RDONLY | O_NOATIME, 0],
      ]);
    });
  });

  syscall(['unlink', 'unlinkat', 'rmdir', 'rename', 'renameat', 'renameat2'], () => {
    check('EPERM: what somebody else has in a directory with the sticky bit', async ({ proc }) => {
      await proc.mkdir('shared');
      await proc.mkdir('shared/directory');
      await proc.close(await makeFile(proc, 'shared/file'));
      await succeeds(proc, 'chmod', text('shared'), 0o1777);
      await asNobody(proc);
      const [file, other] = [text('shared/file'), text('shared/other')];
      await allFail(proc, 'EPERM', [
        ['unlink', file],
        ['unlinkat', -100, file, 0],
        ['rmdir', text('shared/directory')],
        ['rename', file, other],
        ['renameat', -100, file, -100, other],
        ['renameat2', -100, file, -100, other, 0],
      ]);
    });
    if (target.own) {
      check('EBUSY: something is mounted there', async ({ proc }) => {
        await proc.mkdir('point');
        await succeeds(proc, 'mount', text('none'), text('point'), text('tmpfs'), 0, 0);
        await allFail(proc, 'EBUSY', [
          ['rmdir', text('point')],
          ['unlinkat', -100, text('point'), 0x200],
          ['rename', text('point'), text('other')],
          ['renameat', -100, text('point'), -100, text('other')],
          ['renameat2', -100, text('point'), -100, text('other'), 0],
        ]);
        await succeeds(proc, 'umount2', text('point'), 0);
      });
    }
  });

  syscall(['utime', 'utimes', 'futimesat', 'utimensat', 'utimensat_time64', 'fchdir', 'getdents', 'getdents64'], () => {
    check('EACCES: the time of now, on a file that one may not write', async ({ proc }) => {
      await proc.close(await makeFile(proc, 'file'));
      await asNobody(proc);
      await allFail(proc, 'EACCES', [
        ['utime', text('file'), null],
        ['utimes', text('file'), null],
        ['futimesat', -100, text('file'), null],
        ['utimensat', -100, text('file'), null, 0],
        ['utimensat_time64', -100, text('file'), null, 0],
      ]);
    });
    check('EACCES: a directory that one may read, but not search', async ({ proc }) => {
      await proc.mkdir('directory');
      await succeeds(proc, 'chmod', text('directory'), 0o744);
      await asNobody(proc);
      await fails(proc, 'EACCES', 'fchdir', await proc.open('directory', O_RDONLY));
    });
    check('ENOENT: a directory that is gone', async ({ proc }) => {
      await proc.mkdir('directory');
      const fd = await proc.open('directory', O_RDONLY);
      await succeeds(proc, 'rmdir', text('directory'));
      await fails(proc, 'ENOENT', 'getdents', fd, output(512), 512);
      await fails(proc, 'ENOENT', 'getdents64', fd, output(512), 512);
    });
  });

  syscall(['sendfile', 'sendfile64'], () => {
    check('EAGAIN: no room now; EFAULT; ESPIPE: no place in a pipe', async ({ proc }) => {
      const file = await makeFile(proc, 'file');
      await proc.write(file, 'x'.repeat(100));
      const [readEnd, writeEnd] = await proc.pipe();
      const [source] = await proc.pipe();
      await succeeds(proc, 'fcntl64', writeEnd, F_SETFL, O_NONBLOCK);
      const memory = await proc.mmap({ length: PAGE });
      while ((await proc.call('write', writeEnd, memory, PAGE)) > 0);
      const [from, from64] = [words(0), input(encodeU64(0n))];
      await allFail(proc, 'EAGAIN', [
        ['sendfile', writeEnd, file, from, 100],
        ['sendfile64', writeEnd, file, from64, 100],
      ]);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sendfile', writeEnd, file, wild, 1);
        await fails(proc, 'EFAULT', 'sendfile64', writeEnd, file, wild, 1);
      }
      await fails(proc, 'EOVERFLOW', 'sendfile', file, file, words(0x7fffffff), 1);
      await allFail(proc, 'ESPIPE', [
        ['sendfile', file, source, from, 1],
        ['sendfile64', file, source, from64, 1],
      ]);
      await proc.close(readEnd);
    });
  });

  if (target.own) {
    syscall('ioctl', () => {
      check('EINVAL: an argument that is none of those there are', async ({ proc }) => {
        const terminal = await proc.open('/dev/console', O_RDWR);
        for (const request of [TCXONC, TCFLSH]) await fails(proc, 'EINVAL', 'ioctl', terminal, request, 99);
      });
    });
  }

  syscall(['fcntl', 'fcntl64'], () => {
    check('EBUSY: a pipe that holds more; EPERM: more than others than root may ask for', async ({ proc }) => {
      const [, writeEnd] = await proc.pipe();
      const memory = await proc.mmap({ length: 4 * PAGE });
      await succeeds(proc, 'write', writeEnd, memory, 4 * PAGE);
      await fails(proc, 'EBUSY', 'fcntl', writeEnd, F_SETPIPE_SZ, PAGE);
      await fails(proc, 'EBUSY', 'fcntl64', writeEnd, F_SETPIPE_SZ, PAGE);
      await becomeNobody(proc);
      await fails(proc, 'EPERM', 'fcntl', writeEnd, F_SETPIPE_SZ, 1 << 22);
      await fails(proc, 'EPERM', 'fcntl64', writeEnd, F_SETPIPE_SZ, 1 << 22);
    });
  });

  syscall(['mmap', 'mmap2', 'mprotect', 'madvise'], () => {
    check('EACCES: what the opening does not allow; ENODEV: what cannot be mapped', async ({ proc }) => {
      await proc.close(await makeFile(proc, 'file'));
      const reads = await proc.open('file', O_RDONLY);
      const writes = await proc.open('file', O_WRONLY);
      await succeeds(proc, 'ftruncate', writes, PAGE);
      const shared = await succeeds(proc, 'mmap2', 0, PAGE, PROT_READ, MAP_SHARED, reads, 0);
      const old = (fd: number, protection: number): Call => ['mmap', words(0, PAGE, protection, MAP_SHARED, fd, 0)];
      await allFail(proc, 'EACCES', [
        old(reads, PROT_READ | PROT_WRITE),
        old(writes, PROT_WRITE),
        ['mmap2', 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reads, 0],
        ['mmap2', 0, PAGE, PROT_READ, MAP_PRIVATE, writes, 0],
        ['mprotect', shared, PAGE, PROT_READ | PROT_WRITE],
        ['madvise', shared, PAGE, MADV_REMOVE],
      ]);
      const [readEnd] = await proc.pipe();
      await allFail(proc, 'ENODEV', [old(readEnd, PROT_READ), ['mmap2', 0, PAGE, PROT_READ, MAP_SHARED, readEnd, 0]]);
    });
    check('EFAULT: pages that cannot be had', async ({ proc }) => {
      const fd = await makeFile(proc, 'file');
      const empty = await succeeds(proc, 'mmap2', 0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
      await fails(proc, 'EFAULT', 'madvise', empty, PAGE, MADV_POPULATE_READ);
    });
  });

  syscall(['mmap', 'mmap2', 'mlock', 'mlock2', 'mlockall', 'mremap', 'msync'], () => {
    check('EAGAIN, ENOMEM, EPERM: more locked memory than allowed; EBUSY: it is locked', async ({ proc }) => {
      const page = await proc.mmap({ length: PAGE });
      const other = await proc.mmap({ length: PAGE });
      await succeeds(proc, 'setrlimit', RLIMIT_MEMLOCK, words(PAGE, PAGE));
      await becomeNobody(proc);
      await succeeds(proc, 'mlock2', page, PAGE, 0);
      await fails(proc, 'EBUSY', 'msync', page, PAGE, MS_INVALIDATE);
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED;
      await allFail(proc, 'EAGAIN', [
        ['mmap', words(0, PAGE, PROT_READ, flags, -1, 0)],
        ['mmap2', 0, PAGE, PROT_READ, flags, -1, 0],
        ['mremap', page, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0],
      ]);
      await allFail(proc, 'ENOMEM', [
        ['mlock', other, PAGE],
        ['mlock2', other, PAGE, 0],
        ['mlockall', MCL_CURRENT],
      ]);
      await succeeds(proc, 'munlock', page, PAGE);
      await succeeds(proc, 'setrlimit', RLIMIT_MEMLOCK, words(0, 0));
      await allFail(proc, 'EPERM', [
        ['mlock', page, PAGE],
        ['mlock2', page, PAGE, 0],
        ['mlockall', MCL_CURRENT],
        ['mmap2', 0, PAGE, PROT_READ, flags, -1, 0],
      ]);
    });
  });

  syscall(['rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'tkill', 'tgkill', 'fork', 'vfork', 'clone', 'clone3'], () => {
    check('EAGAIN: no more signals may wait', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, 1n << BigInt(REALTIME_SIGNAL - 1));
      await succeeds(proc, 'setrlimit', RLIMIT_SIGPENDING, words(0, 0));
      const pid = await proc.call('getpid');
      const queued = input(encodeWords([REALTIME_SIGNAL, 0, -1, ...new Array<number>(29).fill(0)]));
      await allFail(proc, 'EAGAIN', [
        ['rt_sigqueueinfo', pid, REALTIME_SIGNAL, queued],
        ['rt_tgsigqueueinfo', pid, pid, REALTIME_SIGNAL, queued],
        ['tkill', pid, REALTIME_SIGNAL],
        ['tgkill', pid, pid, REALTIME_SIGNAL],
      ]);
    });
    check('EAGAIN: no more processes', async ({ proc }) => {
      await becomeNobody(proc);
      await succeeds(proc, 'setrlimit', RLIMIT_NPROC, words(0, 0));
      const clone3 = new Uint8Array(88);
      clone3[32] = 17; // exit_signal
      await allFail(proc, 'EAGAIN', [
        ['fork'],
        ['vfork'],
        ['clone', 17, 0, null, 0, null],
        ['clone3', input(clone3), 88],
      ]);
    });
  });

  syscall(['read', 'write', 'pread64', 'pwrite64'], () => {
    check('EFAULT: a wild buffer; EISDIR: a directory', async ({ proc }) => {
      const fd = await makeFile(proc, 'file');
      await proc.write(fd, 'x');
      const directory = await proc.open('.', O_RDONLY);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'pread64', fd, wild, 1, 0n);
        await fails(proc, 'EFAULT', 'pwrite64', fd, wild, 1, 0n);
      }
      await fails(proc, 'EISDIR', 'read', directory, output(4), 4);
      await fails(proc, 'EISDIR', 'pread64', directory, output(4), 4, 0n);
    });
    check('EIO: memory that is not there', async ({ proc }) => {
      const memory = await proc.open('/proc/self/mem', O_RDWR);
      await succeeds(proc, 'lseek', memory, PAGE, 0);
      await allFail(proc, 'EIO', [
        ['read', memory, output(4), 4],
        ['write', memory, text('x'), 1],
        ['pread64', memory, output(4), 4, BigInt(PAGE)],
        ['pwrite64', memory, text('x'), 1, BigInt(PAGE)],
      ]);
    });
  });

  syscall('execve', () => {
    check('ELIBBAD: the interpreter of a program is no program', async ({ proc }) => {
      const program = readFileSync(join(inject('imageFolder'), 'bin', 'true'));
      await writeFile(proc, 'interpreter', new TextEncoder().encode('something else'.repeat(10)));
      await writeFile(proc, 'odd', withInterpreter(program, './interpreter'));
      await fails(proc, 'ELIBBAD', 'execve', text('odd'), strings(['odd']), strings([]));
    });
  });

  syscall(['timerfd_create', 'timer_create', 'sched_rr_get_interval', 'sched_rr_get_interval_time64'], () => {
    check('EPERM: a timer that wakes the machine; EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_rr_get_interval', 0, wild);
        await fails(proc, 'EFAULT', 'sched_rr_get_interval_time64', 0, wild);
      }
      await becomeNobody(proc);
      await fails(proc, 'EPERM', 'timerfd_create', CLOCK_REALTIME_ALARM, 0);
    });
  });

  syscall(['msgrcv', 'msgsnd', 'semtimedop_time64'], () => {
    check('EIDRM: what one waits for is removed', async ({ proc, spawn }) => {
      const other = await spawn();
      const full = words(1, ...new Array<number>(1000).fill(0));
      const waits: (() => Promise<readonly [id: number, remove: SyscallName, call: Promise<number>]>)[] = [
        async () => {
          const id = await succeeds(proc, 'msgget', IPC_PRIVATE, 0o600);
          return [id, 'msgctl', other.call('msgrcv', id, output(8), 4, 0, 0)];
        },
        async () => {
          const id = await succeeds(proc, 'msgget', IPC_PRIVATE, 0o600);
          while ((await proc.call('msgsnd', id, full, 4000, IPC_NOWAIT)) === 0);
          return [id, 'msgctl', other.call('msgsnd', id, full, 4000, 0)];
        },
        async () => {
          const id = await succeeds(proc, 'semget', IPC_PRIVATE, 1, 0o600);
          return [id, 'semctl', other.call('semtimedop_time64', id, words(0xffff0000 | 0, 0), 1, null)];
        },
      ];
      for (const begin of waits) {
        let result: string;
        do {
          const [id, remove, call] = await begin();
          const rest = remove === 'msgctl' ? [IPC_RMID, null] : [0, IPC_RMID, 0];
          await succeeds(proc, remove, id, ...rest);
          result = outcome(await call);
        } while (result === 'EINVAL'); // it was removed before the other one had begun to wait
        expect(result).toBe('EIDRM');
      }
    });
  });

  syscall(['shmctl', 'shmat'], () => {
    check('EACCES: a segment that only its owner may see', async ({ proc }) => {
      const id = await succeeds(proc, 'shmget', IPC_PRIVATE, PAGE, IPC_CREAT | 0o600);
      await becomeNobody(proc);
      await fails(proc, 'EACCES', 'shmctl', id, IPC_STAT, output(128));
      await fails(proc, 'EACCES', 'shmat', id, null, 0);
    });
  });

  if (target.own) {
    syscall(['write', 'pwrite64', 'writev', 'fallocate'], () => {
      check('ENOSPC: the file system is full', async ({ proc }) => {
        const fd = await makeFile(proc, 'file');
        await takeAllSpace(proc, await makeFile(proc, 'all'));
        await allFail(proc, 'ENOSPC', [
          ['write', fd, text('x'), 1],
          ['pwrite64', fd, text('x'), 1, 0n],
          ['writev', fd, words(text('x'), 1), 1],
          ['fallocate', fd, 0, 0n, 1n],
        ]);
        await succeeds(proc, 'unlink', text('all'));
      });
    });
  }
});
