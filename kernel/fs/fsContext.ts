/*
 * What a task knows about the file tree: its root, its current directory, its umask. Threads of a program, and whoever
 * was cloned with CLONE_FS, share one.
 *
 * Locking. (X) FsContext.lock. `count` is atomic.
 */

import { current } from '../arch/x86/cpu.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Dentry, getDentry, globalRoot, putDentry } from './dentry.ts';

/** Class of FsContext.lock. */
export class FsContextLock {
  declare readonly lock: 'fsContext';
}

export class FsContext {
  count: Volatile<u32>;
  lock: Inline<Spinlock<FsContextLock>>;
  root: Dentry; // (X) referenced
  workingDirectory: Dentry; // (X) referenced
  umask: Volatile<u32>; // one word: each access stands alone
}

/** A fresh context at the root of everything, for the first process. Null: no memory. */
export function createFsContext(): FsContext | null {
  const context = allocate<FsContext>();
  if (context === null) return null;
  context.count = 1;
  context.lock.init('fs context');
  context.root = getDentry(globalRoot());
  context.workingDirectory = getDentry(globalRoot());
  context.umask = 0o022;
  return context;
}

/** For fork: a context of its own that begins where `old` is. Null: no memory. */
export function copyFsContext(old: FsContext): FsContext | null {
  const context = allocate<FsContext>();
  if (context === null) return null;
  context.count = 1;
  context.lock.init('fs context');
  using _held = old.lock.acquire();
  context.root = getDentry(old.root);
  context.workingDirectory = getDentry(old.workingDirectory);
  context.umask = old.umask;
  return context;
}

/** For CLONE_FS: one more user of the same. */
export function getFsContext(context: FsContext): FsContext {
  atomic.inc(addrOf(context.count));
  return context;
}

/** One user less. @sleeps */
export function putFsContext(context: FsContext): void {
  if (!atomic.decAndTest(addrOf(context.count))) return;
  putDentry(context.root);
  putDentry(context.workingDirectory);
  kfree(context);
}

/** The current task's root, with a reference. Kernel threads without a context begin at the root of everything. */
export function currentRoot(): Dentry {
  const context = current().fs;
  if (context === null) return getDentry(globalRoot());
  using _held = context.lock.acquire();
  return getDentry(context.root);
}

/** The current task's working directory, with a reference. */
export function currentDirectory(): Dentry {
  const context = current().fs;
  if (context === null) return getDentry(globalRoot());
  using _held = context.lock.acquire();
  return getDentry(context.workingDirectory);
}

/** The current task's umask. */
export function currentUmask(): u32 {
  const context = current().fs;
  return context === null ? 0 : context.umask;
}

/** Changes the working directory; takes over the caller's reference. @sleeps */
export function setCurrentDirectory(directory: Dentry): void {
  const context = current().fs!;
  putDentry(exchangeDirectory(context, directory));
}

function exchangeDirectory(context: FsContext, directory: Dentry): Dentry {
  using _held = context.lock.acquire();
  const old = context.workingDirectory;
  context.workingDirectory = directory;
  return old;
}

/** Changes the root; takes over the caller's reference. @sleeps */
export function setCurrentRoot(directory: Dentry): void {
  const context = current().fs!;
  putDentry(exchangeRoot(context, directory));
}

function exchangeRoot(context: FsContext, directory: Dentry): Dentry {
  using _held = context.lock.acquire();
  const old = context.root;
  context.root = directory;
  return old;
}
