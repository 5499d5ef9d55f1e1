/*
 * Dentries: the names of files, as a tree in memory.
 *
 * Idea. Path walks would be slow, and `getcwd` impossible, if each step had to ask the file system. So names that are
 * in use are kept: a Dentry is one name in one directory with the inode it leads to, hashed by (parent, name). One
 * without an inode is negative: a name looked up or about to be made, that does not exist. A file system that lives in
 * memory has no other record of its names than its dentries, and keeps each alive by a reference of its own (`pin`).
 *
 * Life. `count` counts users: open files, current directories, walks on their way, child dentries, the pin. At 0 the
 * dentry is freed and lets go of its parent. A dentry that was removed, or replaced by a rename, is unhashed: it stays
 * for those who still use it, but no walk finds it again.
 *
 * Locking. (D) dentryLock, a spinlock, guards everything that is not constant. It is held for a few instructions at a
 * time. A name changes (rename) under (D) and the mutexes of both directories, so a holder of a directory's mutex may
 * read the names in it without (D); and `inode` goes from null to an inode once, under that mutex, and never back.
 */

import { ENAMETOOLONG } from '../abi/errno.ts';
import { type ListHead } from '../lib/list.ts';
import { memcmp, memcpy } from '../lib/string.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { type Inode, putInode, type SuperBlock } from './inode.ts';

/** Class of the lock. */
export class DentryLock {
  declare readonly lock: 'dentry';
}

/** Names of up to this many bytes need no memory of their own. */
const INLINE_NAME: u32 = 28;
const BUCKETS: u32 = 256;
const SLASH: u8 = 0x2f;

export class Dentry {
  count: u32; // (D)
  parent: Dentry; // (D) referenced; the root's is itself
  name: Ptr<u8>; // (D) ended by a zero
  nameLength: u32; // (D)
  hash: u32; // (D)
  inode: Inode | null; // (D) referenced; null: negative
  superBlock: SuperBlock; // (C)
  mounted: SuperBlock | null; // (D) the file system that covers this directory
  children: Inline<ListHead>; // (D) of Dentry.sibling, in order of `cookie`
  sibling: Inline<ListHead>; // (D)
  hashLink: Inline<ListHead>; // (D) off the table: unhashed
  /** Position in the parent for getdents; larger than that of all who came before. */
  cookie: u32; // (D)
  lastCookie: u32; // (D) given to a child last; 0 and 1 are those of "." and ".."
  isPinned: boolean; // (D) `count` includes a reference of the file system
  inlineName: FixedArray<u8, 28>;

  isRoot(): boolean {
    return this.parent === this;
  }
}

const dentryLock = zeroed<Inline<Spinlock<DentryLock>>>();
const buckets = zeroed<FixedArray<Inline<ListHead>, 256>>();
/** The root of everything. Set once, by mountRoot. */
let rootDentry: Dentry | null = null;

export function initDentries(): void {
  dentryLock.init('dentry');
  for (let i: u32 = 0; i < BUCKETS; i++) buckets[i].init();
}

/** For whoever must look at several dentries at once. @releasedBy unlockDentries */
export function lockDentries(): Held<DentryLock> {
  dentryLock.acquire();
  return witness<DentryLock>();
}

export function unlockDentries(): void {
  dentryLock.release();
}

/** FNV-1a over the name, mixed with where the parent lies. */
function hashName(parent: Dentry, name: Ptr<u8>, length: u32): u32 {
  let hash: u32 = 0x811c9dc5 ^ (u32(parent) >>> 5);
  for (let i: u32 = 0; i < length; i++) hash = (hash ^ name[i]) * 0x01000193;
  return hash ^ (hash >>> 15);
}

export function getDentry(dentry: Dentry): Dentry {
  using _held = lockDentries();
  dentry.count++;
  return dentry;
}

/**
 * Drops a reference. The last one frees the dentry, then drops the one to its parent, and so on upwards.
 *
 * @sleeps
 */
export function putDentry(dentry: Dentry): void {
  let next: Dentry | null = dentry;
  while (next !== null) {
    const last: Dentry = next;
    if (!releaseLast(last)) return;
    const inode = last.inode;
    next = last.isRoot() ? null : last.parent;
    if (last.name !== addrOf(last.inlineName[0])) kfree(last.name);
    kfree(last);
    if (inode !== null) putInode(inode);
  }
}

/** One reference less; true if it was the last, and the dentry is off all lists. */
function releaseLast(dentry: Dentry): boolean {
  using _held = lockDentries();
  dentry.count--;
  if (dentry.count > 0) return false;
  dentry.hashLink.unlink();
  dentry.sibling.unlink();
  return true;
}

/** Keeps `dentry` alive while it exists on its file system. Undone by `unpin`. */
export function pin(dentry: Dentry): void {
  using _held = lockDentries();
  dentry.count++;
  dentry.isPinned = true;
}

/** The name is gone from the file system. @sleeps */
export function unpin(dentry: Dentry): void {
  clearPin(dentry);
  putDentry(dentry);
}

function clearPin(dentry: Dentry): void {
  using _held = lockDentries();
  dentry.isPinned = false;
}

/** A negative dentry that no walk finds, with one reference. Takes one to the parent. Null: no memory. */
export function allocateDentry(
  parent: Dentry | null,
  superBlock: SuperBlock,
  name: Ptr<u8>,
  length: u32,
): Dentry | null {
  const dentry = allocate<Dentry>();
  if (dentry === null) return null;
  dentry.name = addrOf(dentry.inlineName[0]);
  if (length >= INLINE_NAME) {
    const place = kmalloc(length + 1);
    if (place === null) {
      kfree(dentry);
      return null;
    }
    dentry.name = place;
  }
  memcpy(dentry.name, name, length);
  dentry.name[length] = 0;
  dentry.nameLength = length;
  dentry.count = 1;
  dentry.lastCookie = 1;
  dentry.superBlock = superBlock;
  dentry.children.init();
  dentry.sibling.init();
  dentry.hashLink.init();
  dentry.parent = parent === null ? dentry : getDentry(parent);
  if (parent !== null) dentry.hash = hashName(parent, name, length);
  return dentry;
}

/** The dentry of that name in `parent` with a reference, or null when none is kept. It may be negative. */
export function findChild(parent: Dentry, name: Ptr<u8>, length: u32): Dentry | null {
  const hash = hashName(parent, name, length);
  using _held = lockDentries();
  const bucket: ListHead = buckets[hash % BUCKETS];
  for (let link = bucket.next; link !== bucket; link = link.next) {
    const dentry = as<Dentry>(u32(link) - offsetof<Dentry>('hashLink'));
    if (dentry.hash !== hash || dentry.parent !== parent || dentry.nameLength !== length) continue;
    if (memcmp(dentry.name, name, length) !== 0) continue;
    dentry.count++;
    return dentry;
  }
  return null;
}

/** From now on walks find `dentry` below its parent. The caller holds the parent's mutex and knows that it is new. */
export function hashDentry(dentry: Dentry): void {
  using held = lockDentries();
  linkIn(dentry, held);
}

function linkIn(dentry: Dentry, _held: Held<DentryLock>): void {
  const parent = dentry.parent;
  const bucket: ListHead = buckets[dentry.hash % BUCKETS];
  bucket.addBefore(dentry.hashLink);
  parent.lastCookie++;
  dentry.cookie = parent.lastCookie;
  parent.children.addBefore(dentry.sibling);
}

/** Makes a negative dentry name `inode`; the reference becomes the dentry's. */
export function attachInode(dentry: Dentry, inode: Inode): void {
  using _held = lockDentries();
  dentry.inode = inode;
}

/** Walks do not find `dentry` any more: it was removed. Those who have it keep it. */
export function unhashDentry(dentry: Dentry): void {
  using _held = lockDentries();
  dentry.hashLink.unlink();
  dentry.sibling.unlink();
}

/** Is it still to be found (or a root)? */
export function isHashed(dentry: Dentry): boolean {
  return dentry.isRoot() || dentry.hashLink.isLinked();
}

/**
 * A rename has happened: `dentry` takes over place and name of `target`, which is unhashed. The caller holds the mutex
 * of both directories. What was the parent loses a reference: the result, to be put by the caller.
 */
export function moveDentry(dentry: Dentry, target: Dentry): Dentry {
  using held = lockDentries();
  const oldParent = dentry.parent;
  dentry.hashLink.unlink();
  dentry.sibling.unlink();
  target.hashLink.unlink();
  target.sibling.unlink();
  swapNames(dentry, target);
  dentry.parent = target.parent;
  dentry.parent.count++;
  linkIn(dentry, held);
  return oldParent;
}

/** RENAME_EXCHANGE: the two dentries change places. The caller holds the mutex of both directories. */
export function exchangeDentries(one: Dentry, other: Dentry): void {
  using held = lockDentries();
  const parent = one.parent;
  one.hashLink.unlink();
  one.sibling.unlink();
  other.hashLink.unlink();
  other.sibling.unlink();
  swapNames(one, other);
  one.parent = other.parent;
  other.parent = parent;
  linkIn(one, held);
  linkIn(other, held);
}

/** Both keep their storage for names apart from what the other's inline name was. */
function swapNames(one: Dentry, other: Dentry): void {
  const oneInline = one.name === addrOf(one.inlineName[0]);
  const otherInline = other.name === addrOf(other.inlineName[0]);
  const spare = zeroed<FixedArray<u8, 28>>();
  memcpy(spare, one.inlineName, INLINE_NAME);
  memcpy(one.inlineName, other.inlineName, INLINE_NAME);
  memcpy(other.inlineName, spare, INLINE_NAME);
  const oneName = one.name;
  one.name = otherInline ? addrOf(one.inlineName[0]) : other.name;
  other.name = oneInline ? addrOf(other.inlineName[0]) : oneName;
  const length = one.nameLength;
  one.nameLength = other.nameLength;
  other.nameLength = length;
  const hash = one.hash;
  one.hash = other.hash;
  other.hash = hash;
}

/** Is `ancestor` on the way from `dentry` up to the root of its file system, or `dentry` itself? */
export function isAncestor(ancestor: Dentry, dentry: Dentry): boolean {
  using _held = lockDentries();
  let at = dentry;
  while (at !== ancestor) {
    if (at.isRoot()) return false;
    at = at.parent;
  }
  return true;
}

/**
 * The first existing entry of `directory` whose cookie is at least `cookie`, with a reference, or null. For getdents:
 * cookies grow and are never given out twice, so entries that come or go between two calls disturb nothing. `previous`,
 * an entry that the caller has a reference to, saves going through all that lie before it.
 */
export function childFrom(directory: Dentry, cookie: u32, previous: Dentry | null): Dentry | null {
  using _held = lockDentries();
  const head: ListHead = directory.children;
  let link = head.next;
  if (previous !== null && previous.parent === directory && previous.sibling.isLinked()) link = previous.sibling.next;
  for (; link !== head; link = link.next) {
    const child = dentryOfSibling(link);
    if (child.cookie < cookie || child.inode === null) continue;
    child.count++;
    return child;
  }
  return null;
}

/** Is there any existing entry? The caller holds the directory's mutex, so the answer stays true. */
export function hasChildren(directory: Dentry): boolean {
  using _held = lockDentries();
  const head: ListHead = directory.children;
  for (let link = head.next; link !== head; link = link.next) {
    if (dentryOfSibling(link).inode !== null) return true;
  }
  return false;
}

/** The entry above, across the root of a mounted file system; with a reference. */
export function parentOf(dentry: Dentry): Dentry {
  using _held = lockDentries();
  let at = dentry;
  while (at.isRoot()) {
    const covered = at.superBlock.covered;
    if (covered === null) break;
    at = covered;
  }
  const parent = at.parent;
  parent.count++;
  return parent;
}

/** Exchanges a reference to a covered directory for one to the root of what is mounted there. */
export function crossMounts(dentry: Dentry): Dentry {
  if (dentry.mounted === null) return dentry;
  const root = mountedRoot(dentry);
  putDentry(dentry);
  return root;
}

function mountedRoot(dentry: Dentry): Dentry {
  using _held = lockDentries();
  let at = dentry;
  while (at.mounted !== null) at = at.mounted.root;
  at.count++;
  return at;
}

/**
 * Does anybody use a dentry of the tree below `root`, apart from the tree itself and `known` references to the root? An
 * open file that was removed counts as well: it keeps its parent.
 */
export function isTreeInUse(root: Dentry, known: u32, _held: Held<DentryLock>): boolean {
  let at = root;
  for (;;) {
    if (at.count > expectedCount(at) + (at === root ? known : 0)) return true;
    if (!at.children.isEmpty()) {
      at = dentryOfSibling(at.children.next);
      continue;
    }
    while (at !== root && at.sibling.next === childList(at.parent)) at = at.parent;
    if (at === root) return false;
    at = dentryOfSibling(at.sibling.next);
  }
}

/** References that children and pin account for. */
function expectedCount(dentry: Dentry): u32 {
  let count: u32 = dentry.isPinned ? 1 : 0;
  const head: ListHead = dentry.children;
  for (let link = head.next; link !== head; link = link.next) count++;
  return count;
}

function dentryOfSibling(link: ListHead): Dentry {
  return as<Dentry>(u32(link) - offsetof<Dentry>('sibling'));
}

function childList(dentry: Dentry): ListHead {
  return dentry.children;
}

export function setRootDentry(root: Dentry): void {
  rootDentry = root;
}

/** Where walks of tasks without a root of their own begin. No reference. */
export function globalRoot(): Dentry {
  return rootDentry!;
}

/**
 * Writes the path of `dentry`, as seen from `root`, to the end of `buffer`, with a zero. Returns where it starts, or
 * -ENAMETOOLONG. What lies outside `root` is described from the root of everything; what lies on a file system that is
 * mounted nowhere (a pipe) by its name alone.
 */
export function describePath(dentry: Dentry, root: Dentry, buffer: Ptr<u8>, size: u32): i32 {
  using _held = lockDentries();
  let start = size - 1;
  buffer[start] = 0;
  let at = dentry;
  while (at !== root) {
    if (at.isRoot()) {
      const covered = at.superBlock.covered;
      if (covered === null) {
        if (at === rootDentry) break;
        start -= at.nameLength;
        memcpy(buffer.add(start), at.name, at.nameLength);
        return i32(start);
      }
      at = covered;
      continue;
    }
    if (start < at.nameLength + 1) return -ENAMETOOLONG;
    start -= at.nameLength;
    memcpy(buffer.add(start), at.name, at.nameLength);
    start--;
    buffer[start] = SLASH;
    at = at.parent;
  }
  if (start === size - 1) {
    start--;
    buffer[start] = SLASH;
  }
  return i32(start);
}

/** Has the name, or one on the way up to it, been removed? */
export function isRemoved(dentry: Dentry): boolean {
  using _held = lockDentries();
  let at = dentry;
  while (!at.isRoot()) {
    if (!at.hashLink.isLinked()) return true;
    at = at.parent;
  }
  return false;
}
