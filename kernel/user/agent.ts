/*
 * agent [DEVICE]: makes system calls for the host, which asks for them over the terminal DEVICE, or over standard input
 * and output (abi/wire.ts has the protocol, agent/records.ts the family of processes that the agent consists of).
 *
 * It is an ordinary Linux i386 program, so that the same questions can be put to this kernel and to Linux.
 */

import { EINTR } from '../abi/errno.ts';
import { O_NOCTTY, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts';
import { SIG_IGN, SIGPIPE } from '../abi/signal.ts';
import { SLOTS } from '../abi/wire.ts';
import { runHub } from './agent/hub.ts';
import {
  CALL_READ_FD,
  CALL_WRITE_FD,
  closeRange,
  HUB_HEADER,
  HUB_READ_FD,
  HUB_WRITE_FD,
  LINE_IN_FD,
  LINE_OUT_FD,
  MESSAGE_LINE,
  MESSAGE_LINE_END,
  moveDescriptor,
  sendToHub,
} from './agent/records.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, dup2, open, pipe, read, setStatusFlags } from './lib/fileCalls.ts';
import { exitNow, fork, setSignal } from './lib/processCalls.ts';
import { type StringList } from './lib/strings.ts';
import { makeRaw } from './lib/terminal.ts';

/** Bytes from the line in one message: a read returns what there is. */
const CHUNK: u32 = 1024;

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

function main(_argc: u32, argv: StringList): i32 {
  const device = argv[1];
  if (device !== null) {
    const fd = open(device, O_RDWR | O_NOCTTY, 0);
    if (fd < 0) return complain('agent', device, fd);
    makeRaw(fd);
    dup2(fd, 0);
    dup2(fd, 1);
    if (fd > 2) close(fd);
  }
  const error = arrangeDescriptors();
  if (error < 0) return complain('agent', bytes('pipe'), error);
  const reader = fork();
  if (reader === 0) readLine();
  if (reader < 0) return complain('agent', bytes('fork'), reader);
  close(LINE_IN_FD);
  setSignal(SIGPIPE, SIG_IGN, 0, 0);
  runHub();
}

/** Moves the line away from 0 and 1, puts /dev/null there, and makes the pipes. Returns 0 or an error, negated. */
function arrangeDescriptors(): i32 {
  dup2(0, LINE_IN_FD);
  dup2(1, LINE_OUT_FD);
  const nothing = open(bytes('/dev/null'), O_RDWR, 0);
  for (let fd: i32 = 0; fd < 3; fd++) dup2(nothing, fd);
  if (nothing > 2) close(nothing);
  const error = makePipe(HUB_READ_FD, HUB_WRITE_FD);
  if (error < 0) return error;
  for (let slot: i32 = 0; slot < SLOTS; slot++) {
    const failed = makePipe(CALL_READ_FD + slot, CALL_WRITE_FD + slot);
    if (failed < 0) return failed;
    setStatusFlags(CALL_WRITE_FD + slot, O_NONBLOCK);
  }
  return 0;
}

function makePipe(readEnd: i32, writeEnd: i32): i32 {
  const ends = zeroed<FixedArray<i32, 2>>();
  const error = pipe(ends);
  if (error < 0) return error;
  moveDescriptor(ends[0], readEnd);
  moveDescriptor(ends[1], writeEnd);
  return 0;
}

/** The line reader: passes on what comes. */
function readLine(): never {
  const message = zeroed<FixedArray<u8, 1032>>();
  closeRange(CALL_READ_FD, HUB_WRITE_FD - 1);
  close(HUB_READ_FD);
  closeRange(LINE_OUT_FD, CALL_WRITE_FD + i32(SLOTS) - 1);
  while (true) {
    const got = read(LINE_IN_FD, addrOf(message[HUB_HEADER]), CHUNK);
    if (got === -EINTR) continue;
    if (got <= 0) break;
    sendToHub(message, MESSAGE_LINE, 0, 0, u32(got));
  }
  sendToHub(message, MESSAGE_LINE_END, 0, 0, 0);
  exitNow(0);
}
