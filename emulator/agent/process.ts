/*
 * A process under the agent, with its system calls as methods. Each rejects with Errno if the call fails. Arguments
 * that are records of the ABI are written as objects; for the odd test of a wild pointer or a bad flag, `run` and
 * `call` (caller.ts) take anything.
 */

import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../../kernel/abi/mman.ts';
import { AGENT_FORK, AGENT_VFORK } from '../../kernel/abi/wire.ts';
import { type Argument, input, output, strings, text } from './arguments.ts';
import { Caller } from './caller.ts';
import { ProcessGone } from './failures.ts';
import {
  decodeDirents64,
  decodeSigaction,
  decodeStat64,
  decodeString,
  decodeU64,
  decodeWaitStatus,
  decodeWords,
  type DirectoryEntry,
  encodeSigaction,
  encodeTimespec,
  encodeU64,
  type FileStatus,
  type SignalAction,
  STAT64_SIZE,
  type WaitStatus,
} from './records.ts';

/** A path, or anything else that is to stand in its place (a wild pointer). */
export type Path = string | Argument;

export interface Mapping {
  readonly length: number;
  /** Default: PROT_READ | PROT_WRITE. */
  readonly prot?: number;
  /** Default: MAP_PRIVATE | MAP_ANONYMOUS. */
  readonly flags?: number;
  readonly address?: number;
  readonly fd?: number;
  /** In pages. */
  readonly pageOffset?: number;
}

export interface Waited {
  readonly pid: number;
  readonly status: WaitStatus;
}

const SIGSET_SIZE = 8;
const DIRENTS = 3072;

export class Process extends Caller {
  // -------------------------------------------------------------------------------------------------------------------
  // Processes.

  /** Forks; resolves with the child, which takes calls of its own. */
  fork(): Promise<Process> {
    return this.client.make(this.target, AGENT_FORK, 'fork()');
  }

  /**
   * The same by vfork: `child` is there at once, while this process sleeps in the call; `returned` resolves with the
   * child's pid when the child has exited or executed a program.
   */
  async vfork(): Promise<{ readonly child: Process; readonly returned: Promise<number> }> {
    const returned = this.checked(AGENT_VFORK, []).then(({ value }) => value);
    const child = await this.client.nextChild(this, returned);
    if (child !== null) return { child, returned };
    throw new ProcessGone(`the child ${await returned} was gone before it took calls`);
  }

  /** Executes a program with arguments and environment as strings. */
  exec(path: string, argv: readonly string[], envp: readonly string[] = []): Promise<void> {
    return this.execve(text(path), strings(argv), strings(envp));
  }

  /** Waits for a child (any by default). With WNOHANG and nobody to report, pid is 0. */
  async wait(pid = -1, options = 0): Promise<Waited> {
    const { value, outputs } = await this.run('wait4', pid, output(4), options, null);
    return { pid: value, status: decodeWaitStatus(decodeWords(outputs[0]!)[0]!) };
  }

  getpid(): Promise<number> {
    return this.call('getpid');
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Memory.

  /** Maps memory; resolves with its address. */
  async mmap(mapping: Mapping): Promise<number> {
    const { value } = await this.run(
      'mmap2',
      mapping.address ?? 0,
      mapping.length,
      mapping.prot ?? PROT_READ | PROT_WRITE,
      mapping.flags ?? MAP_PRIVATE | MAP_ANONYMOUS,
      mapping.fd ?? -1,
      mapping.pageOffset ?? 0,
    );
    return value >>> 0;
  }

  async munmap(address: number, length: number): Promise<void> {
    await this.run('munmap', address, length);
  }

  async mprotect(address: number, length: number, prot: number): Promise<void> {
    await this.run('mprotect', address, length, prot);
  }

  /** Asks for a new break; resolves with the one in force, as the kernel does. brk(0) just tells it. */
  async brk(address: number): Promise<number> {
    return (await this.call('brk', address)) >>> 0;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Files.

  async open(path: Path, flags: number, mode = 0): Promise<number> {
    return (await this.run('open', pathArgument(path), flags, mode)).value;
  }

  async close(fd: number): Promise<void> {
    await this.run('close', fd);
  }

  /** Reads up to `count` bytes (3 KiB at most); resolves with those that came. */
  async read(fd: number, count: number): Promise<Uint8Array> {
    const { value, outputs } = await this.run('read', fd, output(count), count);
    return outputs[0]!.subarray(0, value);
  }

  /** Reads text: a shorthand. */
  async readText(fd: number, count = 3072): Promise<string> {
    return new TextDecoder().decode(await this.read(fd, count));
  }

  /** Reads until the end of the data. */
  async readAll(fd: number): Promise<string> {
    let all = '';
    for (let part = await this.readText(fd); part !== ''; part = await this.readText(fd)) all += part;
    return all;
  }

  /** Writes; resolves with how many bytes the kernel took. */
  async write(fd: number, data: Uint8Array | string): Promise<number> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    return (await this.run('write', fd, input(bytes), bytes.length)).value;
  }

  async lseek(fd: number, offset: number, whence: number): Promise<number> {
    return (await this.run('lseek', fd, offset, whence)).value;
  }

  /** Resolves with the ends for reading and for writing. */
  async pipe(): Promise<readonly [number, number]> {
    const { outputs } = await this.run('pipe', output(8));
    const [readEnd, writeEnd] = decodeWords(outputs[0]!);
    return [readEnd!, writeEnd!];
  }

  async dup(fd: number): Promise<number> {
    return (await this.run('dup', fd)).value;
  }

  async dup2(from: number, to: number): Promise<number> {
    return (await this.run('dup2', from, to)).value;
  }

  async fcntl(fd: number, command: number, argument: Argument = 0): Promise<number> {
    return (await this.run('fcntl64', fd, command, argument)).value;
  }

  async stat(path: Path): Promise<FileStatus> {
    return decodeStat64((await this.run('stat64', pathArgument(path), output(STAT64_SIZE))).outputs[0]!);
  }

  async lstat(path: Path): Promise<FileStatus> {
    return decodeStat64((await this.run('lstat64', pathArgument(path), output(STAT64_SIZE))).outputs[0]!);
  }

  async fstat(fd: number): Promise<FileStatus> {
    return decodeStat64((await this.run('fstat64', fd, output(STAT64_SIZE))).outputs[0]!);
  }

  async mkdir(path: Path, mode = 0o777): Promise<void> {
    await this.run('mkdir', pathArgument(path), mode);
  }

  async rmdir(path: Path): Promise<void> {
    await this.run('rmdir', pathArgument(path));
  }

  async unlink(path: Path): Promise<void> {
    await this.run('unlink', pathArgument(path));
  }

  async link(existing: Path, path: Path): Promise<void> {
    await this.run('link', pathArgument(existing), pathArgument(path));
  }

  async symlink(target: Path, path: Path): Promise<void> {
    await this.run('symlink', pathArgument(target), pathArgument(path));
  }

  async readlink(path: Path): Promise<string> {
    const { value, outputs } = await this.run('readlink', pathArgument(path), output(256), 256);
    return new TextDecoder().decode(outputs[0]!.subarray(0, value));
  }

  async rename(from: Path, to: Path): Promise<void> {
    await this.run('rename', pathArgument(from), pathArgument(to));
  }

  async chdir(path: Path): Promise<void> {
    await this.run('chdir', pathArgument(path));
  }

  async getcwd(): Promise<string> {
    return decodeString((await this.run('getcwd', output(512), 512)).outputs[0]!);
  }

  /** All entries of an open directory, from its offset on. */
  async getdents(fd: number): Promise<DirectoryEntry[]> {
    const entries: DirectoryEntry[] = [];
    for (;;) {
      const { value, outputs } = await this.run('getdents64', fd, output(DIRENTS), DIRENTS);
      if (value === 0) return entries;
      entries.push(...decodeDirents64(outputs[0]!.subarray(0, value)));
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Signals and time.

  /** Sets what a signal does. Resolves with what it did before. */
  async sigaction(signal: number, action: SignalAction | null): Promise<Required<SignalAction>> {
    const given = action === null ? null : input(encodeSigaction(action));
    const { outputs } = await this.run('rt_sigaction', signal, given, output(20), SIGSET_SIZE);
    return decodeSigaction(outputs[0]!);
  }

  /** Changes the mask of blocked signals (null: only tells). Resolves with the one before. */
  async sigprocmask(how: number, set: bigint | null): Promise<bigint> {
    const given = set === null ? null : input(encodeU64(set));
    const { outputs } = await this.run('rt_sigprocmask', how, given, output(8), SIGSET_SIZE);
    return decodeU64(outputs[0]!);
  }

  /** Sends a signal to a process or a group, from this process. */
  async sendSignal(pid: number, signal: number): Promise<void> {
    await this.run('kill', pid, signal);
  }

  async nanosleep(seconds: number, nanoseconds: number): Promise<void> {
    await this.run('nanosleep', input(encodeTimespec({ seconds, nanoseconds })), null);
  }

  /** The time of a clock, in nanoseconds. */
  async clock(clock: number): Promise<bigint> {
    const { outputs } = await this.run('clock_gettime', clock, output(8));
    const [seconds, nanoseconds] = decodeWords(outputs[0]!);
    return BigInt(seconds!) * 1_000_000_000n + BigInt(nanoseconds!);
  }
}

function pathArgument(path: Path): Argument {
  return typeof path === 'string' ? text(path) : path;
}
