/*
 * mkswap DEVICE: writes the header of a swap area, version 1, onto a device. What was on it is lost.
 */

import { O_RDWR, SEEK_END, SEEK_SET } from '../abi/fcntl.ts';
import { EINVAL } from '../abi/errno.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open, seek, write } from './lib/fileCalls.ts';
import { print, printError } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const PAGE: i32 = 4096;
/** Fewer pages are not worth a header. */
const FEWEST_PAGES: i32 = 10;
const VERSION_OFFSET: u32 = 1024;
const LAST_PAGE_OFFSET: u32 = 1028;
const MAGIC_OFFSET: u32 = 4086;

const header = zeroed<FixedArray<u8, 4096>>();

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
  if (argc !== 2) {
    printError('usage: mkswap DEVICE\n');
    return 1;
  }
  const fd = open(argv[1]!, O_RDWR, 0);
  if (fd < 0) return complain('mkswap', argv[1]!, fd);
  const error = format(fd, argv[1]!);
  close(fd);
  return error < 0 ? complain('mkswap', argv[1]!, error) : 0;
}

function format(fd: i32, name: Ptr<u8>): i32 {
  let size: i64 = 0n;
  const error = seek(fd, 0n, SEEK_END, addrOf(size));
  if (error < 0) return error;
  const pages = i32(size / i64(PAGE));
  if (pages < FEWEST_PAGES) return -EINVAL;
  ptr<u32>(addrOf(header[VERSION_OFFSET]))[0] = 1;
  ptr<u32>(addrOf(header[LAST_PAGE_OFFSET]))[0] = u32(pages) - 1;
  copyBytes(addrOf(header[MAGIC_OFFSET]), bytes('SWAPSPACE2'), 10);
  seek(fd, 0n, SEEK_SET, addrOf(size));
  const written = write(fd, header, u32(PAGE));
  if (written < 0) return written;
  print('%s: swap area of %d KiB\n', name, (pages - 1) * (PAGE / 1024));
  return 0;
}
