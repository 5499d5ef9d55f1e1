/*
 * A worker: the process that makes system calls for the host, one at a time.
 *
 * It reads CALLs from the call pipe of its slot, lays their blobs out in the arena, makes the call, and sends a RET to
 * the hub. It uses no heap and no other descriptors than its pipes, so that what the host sees of the process is what
 * its own calls made of it.
 *
 * A call pipe may still hold a CALL for an earlier process of the slot, which was killed before it read it. So each
 * CALL names the pid that it is for, and others are skipped.
 */

import { EINTR } from '../../abi/errno.ts';
import { SYS_clone, SYS_clone3, SYS_exit, SYS_exit_group, SYS_fork, SYS_vfork } from '../../abi/syscallNumbers.ts';
import {
  AGENT_FORK,
  AGENT_INVOKE,
  AGENT_PEEK,
  AGENT_POKE,
  AGENT_VFORK,
  ANY_CPU,
  ARENA_SIZE,
  BLOB_IN,
  BLOB_OUT,
  BLOB_RECORD,
  CALL_ARGUMENT_COUNT,
  CALL_ARGUMENTS,
  CALL_HEADER,
  FIXUP_IN_BLOB,
  FIXUP_RECORD,
  get16,
  get32,
  MAX_BLOBS,
  MAX_FIXUPS,
  MAX_PAYLOAD,
  put32,
  RET_DONE,
  RET_HEADER,
  RET_MALFORMED,
} from '../../abi/wire.ts';
import { read } from '../lib/fileCalls.ts';
import { exitNow, getpid, setAffinity } from '../lib/processCalls.ts';
import { attachWatcher, tellEnd } from './watcher.ts';
import {
  CALL_MESSAGE_HEADER,
  CALL_READ_FD,
  HUB_HEADER,
  MESSAGE_RET,
  MESSAGE_SIZE,
  MESSAGE_STARTED,
  sendToHub,
} from './records.ts';

/** A call, as it is being made. */
class Call {
  /** The CALL's payload, and its length. */
  payload: Ptr<u8>;
  length: u32;
  id: u32;
  nr: u32;
  blobs: u32;
  fixups: u32;
  args: FixedArray<u32, 6>;
  /** For AGENT_FORK: where the child goes. */
  childSlot: u32;
  childTicket: u32;
}

class Blob {
  flags: u32;
  address: u32;
  length: u32;
}

class Worker {
  slot: u32;
  pid: u32;
  /** Nobody will tell the hub of its end. */
  isUnwatched: boolean;
  call: Inline<Call>;
  blobs: FixedArray<Inline<Blob>, 32>;
  incoming: FixedArray<u8, 8192>;
  outgoing: FixedArray<u8, 4096>;
  arena: FixedArray<u8, 8192>;
}

const worker = zeroed<Inline<Worker>>();

/** Serves calls for `slot`, for ever. The ticket and the parent's slot are told to the hub. */
export function work(slot: u32, ticket: u32, parentSlot: u32): never {
  worker.slot = slot;
  worker.pid = u32(getpid());
  const body = addrOf(worker.outgoing[HUB_HEADER]);
  put32(body, 0, ticket);
  body[4] = u8(parentSlot);
  sendToHub(worker.outgoing, MESSAGE_STARTED, slot, worker.pid, 5);
  while (true) {
    const got = read(CALL_READ_FD + i32(worker.slot), worker.incoming, 2 * MESSAGE_SIZE);
    if (got === -EINTR) continue;
    if (got <= 0) exitNow(0);
    let at: u32 = 0;
    while (at + CALL_MESSAGE_HEADER + CALL_HEADER <= u32(got)) {
      const message = addrOf(worker.incoming[at]);
      const length = get16(message, 0);
      if (get32(message, CALL_MESSAGE_HEADER + 8) === worker.pid) serve(message, length);
      at += length;
    }
  }
}

/** Makes the call that `message` asks for, and answers. */
function serve(message: Ptr<u8>, length: u32): void {
  const call: Call = worker.call;
  call.payload = message.add(CALL_MESSAGE_HEADER);
  call.length = length - CALL_MESSAGE_HEADER;
  call.childSlot = message[2];
  call.childTicket = get32(message, 4);
  call.id = get32(call.payload, 0);
  call.nr = get32(call.payload, 12);
  call.blobs = call.payload[6];
  call.fixups = call.payload[7];
  for (let i: u32 = 0; i < CALL_ARGUMENT_COUNT; i++) call.args[i] = get32(call.payload, CALL_ARGUMENTS + 4 * i);
  if (!layOutBlobs(call) || !applyFixups(call)) {
    answer(call.id, RET_MALFORMED, 0, 0);
    return;
  }
  const cpu = call.payload[5];
  if (cpu !== ANY_CPU) setAffinity(u32(1) << cpu);
  const id = call.id; // a vfork's child makes calls of its own meanwhile, in this very memory
  const result = perform(call);
  answer(id, RET_DONE, result, gatherBlobs(call));
}

/** Gives each blob its place in the arena, and copies the contents of those that go in. False if they do not fit. */
function layOutBlobs(call: Call): boolean {
  let data: u32 = CALL_HEADER + call.blobs * BLOB_RECORD + call.fixups * FIXUP_RECORD;
  let used: u32 = 0;
  let outgoing: u32 = RET_HEADER;
  if (call.blobs > MAX_BLOBS || call.fixups > MAX_FIXUPS || data > call.length) return false;
  for (let i: u32 = 0; i < call.blobs; i++) {
    const blob = worker.blobs[i];
    const record = CALL_HEADER + i * BLOB_RECORD;
    blob.flags = call.payload[record];
    blob.length = get16(call.payload, record + 2);
    if (used + blob.length > ARENA_SIZE) return false;
    blob.address = u32(addrOf(worker.arena[used]));
    if ((blob.flags & BLOB_IN) !== 0) {
      if (data + blob.length > call.length) return false;
      copyBytes(ptr<u8>(blob.address), call.payload.add(data), blob.length);
      data += blob.length;
    } else {
      fillBytes(ptr<u8>(blob.address), 0, blob.length);
    }
    if ((blob.flags & BLOB_OUT) !== 0) outgoing += blob.length;
    used = (used + blob.length + 3) & 0xfffffffc;
  }
  return outgoing <= MAX_PAYLOAD;
}

/** Stores the addresses of blobs where they are wanted. */
function applyFixups(call: Call): boolean {
  for (let i: u32 = 0; i < call.fixups; i++) {
    const record = CALL_HEADER + call.blobs * BLOB_RECORD + i * FIXUP_RECORD;
    const place: u32 = call.payload[record];
    const source: u32 = call.payload[record + 1];
    const offset = get16(call.payload, record + 2);
    if (source >= call.blobs) return false;
    const address = worker.blobs[source].address;
    if ((place & FIXUP_IN_BLOB) === 0) {
      if (place >= CALL_ARGUMENT_COUNT) return false;
      call.args[place] = address;
      continue;
    }
    const target: u32 = place - FIXUP_IN_BLOB;
    if (target >= call.blobs || offset + 4 > worker.blobs[target].length) return false;
    put32(ptr<u8>(worker.blobs[target].address), offset, address);
  }
  return true;
}

function perform(call: Call): i32 {
  const args = call.args;
  switch (call.nr) {
    case AGENT_PEEK:
      if (call.blobs === 1) copyBytes(ptr<u8>(worker.blobs[0].address), ptr<u8>(args[0]), worker.blobs[0].length);
      return 0;
    case AGENT_POKE:
      if (call.blobs === 1) copyBytes(ptr<u8>(args[0]), ptr<u8>(worker.blobs[0].address), worker.blobs[0].length);
      return 0;
    case AGENT_INVOKE:
      return invoke(args);
    case AGENT_FORK:
      return becomeTwo(SYS_fork, call.childSlot, call.childTicket);
    case AGENT_VFORK:
      return becomeTwo(SYS_vfork, call.childSlot, call.childTicket);
    case SYS_fork:
    case SYS_vfork:
    case SYS_clone:
    case SYS_clone3:
      return callWhoseChildExits(call.nr, args);
    case SYS_exit:
    case SYS_exit_group:
      if (worker.isUnwatched) tellEnd(worker.slot, worker.pid);
      return int80(call.nr, args[0], 0, 0, 0, 0, 0);
    default:
      return int80(call.nr, args[0], args[1], args[2], args[3], args[4], args[5]);
  }
}

/**
 * Forks; the child serves calls in a slot of its own. A vfork's child runs in the parent's memory and deeper on its
 * stack, while the parent sleeps: what the child has changed is put right afterwards.
 */
function becomeTwo(nr: u32, childSlot: u32, childTicket: u32): i32 {
  const slot = worker.slot;
  const pid = worker.pid;
  const isUnwatched = worker.isUnwatched;
  const result = int80(nr, 0, 0, 0, 0, 0, 0);
  if (result === 0) {
    worker.isUnwatched = !attachWatcher(childSlot, u32(getpid()));
    work(childSlot, childTicket, slot);
  }
  worker.slot = slot;
  worker.pid = pid;
  worker.isUnwatched = isUnwatched;
  worker.call.blobs = 0;
  return result;
}

/** Copies the contents of the blobs that come out into the RET. Returns their bytes. */
function gatherBlobs(call: Call): u32 {
  let length: u32 = 0;
  for (let i: u32 = 0; i < call.blobs; i++) {
    const blob = worker.blobs[i];
    if ((blob.flags & BLOB_OUT) === 0) continue;
    copyBytes(addrOf(worker.outgoing[HUB_HEADER + RET_HEADER + length]), ptr<u8>(blob.address), blob.length);
    length += blob.length;
  }
  return length;
}

function answer(id: u32, status: u32, result: i32, dataLength: u32): void {
  const body = addrOf(worker.outgoing[HUB_HEADER]);
  put32(body, 0, id);
  put32(body, 4, status);
  put32(body, 8, u32(result));
  sendToHub(worker.outgoing, MESSAGE_RET, worker.slot, worker.pid, RET_HEADER + dataLength);
}

/**
 * Makes call `nr`, whose child, should there be one, exits at once: it may be on another stack, or on its parent's, so
 * it must not touch any.
 * @naked
 */
function callWhoseChildExits(_nr: u32, _args: Ptr<u32>): i32 {
  return asm`push ebx
      push esi
      push edi
      push ebp
      mov ebx, [edx]
      mov ecx, [edx + 4]
      mov esi, [edx + 12]
      mov edi, [edx + 16]
      mov ebp, [edx + 20]
      mov edx, [edx + 8]
      int 0x80
      test eax, eax
      jnz parent
      mov eax, ${SYS_exit}
      xor ebx, ebx
      int 0x80
    parent:
      pop ebp
      pop edi
      pop esi
      pop ebx
      ret`;
}

/**
 * Calls the function at args[0] with args[1] to args[3] in EAX, EDX and ECX.
 * @naked
 */
function invoke(_args: Ptr<u32>): i32 {
  return asm`push ebx
      push esi
      push edi
      push ebp
      mov ebx, [eax]
      mov ecx, [eax + 12]
      mov edx, [eax + 8]
      mov eax, [eax + 4]
      call ebx
      pop ebp
      pop edi
      pop esi
      pop ebx
      ret`;
}
