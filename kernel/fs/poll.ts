/*
 * Waiting for several files at once: what poll, ppoll, select and pselect share.
 *
 * Idea. A file's `poll` function says what is possible now, and leaves an entry on each wait queue whose waking may
 * change the answer. So the caller asks all files; if none has anything for him he sleeps, and whichever queue wakes
 * him, asks again. Entries stay on their queues over the rounds: the table is only handed to the files in the first.
 *
 *   for (;;) {
 *     announce the sleep; ask each file (first round: with the table)
 *     something found, time over, signal? -> break
 *     sleep
 *   }
 *   table.finish()
 *
 * A wake-up between the question and the sleep finds the task announced as sleeping and undoes that.
 *
 * Locking. A table belongs to the task that makes it. Each file that was asked is kept by a reference, so that its
 * queues outlive the entries on them though another thread closes the descriptor.
 */

import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { memset } from '../lib/string.ts';
import { type File, getFile, putFile } from './file.ts';

class PollEntry {
  wait: Inline<WaitEntry>;
  queue: WaitQueue;
  file: File;
}

/** Entries that are allocated at once. */
const CHUNK_ENTRIES: u32 = 30;

class PollChunk {
  next: PollChunk | null;
  used: u32;
  entries: FixedArray<Inline<PollEntry>, 30>;
}

export class PollTable {
  chunks: PollChunk | null;
  /** An entry could not be made for want of memory: the poll must fail. */
  isShort: boolean;
  /** Somebody else's way to wait (epollItem.ts), instead of what `waitOn` does; null: none. */
  divert: ((table: PollTable, queue: WaitQueue) => void) | null;
  argument: u32; // belongs to `divert`

  /** To be called by a file's `poll`: the sleep ends when `queue` is woken. */
  waitOn(file: File, queue: WaitQueue): void {
    if (this.divert !== null) {
      this.divert(this, queue);
      return;
    }
    let chunk = this.chunks;
    if (chunk === null || chunk.used === CHUNK_ENTRIES) {
      const place = kmalloc(sizeof<PollChunk>());
      if (place === null) {
        this.isShort = true;
        return;
      }
      memset(place, 0, sizeof<PollChunk>());
      const fresh = as<PollChunk>(place);
      fresh.next = chunk;
      this.chunks = fresh;
      chunk = fresh;
    }
    const entry: PollEntry = chunk.entries[chunk.used];
    chunk.used++;
    entry.queue = queue;
    entry.file = getFile(file);
    queue.add(entry.wait);
  }

  /** Leaves all queues and forgets them. */
  finish(): void {
    let chunk = this.chunks;
    while (chunk !== null) {
      for (let i: u32 = 0; i < chunk.used; i++) {
        const entry: PollEntry = chunk.entries[i];
        entry.queue.finish(entry.wait);
        putFile(entry.file);
      }
      const done = chunk;
      chunk = chunk.next;
      kfree(done);
    }
    this.chunks = null;
  }
}
