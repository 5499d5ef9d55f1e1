/*
 * cat [-AbEnsTv] [FILE...]: copies files, or standard input (also named `-`), to standard output. -n numbers the lines, -b
 * those that are not empty; -s makes one of several empty lines; -E shows ends of lines as $, -T tabs as ^I, -v other
 * control characters as ^X and M-x; -A all of these.
 */

import { EINTR } from '../abi/errno.ts';
import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { CARET, DELETE, DOLLAR, NEWLINE, SPACE, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open, read } from './lib/fileCalls.ts';
import { flush, print, putByte, stdout, writeAll } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const NUMBER = 0;
const NUMBER_FULL = 1;
const SQUEEZE = 2;
const SHOW_ENDS = 3;
const SHOW_TABS = 4;
const SHOW_CONTROL = 5;
const SHOW_ALL = 6;

/** Where the output stands, over all files. */
class Progress {
  lines: u32;
  /** Newlines in a row. */
  newlines: u32;
}

const buffer = zeroed<FixedArray<u8, 4096>>();
const options = zeroed<Inline<Options>>();
const progress = zeroed<Inline<Progress>>();

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
  if (!readOptions(argv, 'nbsETvA', options)) return 1;
  progress.newlines = 1;
  if (options.operands === argc) return copy(0, bytes('-'));
  let status: i32 = 0;
  for (let i = options.operands; i < argc; i++) {
    const name = argv[i]!;
    if (stringsEqual(name, bytes('-'))) {
      status |= copy(0, name);
      continue;
    }
    const fd = open(name, O_RDONLY, 0);
    if (fd < 0) {
      status = complain('cat', name, fd);
      continue;
    }
    status |= copy(fd, name);
    close(fd);
  }
  return status;
}

/** Copies all of `fd`. Returns an exit status. */
function copy(fd: i32, name: Ptr<u8>): i32 {
  while (true) {
    const got = read(fd, buffer, 4096);
    if (got === 0) return 0;
    if (got === -EINTR) continue;
    if (got < 0) return complain('cat', name, got);
    let error: i32 = 0;
    if (options.given === 0) error = writeAll(1, buffer, u32(got));
    else {
      for (let i: i32 = 0; i < got; i++) show(buffer[i]);
      error = flush(stdout);
    }
    if (error < 0) return complain('cat', bytes('standard output'), error);
  }
}

/** A byte, as the options have it. */
function show(byte: u8): void {
  const all = hasOption(options, SHOW_ALL);
  const isEnd = byte === NEWLINE;
  if (isEnd && progress.newlines >= 2 && hasOption(options, SQUEEZE)) return;
  const begins = progress.newlines > 0;
  progress.newlines = isEnd ? progress.newlines + 1 : 0;
  const full = hasOption(options, NUMBER_FULL);
  if (begins && (full ? !isEnd : hasOption(options, NUMBER))) {
    progress.lines++;
    print('%6u\t', progress.lines);
  }
  if (isEnd) {
    if (all || hasOption(options, SHOW_ENDS)) putByte(stdout, DOLLAR);
    putByte(stdout, byte);
  } else if (byte === TAB && !all && !hasOption(options, SHOW_TABS)) putByte(stdout, byte);
  else if (all || hasOption(options, SHOW_CONTROL) || byte === TAB) showControl(byte);
  else putByte(stdout, byte);
}

function showControl(byte: u32): void {
  if (byte >= 0x80) {
    print('M-');
    showControl(byte - 0x80);
  } else if (byte < SPACE || byte === DELETE) {
    putByte(stdout, CARET);
    putByte(stdout, byte ^ 0x40);
  } else putByte(stdout, byte);
}
