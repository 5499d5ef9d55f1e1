/*
 * Message queues of System V.
 *
 * A message is a record with its bytes behind it, on the queue's list in the order of sending. Who finds the queue full, or
 * no message that he wants, sleeps on one of its two wait queues.
 *
 * Locking. (G) msgLock, a spinlock that no interrupt takes: the table, all fields of queues, their lists. Messages are
 * copied from and to programs without it, when they are in no list.
 *
 * @source msgget(2), msgop(2), msgctl(2); sysvipc(7).
 */

import { E2BIG, EAGAIN, ENOENT, ENOMEM, ENOMSG, ENOSPC } from '../abi/errno.ts';
import { IPC_CREAT, IPC_PRIVATE, MSG_EXCEPT, MSG_NOERROR, MSGMNB, MSGMNI } from '../abi/ipc.ts';
import { current } from '../arch/x86/cpu.ts';
import { type ListHead } from '../lib/list.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type WaitQueue } from '../sync/waitQueue.ts';
import { initIpcObject, type IpcObject, type IpcTable, ipcTime, useExisting } from './ipcTable.ts';

/** The class of msgLock. */
export class MsgLock {
  declare readonly lock: 'msg';
}

/** Its bytes follow the record. */
export class Message {
  link: Inline<ListHead>; // (G) in MessageQueue.messages
  type: i32; // (C) positive
  size: u32; // (C)

  data(): Ptr<u8> {
    return ptr<u8>(u32(this) + sizeof<Message>());
  }
}

export class MessageQueue {
  object: Inline<IpcObject>; // (G) first
  messages: Inline<ListHead>; // (G) of Message.link
  messageCount: u32; // (G)
  byteCount: u32; // (G)
  byteLimit: u32; // (G)
  lastSender: u32; // (G) pid
  lastReceiver: u32; // (G)
  sendTime: u32; // (G) 0: never
  receiveTime: u32; // (G)
  changeTime: u32; // (G)
  senders: Inline<WaitQueue>;
  receivers: Inline<WaitQueue>;
}

const msgLock = zeroed<Inline<Spinlock<MsgLock>>>();
const table = zeroed<Inline<IpcTable>>();

/** Makes an empty table. */
export function initMessages(): void {
  msgLock.init('msg');
}

/**
 * Takes the lock of all queues: `using held = lockMessages()`.
 *
 * @releasedBy unlockMessages
 */
export function lockMessages(): Held<MsgLock> {
  return msgLock.acquire();
}

/** Releases it. Called by `using`. */
export function unlockMessages(): void {
  msgLock.release();
}

/** The table, for commands that walk it. */
export function messageTable(_held: Held<MsgLock>): IpcTable {
  return table;
}

/** The queue with this number, or null. */
export function findQueue(id: u32, _held: Held<MsgLock>): MessageQueue | null {
  const object = table.find(id);
  return object === null ? null : as<MessageQueue>(u32(object));
}

// ---------------------------------------------------------------------------------------------------------------------
// Getting.

function makeQueue(key: i32, flags: u32): MessageQueue | null {
  const queue = allocate<MessageQueue>();
  if (queue === null) return null;
  initIpcObject(queue.object, key, flags);
  queue.messages.init();
  queue.senders.init();
  queue.receivers.init();
  queue.byteLimit = MSGMNB;
  queue.changeTime = ipcTime();
  return queue;
}

/** Enters a new queue unless one with its key has come meanwhile; the number, -ENOSPC, or as for that one. */
function publish(queue: MessageQueue, flags: u32, entered: Ptr<boolean>): i32 {
  using _held = lockMessages();
  const other = table.findKey(queue.object.key);
  if (other !== null) return useExisting(other, flags);
  entered[0] = table.enter(queue.object, MSGMNI);
  return entered[0] ? i32(queue.object.id) : -ENOSPC;
}

/** msgget: the number of the queue with this key, a new one if need be. */
export function getQueue(key: i32, flags: u32): i32 {
  {
    using _held = lockMessages();
    const object = table.findKey(key);
    if (object !== null) return useExisting(object, flags);
    if (key !== IPC_PRIVATE && (flags & IPC_CREAT) === 0) return -ENOENT;
  }
  const queue = makeQueue(key, flags);
  if (queue === null) return -ENOMEM;
  let entered: boolean = false;
  const id = publish(queue, flags, addrOf(entered));
  if (!entered) kfree(queue);
  return id;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sending and receiving.

/** A message with room for `size` bytes, in no list. Null: no memory. */
export function makeMessage(type: i32, size: u32): Message | null {
  const block = kmalloc(sizeof<Message>() + size);
  if (block === null) return null;
  const message = as<Message>(block);
  message.link.init();
  message.type = type;
  message.size = size;
  return message;
}

/** Puts the message at the end; it is the queue's then. 0, or -EAGAIN: there is no room. */
export function enqueueMessage(queue: MessageQueue, message: Message, _held: Held<MsgLock>): i32 {
  const isFull = message.size + queue.byteCount > queue.byteLimit || queue.messageCount + 1 > queue.byteLimit;
  if (isFull) return -EAGAIN;
  queue.messages.addBefore(message.link);
  queue.messageCount++;
  queue.byteCount += message.size;
  queue.lastSender = current().process.pid;
  queue.sendTime = ipcTime();
  queue.receivers.wakeAll();
  return 0;
}

/** Is it one that msgrcv asks for with `type` above 0, or 0? */
function isWanted(message: Message, type: i32, flags: u32): boolean {
  if (type === 0) return true;
  return (flags & MSG_EXCEPT) !== 0 ? message.type !== type : message.type === type;
}

/** The message that `type` means: the first; the first of a type; or, negative, the first of the lowest type up to -type. */
function chooseMessage(queue: MessageQueue, type: i32, flags: u32): Message | null {
  let chosen: Message | null = null;
  for (let link = queue.messages.next; link !== queue.messages; link = link.next) {
    const message = as<Message>(u32(link) - offsetof<Message>('link'));
    if (type >= 0) {
      if (isWanted(message, type, flags)) return message;
    } else if (u32(message.type) <= u32(-type) && (chosen === null || message.type < chosen.type)) {
      chosen = message;
    }
  }
  return chosen;
}

/** Takes a message out, which is the caller's then. 0, -ENOMSG: there is none, -E2BIG: it is longer than `room`. */
export function dequeueMessage(
  queue: MessageQueue,
  room: u32,
  type: i32,
  flags: u32,
  result: Ptr<Message>,
  _held: Held<MsgLock>,
): i32 {
  const message = chooseMessage(queue, type, flags);
  if (message === null) return -ENOMSG;
  if (message.size > room && (flags & MSG_NOERROR) === 0) return -E2BIG;
  message.link.unlink();
  queue.messageCount--;
  queue.byteCount -= message.size;
  queue.lastReceiver = current().process.pid;
  queue.receiveTime = ipcTime();
  queue.senders.wakeAll();
  result[0] = message;
  return 0;
}

/** The queue goes; who sleeps on it learns that. True: nobody does, and the caller is to `freeQueue` it, without the lock. */
export function removeQueue(queue: MessageQueue, _held: Held<MsgLock>): boolean {
  table.remove(queue.object);
  queue.senders.wakeAll();
  queue.receivers.wakeAll();
  return queue.object.users === 0;
}

/** Frees a queue that is in no table any more, with its messages. */
export function freeQueue(queue: MessageQueue): void {
  for (let link = queue.messages.takeFirst(); link !== null; link = queue.messages.takeFirst()) {
    kfree(as<Message>(u32(link) - offsetof<Message>('link')));
  }
  kfree(queue);
}
