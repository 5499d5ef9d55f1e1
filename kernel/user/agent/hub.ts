/*
 * The hub: the agent's one process with a state. It reads one pipe, to which everybody writes, and does one thing after
 * another: bytes from the line become frames, frames become calls; answers and events become frames.
 *
 * Slots. A slot is free, reserved (a process for it is being made) or alive. A reservation carries a ticket, which the
 * new worker shows when it starts. Every message tells the pid it comes from, and one from a process that does not have
 * the slot (any more) is dropped.
 *
 * The hub never waits for a worker: the ends of the call pipes that it writes to are non-blocking, and a worker that
 * leaves its pipe full is told to be busy.
 */

import { EINTR, ESRCH } from '../../abi/errno.ts';
import { SIGKILL } from '../../abi/signal.ts';
import { WNOHANG } from '../../abi/wait.ts';
import {
  AGENT_ABI,
  AGENT_FORK,
  AGENT_KILL,
  AGENT_SPAWN,
  AGENT_VFORK,
  CALL_ARGUMENTS,
  CALL_HEADER,
  EVENT_EXITED,
  EVENT_GONE,
  EVENT_SIZE,
  EVENT_STARTED,
  FRAME_CALL,
  FRAME_EVENT,
  FRAME_HELLO,
  FRAME_RET,
  get16,
  get32,
  HELLO_HANDLER,
  HELLO_RESTORER,
  HELLO_SIGINFO_HANDLER,
  HELLO_SIGINFO_RESTORER,
  HELLO_SIGNAL_LOG,
  HELLO_SIZE,
  RET_BUSY,
  RET_DONE,
  RET_HEADER,
  RET_MALFORMED,
  RET_NO_PROCESS,
  RET_NO_SLOT,
  SLOT_AGENT,
  SLOTS,
} from '../../abi/wire.ts';
import { SYS_sched_getaffinity } from '../../abi/syscallNumbers.ts';
import { read, write } from '../lib/fileCalls.ts';
import { exitNow, kill, restoreRtSignal, restoreSignal, wait4 } from '../lib/processCalls.ts';
import { spawnWorker } from './guardian.ts';
import { receiveBytes, resetLink, sendHello, sendNumbered } from './link.ts';
import {
  CALL_MESSAGE_HEADER,
  CALL_WRITE_FD,
  HUB_HEADER,
  HUB_READ_FD,
  MESSAGE_EXITED,
  MESSAGE_GONE,
  MESSAGE_LINE,
  MESSAGE_LINE_END,
  MESSAGE_RET,
  MESSAGE_SIZE,
  MESSAGE_STARTED,
} from './records.ts';
import { handleSiginfo, handleSignal, signalLog } from './signals.ts';

const SLOT_FREE = 0;
const SLOT_RESERVED = 1;
const SLOT_ALIVE = 2;
/** Of Slot.child: no fork is under way. */
const NO_CHILD = 0xff;

class Slot {
  state: u32;
  /** Of the reservation. */
  ticket: u32;
  /** Reserved by AGENT_SPAWN: the id of that call. */
  spawning: boolean;
  spawnId: u32;
  pid: u32;
  /** A call is under way: its id, and the slot reserved for the child that it is to make. */
  busy: boolean;
  callId: u32;
  child: u32;
}

/** Spawned processes that are not dead yet, as far as they are remembered. */
const FAMILIES = 32;

class Hub {
  /** The session's nonce; 0: none yet. */
  nonce: u32;
  /** The session waits to be opened until the processes of the one before are gone. */
  opening: boolean;
  /** Process groups (led by spawned processes) that must end with the session; 0: none. */
  families: FixedArray<u32, 32>;
  /** Given to the next reservation. */
  ticket: u32;
  slots: FixedArray<Inline<Slot>, 16>;
  /** What was read from the pipe: messages, the last perhaps not whole. Bytes from `next` to `end` are still to be read. */
  incoming: FixedArray<u8, 8192>;
  next: u32;
  end: u32;
  forward: FixedArray<u8, 4096>;
}

const hub = zeroed<Inline<Hub>>();

/** Serves until the line ends. */
export function runHub(): never {
  resetLink(false);
  greet();
  while (true) {
    const message = nextMessage();
    const length = get16(message, 0);
    const kind: u32 = message[2];
    const slot: u32 = message[3];
    const pid = get32(message, 4);
    const body = message.add(HUB_HEADER);
    switch (kind) {
      case MESSAGE_LINE:
        receiveBytes(body, length - HUB_HEADER, takeFrame);
        break;
      case MESSAGE_LINE_END:
        killAll();
        exitNow(0);
        break;
      case MESSAGE_RET:
        if (owns(slot, pid)) takeRet(hub.slots[slot], body, length - HUB_HEADER);
        break;
      case MESSAGE_STARTED:
        takeStarted(slot, pid, get32(body, 0), body[4]);
        break;
      case MESSAGE_GONE:
        if (owns(slot, pid)) takeGone(slot, pid);
        break;
      case MESSAGE_EXITED:
        takeExited(slot, pid, get32(body, 0));
        break;
      default:
        break;
    }
    if (hub.opening && allFree()) openSession();
  }
}

/** The next message. It stays where it is until the one after it is asked for. */
function nextMessage(): Ptr<u8> {
  while (true) {
    const there = hub.end - hub.next;
    if (there >= HUB_HEADER && there >= get16(hub.incoming, hub.next)) break;
    readMore();
  }
  const message = addrOf(hub.incoming[hub.next]);
  hub.next += get16(message, 0);
  return message;
}

/** Waits for more than is there. Without a pipe to read from there is nothing left to do. */
function readMore(): void {
  const rest = hub.end - hub.next;
  copyBytes(hub.incoming, addrOf(hub.incoming[hub.next]), rest);
  hub.next = 0;
  hub.end = rest;
  const got = read(HUB_READ_FD, addrOf(hub.incoming[rest]), 2 * MESSAGE_SIZE - rest);
  if (got > 0) hub.end += u32(got);
  else if (got !== -EINTR) exitNow(1);
}

function owns(slot: u32, pid: u32): boolean {
  return slot < SLOTS && hub.slots[slot].state === SLOT_ALIVE && hub.slots[slot].pid === pid;
}

// ---------------------------------------------------------------------------------------------------------------------
// From the host.

function takeFrame(type: u32, payload: Ptr<u8>, length: u32): void {
  if (type === FRAME_HELLO && length >= 4) takeHello(get32(payload, 0));
  else if (type === FRAME_CALL && length >= CALL_HEADER) takeCall(payload, length);
}

/**
 * A new session begins once the old one's processes are gone. A HELLO that is repeated is just answered again; or, while
 * it must wait, it is a reason to look for processes that nobody watched.
 */
function takeHello(nonce: u32): void {
  if (nonce === 0) return;
  if (nonce === hub.nonce) {
    if (hub.opening) forgetDead();
    else greet();
    return;
  }
  hub.nonce = nonce;
  hub.opening = true;
  resetLink(false);
  killAll();
}

function openSession(): void {
  hub.opening = false;
  resetLink(true);
  greet();
}

function greet(): void {
  const hello = zeroed<FixedArray<u32, 9>>();
  hello[0] = hub.nonce;
  hello[1] = AGENT_ABI;
  hello[2] = countCpus();
  hello[HELLO_HANDLER / 4] = u32(handleSignal);
  hello[HELLO_SIGINFO_HANDLER / 4] = u32(handleSiginfo);
  hello[HELLO_SIGNAL_LOG / 4] = u32(signalLog);
  hello[HELLO_RESTORER / 4] = u32(restoreSignal);
  hello[HELLO_SIGINFO_RESTORER / 4] = u32(restoreRtSignal);
  sendHello(ptr<u8>(hello), HELLO_SIZE);
}

/** How many CPUs this process may run on: 1 if the kernel does not tell. */
function countCpus(): u32 {
  const mask = zeroed<FixedArray<u32, 32>>();
  const got = int80(SYS_sched_getaffinity, 0, 128, u32(mask), 0, 0, 0);
  let count: u32 = 0;
  for (let bit: u32 = 0; got > 0 && bit < u32(got) * 8; bit++) count += (mask[bit >>> 5] >>> (bit & 31)) & 1;
  return count === 0 ? 1 : count;
}

function takeCall(payload: Ptr<u8>, length: u32): void {
  const id = get32(payload, 0);
  const nr = get32(payload, 12);
  if (payload[4] === SLOT_AGENT) {
    if (nr === AGENT_SPAWN) spawn(id);
    else if (nr === AGENT_KILL) {
      const result = kill(i32(get32(payload, CALL_ARGUMENTS)), get32(payload, CALL_ARGUMENTS + 4));
      reply(id, RET_DONE, result);
    } else reply(id, RET_MALFORMED, 0);
    return;
  }
  if (!owns(payload[4], get32(payload, 8))) {
    reply(id, RET_NO_PROCESS, 0);
    return;
  }
  const slot = hub.slots[payload[4]];
  if (slot.busy) {
    reply(id, RET_BUSY, 0);
    return;
  }
  let child: u32 = NO_CHILD;
  if (nr === AGENT_FORK || nr === AGENT_VFORK) {
    child = reserve();
    if (child === NO_CHILD) {
      reply(id, RET_NO_SLOT, 0);
      return;
    }
  }
  forwardCall(payload, length, child);
}

/** Passes a call to its worker. */
function forwardCall(payload: Ptr<u8>, length: u32, child: u32): void {
  const id = get32(payload, 0);
  const slot = hub.slots[payload[4]];
  const total = CALL_MESSAGE_HEADER + length;
  const head = ptr<u32>(hub.forward);
  head[0] = total | (child << 16);
  head[1] = child === NO_CHILD ? 0 : hub.slots[child].ticket;
  copyBytes(addrOf(hub.forward[CALL_MESSAGE_HEADER]), payload, length);
  if (write(CALL_WRITE_FD + i32(payload[4]), hub.forward, total) !== i32(total)) {
    if (child !== NO_CHILD) hub.slots[child].state = SLOT_FREE;
    reply(id, RET_BUSY, 0);
    return;
  }
  slot.busy = true;
  slot.callId = id;
  slot.child = child;
}

function spawn(id: u32): void {
  const index = reserve();
  if (index === NO_CHILD) {
    reply(id, RET_NO_SLOT, 0);
    return;
  }
  const slot = hub.slots[index];
  const error = spawnWorker(index, slot.ticket);
  if (error < 0) {
    slot.state = SLOT_FREE;
    reply(id, RET_DONE, error);
    return;
  }
  slot.spawning = true;
  slot.spawnId = id;
}

/** Reserves a free slot. Returns its number, or NO_CHILD. */
function reserve(): u32 {
  for (let i: u32 = 0; i < SLOTS; i++) {
    const slot = hub.slots[i];
    if (slot.state !== SLOT_FREE) continue;
    hub.ticket++;
    slot.state = SLOT_RESERVED;
    slot.ticket = hub.ticket;
    slot.spawning = false;
    slot.busy = false;
    return i;
  }
  return NO_CHILD;
}

// ---------------------------------------------------------------------------------------------------------------------
// From the workers and those who watch them.

/** A worker's answer. If a fork failed, the slot reserved for the child is free again. */
function takeRet(slot: Slot, payload: Ptr<u8>, length: u32): void {
  if (slot.child !== NO_CHILD && i32(get32(payload, 8)) < 0) hub.slots[slot.child].state = SLOT_FREE;
  slot.busy = false;
  sendNumbered(FRAME_RET, payload, length);
}

/** A worker is there. One whose reservation is no longer valid belongs to a session that is over. */
function takeStarted(index: u32, pid: u32, ticket: u32, parentSlot: u32): void {
  const slot = hub.slots[index];
  if (slot.state !== SLOT_RESERVED || slot.ticket !== ticket) {
    kill(i32(pid), SIGKILL);
    return;
  }
  slot.state = SLOT_ALIVE;
  slot.pid = pid;
  tell(EVENT_STARTED, index, parentSlot, pid, 0);
  if (!slot.spawning) return;
  replaceFamily(0, pid);
  reply(slot.spawnId, RET_DONE, i32(pid));
}

/** A worker takes no more calls. A child that it was just making stays reserved until it shows itself. */
function takeGone(index: u32, pid: u32): void {
  hub.slots[index].state = SLOT_FREE;
  tell(EVENT_GONE, index, SLOT_AGENT, pid, 0);
}

/** A guardian is done: with its worker's status, or because it could not make one. */
function takeExited(index: u32, pid: u32, value: u32): void {
  while (wait4(-1, null, WNOHANG) > 0) continue; // guardians that have finished
  if (pid !== 0) {
    replaceFamily(pid, 0);
    tell(EVENT_EXITED, SLOT_AGENT, SLOT_AGENT, pid, value);
    return;
  }
  const slot = hub.slots[index];
  if (slot.state !== SLOT_RESERVED || !slot.spawning) return;
  slot.state = SLOT_FREE;
  reply(slot.spawnId, RET_DONE, i32(value));
}

/** Kills every process; forgets those that are still being made. */
function killAll(): void {
  for (let i: u32 = 0; i < SLOTS; i++) {
    const slot = hub.slots[i];
    if (slot.state === SLOT_ALIVE) kill(i32(slot.pid), SIGKILL);
    else slot.state = SLOT_FREE;
  }
  for (let i: u32 = 0; i < FAMILIES; i++) {
    if (hub.families[i] !== 0) kill(-i32(hub.families[i]), SIGKILL);
  }
}

/** Frees the slots of processes that are no more. */
function forgetDead(): void {
  for (let i: u32 = 0; i < SLOTS; i++) {
    const slot = hub.slots[i];
    if (slot.state === SLOT_ALIVE && kill(i32(slot.pid), 0) === -ESRCH) slot.state = SLOT_FREE;
  }
}

/** Puts `pid` into the first entry that is `old`, if there is one. */
function replaceFamily(old: u32, pid: u32): void {
  for (let i: u32 = 0; i < FAMILIES; i++) {
    if (hub.families[i] !== old) continue;
    hub.families[i] = pid;
    return;
  }
}

function allFree(): boolean {
  for (let i: u32 = 0; i < SLOTS; i++) {
    if (hub.slots[i].state !== SLOT_FREE) return false;
  }
  return true;
}

// ---------------------------------------------------------------------------------------------------------------------
// To the host. Between sessions nobody listens, and the link drops what it is given.

function reply(id: u32, status: u32, result: i32): void {
  const ret = uninitialized<FixedArray<u32, 3>>();
  ret[0] = id;
  ret[1] = status;
  ret[2] = u32(result);
  sendNumbered(FRAME_RET, ptr<u8>(ret), RET_HEADER);
}

function tell(kind: u32, slot: u32, parentSlot: u32, pid: u32, value: u32): void {
  const event = uninitialized<FixedArray<u32, 3>>();
  event[0] = kind | (slot << 8) | (parentSlot << 16);
  event[1] = pid;
  event[2] = value;
  sendNumbered(FRAME_EVENT, ptr<u8>(event), EVENT_SIZE);
}
