/*
 * The system calls of message queues: msgget, msgsnd, msgrcv, msgctl.
 *
 * @source msgget(2), msgop(2), msgctl(2).
 */

import { EACCES, EAGAIN, EFAULT, EIDRM, EINVAL, ENOMEM, ENOMSG, ENOSYS, EPERM, ERESTARTNOHAND } from '../abi/errno.ts';
import {
  IPC_64,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_INFO,
  MSG_STAT,
  MSG_STAT_ANY,
  type MsgLimits,
  MSGMAX,
  MSGMNB,
  MSGMNI,
  type MsgStatus,
} from '../abi/ipc.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { kfree } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { changePermissions, fillPermissions, ipcTime, mayUse, ownsObject } from './ipcTable.ts';
import {
  dequeueMessage,
  enqueueMessage,
  findQueue,
  freeQueue,
  getQueue,
  lockMessages,
  makeMessage,
  type Message,
  type MessageQueue,
  messageTable,
  type MsgLock,
  removeQueue,
} from './msg.ts';

/** msgget(key, flags). */
export function sysMsgget(key: u32, flags: u32): i32 {
  return getQueue(i32(key), flags);
}

// ---------------------------------------------------------------------------------------------------------------------
// Sending and receiving.

/** One msgsnd or msgrcv, while it lasts. */
class MsgCall {
  queue: MessageQueue;
  sends: boolean;
  message: Message; // to send, or received
  room: u32; // for msgrcv
  type: i32;
  flags: u32;
}

/** One try. */
function attempt(call: MsgCall, held: Held<MsgLock>): i32 {
  if (call.sends) return enqueueMessage(call.queue, call.message, held);
  return dequeueMessage(call.queue, call.room, call.type, call.flags, addrOf(call.message), held);
}

/** Is that how a try says that another one, later, may succeed? */
function mustWait(call: MsgCall, result: i32): boolean {
  return result === (call.sends ? -EAGAIN : -ENOMSG) && (call.flags & IPC_NOWAIT) === 0;
}

/** The first try. If it has to be made again, which `keeps` says, the queue is kept. */
function begin(id: u32, call: MsgCall, keeps: Ptr<boolean>): i32 {
  using held = lockMessages();
  const queue = findQueue(id, held);
  if (queue === null) return messageTable(held).missing(id);
  if (!mayUse(queue.object, call.sends ? 0o200 : 0o400)) return -EACCES;
  call.queue = queue;
  const result = attempt(call, held);
  keeps[0] = mustWait(call, result);
  if (keeps[0]) queue.object.users++;
  return result;
}

function tryAgain(call: MsgCall): i32 {
  using held = lockMessages();
  return call.queue.object.isRemoved ? -EIDRM : attempt(call, held);
}

/** The task sleeps no more. True: it was the last one on a queue that is gone. */
function end(queue: MessageQueue): boolean {
  using _held = lockMessages();
  queue.object.users--;
  return queue.object.isRemoved && queue.object.users === 0;
}

function waitAndTry(call: MsgCall): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  const sleepers = call.sends ? call.queue.senders : call.queue.receivers;
  let result: i32;
  for (;;) {
    sleepers.prepare(entry, true);
    result = tryAgain(call);
    if (!mustWait(call, result)) break;
    if (signalPending()) {
      result = -ERESTARTNOHAND;
      break;
    }
    schedule();
  }
  sleepers.finish(entry);
  if (end(call.queue)) freeQueue(call.queue);
  return result;
}

function perform(id: u32, call: MsgCall): i32 {
  let keeps: boolean = false;
  const result = begin(id, call, addrOf(keeps));
  return keeps ? waitAndTry(call) : result;
}

/** msgsnd(id, message, size, flags): a word with the type, then the bytes. */
export function sysMsgsnd(id: u32, address: u32, size: u32, flags: u32): i32 {
  let type: u32 = 0;
  if (getUser32(address, addrOf(type)) !== 0) return -EFAULT;
  if (size > MSGMAX || i32(id) < 0 || i32(type) < 1) return -EINVAL;
  const message = makeMessage(i32(type), size);
  if (message === null) return -ENOMEM;
  let result: i32 = -EFAULT;
  if (copyFromUser(message.data(), address + 4, size) === 0) {
    const call = zeroed<Inline<MsgCall>>();
    call.sends = true;
    call.message = message;
    call.flags = flags;
    result = perform(id, call);
  }
  if (result !== 0) kfree(message);
  return result;
}

/** msgrcv(id, message, room, type, flags): the bytes that were stored. Copies of messages (MSG_COPY) are not made. */
export function sysMsgrcv(id: u32, address: u32, room: u32, type: u32, flags: u32): i32 {
  if (i32(id) < 0 || i32(room) < 0) return -EINVAL;
  if ((flags & MSG_COPY) !== 0) return (flags & IPC_NOWAIT) === 0 ? -EINVAL : -ENOSYS;
  const call = zeroed<Inline<MsgCall>>();
  call.room = room;
  call.type = i32(type);
  call.flags = flags;
  const result = perform(id, call);
  if (result !== 0) return result;
  const message = call.message;
  const size = message.size < room ? message.size : room;
  const isStored = putUser32(address, u32(message.type)) === 0 && copyToUser(address + 4, message.data(), size) === 0;
  kfree(message);
  return isStored ? i32(size) : -EFAULT;
}

// ---------------------------------------------------------------------------------------------------------------------
// Control.

function readStatus(command: u32, id: u32, status: MsgStatus): i32 {
  using held = lockMessages();
  const table = messageTable(held);
  const object = command === IPC_STAT ? table.find(id) : table.at(id);
  if (object === null) return command === IPC_STAT ? table.missing(id) : -EINVAL;
  if (command !== MSG_STAT_ANY && !mayUse(object, 0o400)) return -EACCES;
  const queue = as<MessageQueue>(u32(object));
  fillPermissions(status.msg_perm, object);
  status.msg_stime = queue.sendTime;
  status.msg_rtime = queue.receiveTime;
  status.msg_ctime = queue.changeTime;
  status.msg_cbytes = queue.byteCount;
  status.msg_qnum = queue.messageCount;
  status.msg_qbytes = queue.byteLimit;
  status.msg_lspid = queue.lastSender;
  status.msg_lrpid = queue.lastReceiver;
  return command === IPC_STAT ? 0 : i32(object.id);
}

function tellStatus(command: u32, id: u32, address: u32): i32 {
  const status = zeroed<Inline<MsgStatus>>();
  const result = readStatus(command, id, status);
  if (result < 0) return result;
  return copyToUser(address, ptr<u8>(status), sizeof<MsgStatus>()) !== 0 ? -EFAULT : result;
}

/** What all queues together have. */
function addUp(limits: MsgLimits): void {
  using held = lockMessages();
  const table = messageTable(held);
  limits.msgpool = table.count;
  limits.msgmap = 0;
  limits.msgtql = 0;
  for (let place: u32 = 0; place <= table.highest(); place++) {
    const object = table.at(place);
    if (object === null) continue;
    const queue = as<MessageQueue>(u32(object));
    limits.msgmap += queue.messageCount;
    limits.msgtql += queue.byteCount;
  }
}

function highestPlace(): u32 {
  using held = lockMessages();
  return messageTable(held).highest();
}

/** IPC_INFO and MSG_INFO. */
function tellLimits(command: u32, address: u32): i32 {
  const limits = zeroed<Inline<MsgLimits>>();
  limits.msgpool = (MSGMNI * MSGMNB) / 1024;
  limits.msgmap = MSGMNB;
  limits.msgmax = MSGMAX;
  limits.msgmnb = MSGMNB;
  limits.msgmni = MSGMNI;
  limits.msgssz = 16;
  limits.msgtql = MSGMNB;
  limits.msgseg = 0xffff;
  if (command === MSG_INFO) addUp(limits);
  return copyToUser(address, ptr<u8>(limits), sizeof<MsgLimits>()) !== 0 ? -EFAULT : i32(highestPlace());
}

/** The queue, if it is the current task's to remove or change. 0, -EINVAL, -EIDRM, -EPERM. */
function ownQueue(id: u32, result: Ptr<MessageQueue>, held: Held<MsgLock>): i32 {
  const queue = findQueue(id, held);
  if (queue === null) return messageTable(held).missing(id);
  result[0] = queue;
  return ownsObject(queue.object) ? 0 : -EPERM;
}

function remove(id: u32, unused: Ptr<MessageQueue | null>): i32 {
  using held = lockMessages();
  let queue = as<MessageQueue>(0);
  const error = ownQueue(id, addrOf(queue), held);
  if (error < 0) return error;
  if (removeQueue(queue, held)) unused[0] = queue;
  return 0;
}

function removeById(id: u32): i32 {
  let unused: MessageQueue | null = null;
  const error = remove(id, addrOf(unused));
  if (unused !== null) freeQueue(unused);
  return error;
}

/** IPC_SET: owner, rights, and how many bytes there may be; more than usual for the superuser alone. */
function change(id: u32, address: u32): i32 {
  const status = zeroed<Inline<MsgStatus>>();
  if (copyFromUser(ptr<u8>(status), address, sizeof<MsgStatus>()) !== 0) return -EFAULT;
  using held = lockMessages();
  let queue = as<MessageQueue>(0);
  const error = ownQueue(id, addrOf(queue), held);
  if (error < 0) return error;
  if (status.msg_qbytes > MSGMNB && current().credentials.euid !== 0) return -EPERM;
  changePermissions(queue.object, status.msg_perm);
  queue.byteLimit = status.msg_qbytes;
  queue.changeTime = ipcTime();
  queue.senders.wakeAll();
  return 0;
}

/** msgctl(id, command, buffer). */
export function sysMsgctl(id: u32, flagged: u32, address: u32): i32 {
  const command = flagged & ~u32(IPC_64);
  if (i32(id) < 0) return -EINVAL;
  switch (command) {
    case IPC_STAT:
    case MSG_STAT:
    case MSG_STAT_ANY:
      return tellStatus(command, id, address);
    case IPC_INFO:
    case MSG_INFO:
      return tellLimits(command, address);
    case IPC_SET:
      return change(id, address);
    case IPC_RMID:
      return removeById(id);
    default:
      return -EINVAL;
  }
}
