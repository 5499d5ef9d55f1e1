/*
 * The wire protocol between the agent in the guest and its client on the host, over a serial line or a pipe.
 *
 * A frame is
 *
 *   00 | COBS( version u8, type u8, seq u16, payload, crc32 u32 ) | 00            (numbers little-endian)
 *
 * The leading zero ends whatever noise came before, so that a frame is lost only to damage of its own. The checksum is
 * over all that precedes it.
 *
 * Links. In each direction, CALL, RET and EVENT frames are *numbered*: one is under way at a time, until its ACK
 * comes. The receiver takes number n + 1 after number n; it acknowledges a repetition of n again and drops it, so that
 * nothing is done twice. Numbers start at 1 after a HELLO and skip 0 when they wrap.
 * NAK(n), "I am waiting for number n", asks for frame n if that is under way, and acknowledges frame n - 1 if its ACK
 * was lost.
 * The agent keeps no clock, which makes a run in the machine a function of its input alone. All recovery is the host's:
 * it repeats an unacknowledged frame, and it sends NAK when it has waited for long. The agent sends NAK itself when a
 * damaged frame arrives, to save time.
 *
 * Sessions. HELLO is unnumbered. The host opens a session with a HELLO that carries a nonce other than 0; the agent
 * kills what an earlier session left running and answers with the same nonce. A HELLO with nonce 0 is the agent's "I
 * have just started". Whatever else arrives before the answer belongs to an earlier session and is dropped.
 *
 * Calls. Each CALL names the process that is to make it, in a slot given by an earlier event, and an id. Its RET
 * comes whenever the call returns: calls of different processes overlap. Pointers to memory travel as blobs: the agent
 * lays them out in an arena in the process and stores their addresses where the fixups say, in an argument or in
 * another blob (an iovec, an argv).
 *
 *   CALL   0 id  4 slot u8  5 cpu u8  6 blobs u8  7 fixups u8  8 pid  12 nr  16 args[6]
 *          40 blobs:  flags u8, reserved u8, length u16
 *          .. fixups: place u8 (argument 0 to 5, or 0x80 + blob), blob u8 (whose address), offset u16 (in the place)
 *          .. contents of the blobs that go in, without gaps
 *   RET    0 id  4 status  8 result  12 contents of the blobs that come out
 *   EVENT  0 kind u8  1 slot u8  2 parent slot u8  3 reserved  4 pid  8 value
 *   HELLO  0 nonce  4 abi  8 cpus  12 features  16 addresses: signal handlers, signal log, restorers (see below)
 *   PANIC  text: the agent's last words, unnumbered
 *   ACK, NAK  nothing
 *
 * Shared by guest and host: plain arithmetic alone.
 */

import { COBS_MALFORMED, cobsDecode, cobsEncode } from './cobs.ts';
import { crc32 } from './crc32.ts';

/** The frame format's version. A frame of another one is dropped. */
export const WIRE_VERSION = 1;
/** The version of the payloads, told in HELLO. */
export const AGENT_ABI = 1;

// Types of frames.
export const FRAME_HELLO = 1;
export const FRAME_CALL = 2;
export const FRAME_RET = 3;
export const FRAME_EVENT = 4;
export const FRAME_ACK = 5;
export const FRAME_NAK = 6;
export const FRAME_PANIC = 7;

/** Bytes before the payload, and after. */
export const FRAME_HEADER = 4;
export const FRAME_TRAILER = 4;
/** Bytes of a payload: 4096, which a pipe passes on in one piece, less the headers that the agent puts in front. */
export const MAX_PAYLOAD = 4080;
/** Bytes of a frame before coding. */
export const MAX_PLAIN = 4088;
/** Bytes of a frame on the line: coded, with the zeros around it (checked against cobsBound by a test). */
export const MAX_FRAME = 4108;

// Layout of payloads.
export const CALL_HEADER = 40;
export const CALL_ARGUMENTS = 16;
export const CALL_ARGUMENT_COUNT = 6;
export const BLOB_RECORD = 4;
export const FIXUP_RECORD = 4;
export const RET_HEADER = 12;
export const EVENT_SIZE = 12;
export const HELLO_SIZE = 36;

/** Processes at a time. */
export const SLOTS = 16;
/** As the slot of a CALL: the agent itself (spawning, killing). */
export const SLOT_AGENT = 0xff;
/** As the cpu of a CALL: whichever. */
export const ANY_CPU = 0xff;

export const BLOB_IN = 1;
export const BLOB_OUT = 2;
/** Blobs and fixups of a call at most. */
export const MAX_BLOBS = 32;
export const MAX_FIXUPS = 64;
/** Bytes of the arena that the blobs of a call are laid out in. Each begins at a multiple of 4. */
export const ARENA_SIZE = 8192;
/** In a fixup's place: this bit and the number of a blob. */
export const FIXUP_IN_BLOB = 0x80;

// Requests beyond the system calls, in a CALL's nr. First those to a process.
/** Fills blob 0 from address args[0], in user mode: a bad address is the process's own SIGSEGV. */
export const AGENT_PEEK = 0x10000001;
/** Copies blob 0 to address args[0], likewise. */
export const AGENT_POKE = 0x10000002;
/** Calls the function at args[0] with args[1..3] in EAX, EDX, ECX; gives EAX. */
export const AGENT_INVOKE = 0x10000003;
/** fork, whose child joins the agent's processes (a STARTED event tells its slot). The raw call's child just exits. */
export const AGENT_FORK = 0x10000004;
/** vfork, likewise. The parent's RET comes when the child has exited or executed a program. */
export const AGENT_VFORK = 0x10000005;
// Then those to the agent itself.
/** Starts a process. The result is its pid; a STARTED event tells its slot. */
export const AGENT_SPAWN = 0x10000010;
/** Sends signal args[1] to pid args[0], from the agent. */
export const AGENT_KILL = 0x10000011;

// The status of a RET.
/** The call was made; `result` is what it returned. */
export const RET_DONE = 0;
/** There is no such process (any more), or another one has the slot. */
export const RET_NO_PROCESS = 1;
/** The process is in another call. */
export const RET_BUSY = 2;
/** All slots are taken. */
export const RET_NO_SLOT = 3;
/** The CALL's records contradict each other. */
export const RET_MALFORMED = 4;

// Kinds of events.
/** A process is ready for calls. */
export const EVENT_STARTED = 1;
/** A process takes no more calls: it is dying, or it executes another program. */
export const EVENT_GONE = 2;
/** A process that was spawned (not forked) is dead; value is its wait status. Not tied to a slot any more. */
export const EVENT_EXITED = 3;

// Words of HELLO that tell where something useful is, in every process of the agent.
/** A signal handler that records the signals it gets, and one for use with SA_SIGINFO. */
export const HELLO_HANDLER = 16;
export const HELLO_SIGINFO_HANDLER = 20;
/** Their record: a count (u32), then a ring of SIGNAL_LOG_ENTRIES entries of SIGNAL_LOG_ENTRY bytes. */
export const HELLO_SIGNAL_LOG = 24;
/** For sa_restorer: without SA_SIGINFO, and with it. */
export const HELLO_RESTORER = 28;
export const HELLO_SIGINFO_RESTORER = 32;

/** An entry of the log: signal, si_code, si_pid or si_addr, si_status (the last three with SA_SIGINFO only), sp. */
export const SIGNAL_LOG_ENTRY = 20;
export const SIGNAL_LOG_ENTRIES = 16;

/** The outcome of decoding that is not a length. */
export const FRAME_DAMAGED: u32 = 0xffffffff;

/** The little-endian number of 16 bits at `at`. */
export function get16(data: Ptr<u8>, at: u32): u32 {
  return data[at] | (data[at + 1] << 8);
}

/** The little-endian number of 32 bits at `at`. */
export function get32(data: Ptr<u8>, at: u32): u32 {
  return (data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24)) >>> 0;
}

/** Stores the low 16 bits of `value`, little-endian. */
export function put16(data: Ptr<u8>, at: u32, value: u32): void {
  data[at] = value & 0xff;
  data[at + 1] = (value >>> 8) & 0xff;
}

/** Stores a number of 32 bits, little-endian. */
export function put32(data: Ptr<u8>, at: u32, value: u32): void {
  put16(data, at, value);
  put16(data, at + 2, value >>> 16);
}

/** The number after `seq`: 0 is skipped. */
export function nextSeq(seq: u32): u32 {
  return seq === 0xffff ? 1 : seq + 1;
}

/** Does a frame of this type take part in numbering and acknowledgement? */
export function isNumbered(type: u32): boolean {
  return type === FRAME_CALL || type === FRAME_RET || type === FRAME_EVENT;
}

/**
 * Completes the frame whose payload stands in `plain` from FRAME_HEADER on (header and checksum are filled in, so
 * `plain` needs MAX_PLAIN bytes), and writes its form on the line to `target` (MAX_FRAME bytes). Returns its length.
 */
export function encodeFrame(plain: Ptr<u8>, type: u32, seq: u32, payloadLength: u32, target: Ptr<u8>): u32 {
  plain[0] = WIRE_VERSION;
  plain[1] = type & 0xff;
  put16(plain, 2, seq);
  const covered = FRAME_HEADER + payloadLength;
  put32(plain, covered, crc32(plain, 0, covered));
  target[0] = 0;
  const end = cobsEncode(plain, covered + FRAME_TRAILER, target, 1);
  target[end] = 0;
  return end + 1;
}

/**
 * Decodes, in place, what stood between two zeros on the line. Returns the payload's length (the payload is at
 * FRAME_HEADER, the type at 1, the number at 2), or FRAME_DAMAGED.
 */
export function decodeFrame(data: Ptr<u8>, length: u32): u32 {
  const plain = cobsDecode(data, length);
  if (plain === COBS_MALFORMED || plain < FRAME_HEADER + FRAME_TRAILER) return FRAME_DAMAGED;
  const covered = plain - FRAME_TRAILER;
  if (get32(data, covered) !== crc32(data, 0, covered)) return FRAME_DAMAGED;
  if (data[0] !== WIRE_VERSION || covered > FRAME_HEADER + MAX_PAYLOAD) return FRAME_DAMAGED;
  return covered - FRAME_HEADER;
}
