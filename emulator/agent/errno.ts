/*
 * Errors of system calls, as values: number, name and words.
 */

import * as numbers from '../../kernel/abi/errno.ts';

/** 'ENOENT' and its like. */
export type ErrnoName = Exclude<keyof typeof numbers & `E${string}`, `ERESTART${string}`>;

/** What a failed call rejects with: `name` is the error's ('ENOENT'), `number` its number, `call` what was asked. */
export class Errno extends Error {
  readonly number: number;
  readonly call: string;

  constructor(number: number, call: string) {
    const name = errnoName(number);
    super(`${call}: ${words.get(name) ?? name}`);
    this.name = name;
    this.number = number;
    this.call = call;
  }
}

/** The name of an error number, or `errno 999` if it has none. Of two names for one number, the first in the ABI's list. */
export function errnoName(number: number): string {
  return names.get(number) ?? `errno ${number}`;
}

/** Is this result of a system call an error? */
export function isError(result: number): boolean {
  return result < 0 && result >= -numbers.MAX_ERRNO;
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(numbers)
    .filter(([name]) => name.startsWith('E') && name !== 'EWOULDBLOCK' && name !== 'EDEADLOCK')
    .map(([name, number]) => [number, name] as const),
);

const words: ReadonlyMap<string, string> = new Map(
  Object.entries({
    EPERM: 'operation not permitted',
    ENOENT: 'no such file or directory',
    ESRCH: 'no such process',
    EINTR: 'interrupted system call',
    EIO: 'input/output error',
    ENXIO: 'no such device or address',
    E2BIG: 'argument list too long',
    ENOEXEC: 'exec format error',
    EBADF: 'bad file descriptor',
    ECHILD: 'no child processes',
    EAGAIN: 'resource temporarily unavailable',
    ENOMEM: 'cannot allocate memory',
    EACCES: 'permission denied',
    EFAULT: 'bad address',
    ENOTBLK: 'block device required',
    EBUSY: 'device or resource busy',
    EEXIST: 'file exists',
    EXDEV: 'invalid cross-device link',
    ENODEV: 'no such device',
    ENOTDIR: 'not a directory',
    EISDIR: 'is a directory',
    EINVAL: 'invalid argument',
    ENFILE: 'too many open files in system',
    EMFILE: 'too many open files',
    ENOTTY: 'inappropriate ioctl for device',
    ETXTBSY: 'text file busy',
    EFBIG: 'file too large',
    ENOSPC: 'no space left on device',
    ESPIPE: 'illegal seek',
    EROFS: 'read-only file system',
    EMLINK: 'too many links',
    EPIPE: 'broken pipe',
    EDOM: 'numerical argument out of domain',
    ERANGE: 'numerical result out of range',
    EDEADLK: 'resource deadlock avoided',
    ENAMETOOLONG: 'file name too long',
    ENOLCK: 'no locks available',
    ENOSYS: 'function not implemented',
    ENOTEMPTY: 'directory not empty',
    ELOOP: 'too many levels of symbolic links',
    EOVERFLOW: 'value too large for defined data type',
    EOPNOTSUPP: 'operation not supported',
    ETIMEDOUT: 'connection timed out',
  }),
);
