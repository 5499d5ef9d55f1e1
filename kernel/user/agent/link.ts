/*
 * The agent's end of the link: frames out of a stream of bytes, numbers and acknowledgements (abi/wire.ts).
 *
 * It keeps no clock and never waits: what is to be sent next while a frame is under way goes to a queue, and the queue
 * moves on when the acknowledgement comes. Blocks only in writes to the line.
 */

import {
  decodeFrame,
  encodeFrame,
  FRAME_ACK,
  FRAME_DAMAGED,
  FRAME_HEADER,
  FRAME_HELLO,
  FRAME_NAK,
  FRAME_PANIC,
  get16,
  isNumbered,
  MAX_FRAME,
  nextSeq,
} from '../../abi/wire.ts';
import { free, malloc } from '../lib/heap.ts';
import { writeAll } from '../lib/output.ts';
import { exitNow } from '../lib/processCalls.ts';
import { stringLength } from '../lib/strings.ts';
import { LINE_OUT_FD } from './records.ts';

/** What the hub is given: a frame's type, and its payload. */
export type FrameHandler = (type: u32, payload: Ptr<u8>, length: u32) => void;

/** A frame that waits for its turn. The payload follows. */
class Queued {
  next: Queued | null;
  type: u32;
  length: u32;
}

class Link {
  /** There is a session: numbered frames are taken. */
  open: boolean;
  /** The number that the host's next frame should have. */
  expected: u32;
  /** The number of the frame under way, or of the next one if there is none. */
  outgoing: u32;
  underway: boolean;
  /** A NAK has been sent, and nothing good has come since: another one would not help. */
  complained: boolean;
  /** More came without a zero than any frame has: dropped, up to the next zero. */
  overrun: boolean;
  first: Queued | null;
  last: Queued | null;
  /** Bytes gathered since the last zero. */
  gathered: u32;
  gather: FixedArray<u8, 4108>;
  /** The frame under way, as it stands on the line, kept for repetition. */
  frameLength: u32;
  frame: FixedArray<u8, 4108>;
  /** For building frames. */
  plain: FixedArray<u8, 4088>;
  /** For short frames that are sent while another one is under way. */
  short: FixedArray<u8, 64>;
}

const link = zeroed<Inline<Link>>();

/** Begins anew: numbers restart, and all that was queued is dropped. */
export function resetLink(open: boolean): void {
  link.open = open;
  link.expected = 1;
  link.outgoing = 1;
  link.underway = false;
  link.complained = false;
  while (link.first !== null) dropFirst();
}

/** Takes bytes from the line; calls `handler` for each frame that is for the hub. */
export function receiveBytes(data: Ptr<u8>, length: u32, handler: FrameHandler): void {
  for (let i: u32 = 0; i < length; i++) {
    if (data[i] === 0) {
      if (link.gathered !== 0 && !link.overrun) receiveFrame(handler);
      link.gathered = 0;
      link.overrun = false;
    } else if (link.gathered === MAX_FRAME) {
      link.overrun = true;
    } else {
      link.gather[link.gathered] = data[i];
      link.gathered++;
    }
  }
}

function receiveFrame(handler: FrameHandler): void {
  const length = decodeFrame(link.gather, link.gathered);
  if (length === FRAME_DAMAGED) {
    if (link.open && !link.complained) sendShort(FRAME_NAK, link.expected);
    link.complained = true;
    return;
  }
  link.complained = false;
  const type: u32 = link.gather[1];
  const seq = get16(link.gather, 2);
  const payload = addrOf(link.gather[FRAME_HEADER]);
  if (type === FRAME_HELLO) {
    handler(type, payload, length);
    return;
  }
  if (!link.open) return;
  if (type === FRAME_ACK) {
    if (link.underway && seq === link.outgoing) acknowledged();
  } else if (type === FRAME_NAK) {
    if (link.underway && seq === link.outgoing) writeLine(link.frame, link.frameLength);
    else if (link.underway && seq === nextSeq(link.outgoing)) acknowledged();
  } else if (isNumbered(type)) {
    if (seq === link.expected) {
      link.expected = nextSeq(seq);
      sendShort(FRAME_ACK, seq);
      handler(type, payload, length);
    } else if (nextSeq(seq) === link.expected) {
      sendShort(FRAME_ACK, seq);
    }
  }
}

/** The frame under way has arrived: it is the next one's turn. */
function acknowledged(): void {
  link.underway = false;
  link.outgoing = nextSeq(link.outgoing);
  sendNext();
}

/** Sends a numbered frame, at once or after those that wait already. Without a session it is dropped. */
export function sendNumbered(type: u32, payload: Ptr<u8>, length: u32): void {
  if (!link.open) return;
  const memory = malloc(sizeof<Queued>() + length);
  if (memory === null) {
    sendPanic('agent: out of memory');
    exitNow(1);
  }
  const item = as<Queued>(memory);
  item.next = null;
  item.type = type;
  item.length = length;
  copyBytes(memory.add(sizeof<Queued>()), payload, length);
  if (link.last === null) link.first = item;
  else link.last.next = item;
  link.last = item;
  if (!link.underway) sendNext();
}

/** Sends a HELLO, unnumbered. */
export function sendHello(payload: Ptr<u8>, length: u32): void {
  copyBytes(addrOf(link.plain[FRAME_HEADER]), payload, length);
  writeLine(link.short, encodeFrame(link.plain, FRAME_HELLO, 0, length, link.short));
}

/** The last words: sent without a wait for anything. */
export function sendPanic(text: string): void {
  const length = stringLength(bytes(text));
  copyBytes(addrOf(link.plain[FRAME_HEADER]), bytes(text), length);
  writeLine(link.frame, encodeFrame(link.plain, FRAME_PANIC, link.outgoing, length, link.frame));
}

function sendNext(): void {
  const item = link.first;
  if (item === null) return;
  copyBytes(addrOf(link.plain[FRAME_HEADER]), ptr<u8>(u32(item) + sizeof<Queued>()), item.length);
  link.frameLength = encodeFrame(link.plain, item.type, link.outgoing, item.length, link.frame);
  link.underway = true;
  dropFirst();
  writeLine(link.frame, link.frameLength);
}

function dropFirst(): void {
  const item = link.first!;
  link.first = item.next;
  if (link.first === null) link.last = null;
  free(item);
}

/** An ACK or a NAK. */
function sendShort(type: u32, seq: u32): void {
  const plain = uninitialized<FixedArray<u8, 16>>();
  writeLine(link.short, encodeFrame(plain, type, seq, 0, link.short));
}

/** Errors are left to the line reader: it sees the line's end, too, and says so. */
function writeLine(data: Ptr<u8>, length: u32): void {
  writeAll(LINE_OUT_FD, data, length);
}
