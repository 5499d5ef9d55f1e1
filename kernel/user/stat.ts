/*
 * stat [-c FORMAT] FILE...: what the kernel knows about files, or what FORMAT asks for: %n name, %s size, %a permissions,
 * %F type, %i inode, %h links, %u and %g owners, %X %Y %Z times, %b blocks, %f mode in hexadecimal.
 */

import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, type Stat64 } from '../abi/stat.ts';
import { PERCENT } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { calendarDate, type CalendarDate } from './lib/date.ts';
import { complain } from './lib/errors.ts';
import { lstat } from './lib/fileCalls.ts';
import { print, printError, putByte, stdout } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const status = zeroed<Inline<Stat64>>();
const date = zeroed<Inline<CalendarDate>>();

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  if (argc < 2) {
    printError('usage: stat [-c FORMAT] FILE...\n');
    return 1;
  }
  let result: i32 = 0;
  const format = argc > 3 && stringsEqual(argv[1]!, bytes('-c')) ? argv[2] : null;
  for (let i: u32 = format === null ? 1 : 3; i < argc; i++) {
    const error = lstat(argv[i]!, status);
    if (error < 0) result = complain('stat', argv[i]!, error);
    else if (format !== null) showFormat(format, argv[i]!);
    else show(argv[i]!);
  }
  return result;
}

function show(name: Ptr<u8>): void {
  const size = u64(status.st_size);
  const blocks = u64(status.st_blocks);
  const type = status.st_mode & S_IFMT;
  print('  File: %s\n', name);
  print('  Size: %lu', u32(size), u32(size >> 32n));
  print('  Blocks: %lu  IO Block: %u  %s\n', u32(blocks), u32(blocks >> 32n), status.st_blksize, typeName(type));
  print('Device: %u,%u', u32(status.st_dev) >>> 8, u32(status.st_dev) & 0xff);
  print('  Inode: %u  Links: %u', u32(status.st_ino), status.st_nlink);
  const device = u32(status.st_rdev);
  if (type === S_IFCHR || type === S_IFBLK) print('  Device type: %u,%u', (device >>> 8) & 0xfff, device & 0xff);
  print('\nAccess: %04o  Uid: %u  Gid: %u\n', status.st_mode & 0o7777, status.st_uid, status.st_gid);
  showTime('Access', status.st_atime, status.st_atime_nsec);
  showTime('Modify', status.st_mtime, status.st_mtime_nsec);
  showTime('Change', status.st_ctime, status.st_ctime_nsec);
}

function showFormat(format: Ptr<u8>, name: Ptr<u8>): void {
  for (let i: u32 = 0; format[i] !== 0; i++) {
    if (format[i] !== PERCENT || format[i + 1] === 0) putByte(stdout, format[i]);
    else {
      i++;
      showField(format[i], name);
    }
  }
  print('\n');
}

function showField(letter: u8, name: Ptr<u8>): void {
  switch (letter) {
    case 0x6e: // n
      print('%s', name);
      break;
    case 0x73: // s
      print('%lu', u32(u64(status.st_size)), u32(u64(status.st_size) >> 32n));
      break;
    case 0x62: // b
      print('%u', u32(status.st_blocks));
      break;
    case 0x61: // a
      print('%o', status.st_mode & 0o7777);
      break;
    case 0x66: // f
      print('%x', status.st_mode);
      break;
    case 0x46: // F
      print('%s', typeName(status.st_mode & S_IFMT));
      break;
    case 0x69: // i
      print('%u', u32(status.st_ino));
      break;
    case 0x68: // h
      print('%u', status.st_nlink);
      break;
    case 0x75: // u
      print('%u', status.st_uid);
      break;
    case 0x67: // g
      print('%u', status.st_gid);
      break;
    case 0x58: // X
      print('%u', status.st_atime);
      break;
    case 0x59: // Y
      print('%u', status.st_mtime);
      break;
    case 0x5a: // Z
      print('%u', status.st_ctime);
      break;
    default:
      putByte(stdout, letter);
  }
}

function showTime(what: string, seconds: u32, nanoseconds: u32): void {
  calendarDate(seconds, date);
  print('%s: %u-%02u-%02u', what, date.year, date.month, date.day);
  print(' %02u:%02u:%02u.%09u +0000\n', date.hour, date.minute, date.second, nanoseconds);
}

function typeName(type: u32): string {
  switch (type) {
    case S_IFREG:
      return status.st_size === 0n ? 'regular empty file' : 'regular file';
    case S_IFDIR:
      return 'directory';
    case S_IFLNK:
      return 'symbolic link';
    case S_IFCHR:
      return 'character special file';
    case S_IFBLK:
      return 'block special file';
    case S_IFIFO:
      return 'fifo';
    default:
      return 'socket';
  }
}
