/*
 * What errors are called, and how programs complain.
 */

import {
  E2BIG,
  EACCES,
  EAGAIN,
  EBADF,
  EBUSY,
  ECHILD,
  EEXIST,
  EFAULT,
  EFBIG,
  EINTR,
  EINVAL,
  EIO,
  EISDIR,
  ELOOP,
  EMFILE,
  EMLINK,
  ENAMETOOLONG,
  ENFILE,
  ENODEV,
  ENOENT,
  ENOEXEC,
  ENOMEM,
  ENOSPC,
  ENOSYS,
  ENOTDIR,
  ENOTEMPTY,
  ENOTTY,
  ENXIO,
  EPERM,
  EPIPE,
  ERANGE,
  EROFS,
  ESPIPE,
  ESRCH,
  ETXTBSY,
  EXDEV,
} from '../../abi/errno.ts';
import { printError } from './output.ts';

/** The words for an error number (positive). */
export function errorText(error: i32): string {
  switch (error) {
    case EPERM:
      return 'Operation not permitted';
    case ENOENT:
      return 'No such file or directory';
    case ESRCH:
      return 'No such process';
    case EINTR:
      return 'Interrupted system call';
    case EIO:
      return 'Input/output error';
    case ENXIO:
      return 'No such device or address';
    case E2BIG:
      return 'Argument list too long';
    case ENOEXEC:
      return 'Exec format error';
    case EBADF:
      return 'Bad file descriptor';
    case ECHILD:
      return 'No child processes';
    case EAGAIN:
      return 'Resource temporarily unavailable';
    case ENOMEM:
      return 'Cannot allocate memory';
    case EACCES:
      return 'Permission denied';
    case EFAULT:
      return 'Bad address';
    case EBUSY:
      return 'Device or resource busy';
    case EEXIST:
      return 'File exists';
    case EXDEV:
      return 'Invalid cross-device link';
    case ENODEV:
      return 'No such device';
    case ENOTDIR:
      return 'Not a directory';
    case EISDIR:
      return 'Is a directory';
    case EINVAL:
      return 'Invalid argument';
    case ENFILE:
      return 'Too many open files in system';
    case EMFILE:
      return 'Too many open files';
    case ENOTTY:
      return 'Inappropriate ioctl for device';
    case ETXTBSY:
      return 'Text file busy';
    case EFBIG:
      return 'File too large';
    case ENOSPC:
      return 'No space left on device';
    case ESPIPE:
      return 'Illegal seek';
    case EROFS:
      return 'Read-only file system';
    case EMLINK:
      return 'Too many links';
    case EPIPE:
      return 'Broken pipe';
    case ERANGE:
      return 'Numerical result out of range';
    case ENAMETOOLONG:
      return 'File name too long';
    case ENOSYS:
      return 'Function not implemented';
    case ENOTEMPTY:
      return 'Directory not empty';
    case ELOOP:
      return 'Too many levels of symbolic links';
    default:
      return 'Unknown error';
  }
}

/** Says `program: subject: error`, where `result` is what a system call returned (negated). Returns 1, for exit. */
export function complain(program: string, subject: Ptr<u8>, result: i32): i32 {
  printError('%s: %s: %s\n', program, subject, errorText(0 - result));
  return 1;
}
