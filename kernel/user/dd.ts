/*
 * dd [if=FILE] [of=FILE] [bs=SIZE] [count=N] [skip=N] [seek=N] [conv=notrunc]: copies blocks. Sizes are numbers with k or
 * M behind them if need be; without a file it is standard input or output.
 */

import { EINTR } from '../abi/errno.ts';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, SEEK_SET } from '../abi/fcntl.ts';
import { allocate } from './lib/buffer.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open, read, seek } from './lib/fileCalls.ts';
import { printError, writeAll } from './lib/output.ts';
import { isDigit, startsWith, stringsEqual, type StringList } from './lib/strings.ts';

const LARGEST_BLOCK: u64 = 16777216n;

class Settings {
  source: Ptr<u8> | null;
  target: Ptr<u8> | null;
  blockSize: u64;
  count: u64;
  skip: u64;
  seek: u64;
  keeps: boolean;
}

const settings = zeroed<Inline<Settings>>();

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
  settings.blockSize = 512n;
  settings.count = 0xffffffffffffffffn;
  for (let i: u32 = 1; i < argc; i++) {
    if (readSetting(argv[i]!)) continue;
    printError('dd: %s: unknown, or no number\n', argv[i]);
    return 1;
  }
  if (settings.blockSize === 0n || settings.blockSize > LARGEST_BLOCK) {
    printError('dd: bs takes 1 to 16M\n');
    return 1;
  }
  const source = settings.source === null ? 0 : open(settings.source, O_RDONLY, 0);
  if (source < 0) return complain('dd', settings.source!, source);
  const truncates = settings.keeps || settings.seek > 0n ? 0 : O_TRUNC;
  const target = settings.target === null ? 1 : open(settings.target, O_WRONLY | O_CREAT | truncates, 0o666);
  if (target < 0) return complain('dd', settings.target!, target);
  return copy(source, target);
}

function readSetting(word: Ptr<u8>): boolean {
  if (startsWith(word, bytes('if='))) settings.source = word.add(3);
  else if (startsWith(word, bytes('of='))) settings.target = word.add(3);
  else if (startsWith(word, bytes('bs='))) return readSize(word.add(3), addrOf(settings.blockSize));
  else if (startsWith(word, bytes('count='))) return readSize(word.add(6), addrOf(settings.count));
  else if (startsWith(word, bytes('skip='))) return readSize(word.add(5), addrOf(settings.skip));
  else if (startsWith(word, bytes('seek='))) return readSize(word.add(5), addrOf(settings.seek));
  else if (stringsEqual(word, bytes('conv=notrunc'))) settings.keeps = true;
  else return stringsEqual(word, bytes('status=none'));
  return true;
}

function readSize(text: Ptr<u8>, result: Ptr<u64>): boolean {
  let i: u32 = 0;
  let value: u64 = 0n;
  for (; isDigit(text[i]); i++) value = value * 10n + u64(text[i] - 0x30);
  if (i === 0) return false;
  if ((text[i] | 0x20) === 0x6b) value = value << 10n;
  else if ((text[i] | 0x20) === 0x6d) value = value << 20n;
  else if ((text[i] | 0x20) === 0x67) value = value << 30n;
  else i--;
  result[0] = value;
  return text[i + 1] === 0;
}

function copy(source: i32, target: i32): i32 {
  const size = u32(settings.blockSize);
  const block = allocate(size);
  const place = zeroed<FixedArray<i64, 1>>();
  for (let left = settings.skip; left > 0n; left--) {
    // What cannot be sought in is read.
    if (seek(source, i64(settings.skip * settings.blockSize), SEEK_SET, place) === 0) break;
    if (readBlock(source, block, size) <= 0) break;
  }
  if (settings.seek > 0n) {
    const error = seek(target, i64(settings.seek * settings.blockSize), SEEK_SET, place);
    if (error < 0) return complain('dd', bytes('seek'), error);
  }
  let full: u32 = 0;
  let partial: u32 = 0;
  let status: i32 = 0;
  for (let done: u64 = 0n; done < settings.count; done++) {
    const got = readBlock(source, block, size);
    if (got < 0) status = complain('dd', bytes('read'), got);
    if (got <= 0) break;
    const error = writeAll(target, block, u32(got));
    if (error < 0) {
      status = complain('dd', bytes('write'), error);
      break;
    }
    if (u32(got) === size) full++;
    else partial++;
  }
  printError('%u+%u records in\n%u+%u records out\n', full, partial, full, partial);
  return status;
}

function readBlock(fd: i32, block: Ptr<u8>, size: u32): i32 {
  let got: i32 = 0;
  do got = read(fd, block, size);
  while (got === -EINTR);
  return got;
}
