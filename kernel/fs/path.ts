/*
 * Path walks: from a string to a dentry.
 *
 * Idea. A walk stands at a directory and has a text before it. It takes one component off the text, steps to what that
 * names, and goes on. A symbolic link in the way is replaced in the text by its target, and the walk goes on with that:
 *
 *   at /, text "etc/link/x", link -> "../usr"        at /etc, text "../usr/x"
 *
 * Calls that make or remove names stop before the last component (`walkParent`), as it need not exist; `lookupPath`
 * goes to the end. A path that ends in a slash means a directory, and follows a link that stands last.
 *
 * Limits, as on Linux: PATH_MAX bytes in the text that comes from the program (the expansion may be longer), NAME_MAX in
 * a component, 40 links in a walk.
 *
 * Locking. No lock is held between steps, only references, so the tree may change under a walk; each step by itself is
 * right at its time. A name that is not among the dentries is looked up under the directory's mutex.
 */

import { AT_FDCWD, NAME_MAX } from '../abi/fcntl.ts';
import { EBADF, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR } from '../abi/errno.ts';
import { current } from '../arch/x86/cpu.ts';
import { memcpy, strlen } from '../lib/string.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import {
  allocateDentry,
  crossMounts,
  type Dentry,
  findChild,
  getDentry,
  hashDentry,
  parentOf,
  putDentry,
  unhashDentry,
} from './dentry.ts';
import { putFile } from './file.ts';
import { findFile } from './fileTable.ts';
import { currentDirectory, currentRoot } from './fsContext.ts';
import { type Inode, type InodeMutex, touchAccessed } from './inode.ts';
import { checkPermission, MAY_EXEC } from './permission.ts';

// How lookupPath treats the last component.
/** A symbolic link there is followed. */
export const FOLLOW: u32 = 1;
/** It must be a directory. */
export const DIRECTORY: u32 = 2;
/** An empty path means the directory descriptor's file itself (AT_EMPTY_PATH). */
export const EMPTY_PATH: u32 = 4;
/** The caller may not give a name to what a descriptor stands for: from one on, nothing is found. */
export const NO_DESCRIPTOR: u32 = 8;

// What the last component is.
export const LAST_NAME: u32 = 0;
export const LAST_DOT: u32 = 1;
export const LAST_DOT_DOT: u32 = 2;
/** There is none: the path is "/" (or slashes). */
export const LAST_ROOT: u32 = 3;

const MAX_LINKS: u32 = 40;
/** No link's target is longer. */
const MAX_TARGET: u32 = 4095;
const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

export class Walk {
  /** Where the walk stands, referenced. */
  at: Dentry;
  /** What is still to be walked. */
  text: Ptr<u8>;
  /** The buffer that `text` lies in, if a link was expanded. */
  expansion: Ptr<u8> | null;
  links: u32;
  /** After walkParent: the last component, a LAST_ kind, and whether slashes follow it. */
  last: Ptr<u8>;
  lastLength: u32;
  lastKind: u32;
  endsInSlash: boolean;

  /** Lets go of everything. Needed once after a successful `begin`. @sleeps */
  end(): void {
    putDentry(this.at);
    if (this.expansion !== null) kfree(this.expansion);
  }

  /** Goes to `next`, whose reference passes to the walk. */
  moveTo(next: Dentry): void {
    putDentry(this.at);
    this.at = next;
  }
}

/** Starts a walk over `path` at `directory` (a descriptor or AT_FDCWD). 0, -EBADF, -ENOTDIR. */
export function beginWalk(walk: Walk, directory: i32, path: Ptr<u8>): i32 {
  walk.text = path;
  walk.expansion = null;
  walk.links = 0;
  if (path[0] === SLASH) {
    walk.at = currentRoot();
    return 0;
  }
  if (directory === AT_FDCWD) {
    walk.at = currentDirectory();
    return 0;
  }
  const start = dentryOfDescriptor(directory);
  if (start === null) return -EBADF;
  if (path[0] !== 0 && !start.inode!.isDirectory()) {
    putDentry(start);
    return -ENOTDIR;
  }
  walk.at = start;
  return 0;
}

/** What an open descriptor names, with a reference; null: it is not open. */
function dentryOfDescriptor(fd: i32): Dentry | null {
  const table = current().files;
  if (table === null || fd < 0) return null;
  const file = findFile(table, u32(fd));
  if (file === null) return null;
  const dentry = getDentry(file.dentry);
  putFile(file);
  return dentry;
}

/** Walks up to the last component, and describes that in `walk`. 0 or -errno. */
export function walkParent(walk: Walk): i32 {
  for (;;) {
    takeComponent(walk);
    if (walk.lastKind === LAST_ROOT) return 0;
    if (!walk.at.inode!.isDirectory()) return -ENOTDIR;
    if (walk.text[0] === 0) return checkPermission(walk.at.inode!, MAY_EXEC);
    const stepError = step(walk);
    if (stepError !== 0) return stepError;
  }
}

/** Takes the next component off the text, with the slashes around it. */
function takeComponent(walk: Walk): void {
  let text = walk.text;
  while (text[0] === SLASH) text = text.add(1);
  let length: u32 = 0;
  while (text[length] !== 0 && text[length] !== SLASH) length++;
  walk.last = text;
  walk.lastLength = length;
  walk.endsInSlash = text[length] === SLASH;
  walk.lastKind = LAST_NAME;
  if (length === 0) walk.lastKind = LAST_ROOT;
  else if (length === 1 && text[0] === DOT) walk.lastKind = LAST_DOT;
  else if (length === 2 && text[0] === DOT && text[1] === DOT) walk.lastKind = LAST_DOT_DOT;
  text = text.add(length);
  while (text[0] === SLASH) text = text.add(1);
  walk.text = text;
}

/** Goes where the component that was taken leads; it is not the last one, so a link is always followed. */
function step(walk: Walk): i32 {
  const denied = checkPermission(walk.at.inode!, MAY_EXEC);
  if (denied !== 0) return denied;
  if (walk.lastKind !== LAST_NAME) {
    stepUp(walk);
    return 0;
  }
  let child = walk.at;
  const error = lookupChild(walk.at, walk.last, walk.lastLength, addrOf(child));
  if (error !== 0) return error;
  if (child.inode === null) {
    putDentry(child);
    return -ENOENT;
  }
  if (child.inode.isSymlink()) return followLink(walk, child);
  walk.moveTo(crossMounts(child));
  return 0;
}

/** Steps over ".", "..", or nothing. */
export function stepUp(walk: Walk): void {
  if (walk.lastKind !== LAST_DOT_DOT) return;
  const root = currentRoot();
  if (walk.at !== root) walk.moveTo(parentOf(walk.at));
  putDentry(root);
}

/**
 * The dentry of a name in `parent`, with a reference; negative if there is no such file. 0, -ENAMETOOLONG, -ENOMEM, or
 * what the file system says.
 *
 * @sleeps
 */
export function lookupChild(parent: Dentry, name: Ptr<u8>, length: u32, result: Ptr<Dentry>): i32 {
  const known = findValidChild(parent, name, length);
  if (known !== null) {
    result[0] = known;
    return 0;
  }
  const directory = parent.inode!;
  using held = directory.mutex.lock();
  return lookupLocked(parent, name, length, result, held);
}

/** The same for a holder of the directory's mutex. */
export function lookupLocked(
  parent: Dentry,
  name: Ptr<u8>,
  length: u32,
  result: Ptr<Dentry>,
  held: Held<InodeMutex>,
): i32 {
  const known = findValidChild(parent, name, length);
  if (known !== null) {
    result[0] = known;
    return 0;
  }
  const directory = parent.inode!;
  const lookup = directory.operations.lookup;
  if (lookup === null) return -ENOTDIR;
  if (directory.isDead) return -ENOENT;
  if (length > NAME_MAX) return -ENAMETOOLONG;
  const dentry = allocateDentry(parent, parent.superBlock, name, length);
  if (dentry === null) return -ENOMEM;
  const error = lookup(directory, dentry, held);
  if (error !== 0) {
    putDentry(dentry);
    return error;
  }
  hashDentry(dentry);
  result[0] = dentry;
  return 0;
}

/** A dentry that is known, unless the file system has gone back on it since (a process that /proc showed has ended). */
function findValidChild(parent: Dentry, name: Ptr<u8>, length: u32): Dentry | null {
  const known = findChild(parent, name, length);
  if (known === null) return null;
  const revalidate = parent.inode!.operations.revalidate;
  if (revalidate === null || revalidate(known)) return known;
  unhashDentry(known);
  putDentry(known);
  return null;
}

/**
 * Puts the target of the symbolic link `link`, whose reference it takes over, before what is left of the text. 0,
 * -ELOOP, -ENOENT (an empty target), -ENOMEM, or what the file system says.
 *
 * @sleeps
 */
export function followLink(walk: Walk, link: Dentry): i32 {
  const inode = link.inode!;
  walk.links++;
  let error: i32 = -ELOOP;
  if (walk.links <= MAX_LINKS) {
    touchAccessed(inode);
    const jump = inode.operations.followLink;
    error = jump === null ? expandLink(walk, inode) : jumpTo(walk, inode);
  }
  putDentry(link);
  return error;
}

function jumpTo(walk: Walk, inode: Inode): i32 {
  const jump = inode.operations.followLink!;
  let target = walk.at;
  const error = jump(inode, addrOf(target));
  if (error !== 0) return error;
  walk.moveTo(target);
  return 0;
}

function expandLink(walk: Walk, inode: Inode): i32 {
  const readLink = inode.operations.readLink!;
  const rest = strlen(walk.text);
  const buffer = kmalloc(MAX_TARGET + 1 + rest + 1);
  if (buffer === null) return -ENOMEM;
  const length = readLink(inode, buffer, MAX_TARGET);
  if (length <= 0) {
    kfree(buffer);
    return length === 0 ? -ENOENT : length;
  }
  let end = u32(length);
  if (walk.endsInSlash) buffer[end++] = SLASH;
  memcpy(buffer.add(end), walk.text, rest + 1);
  if (walk.expansion !== null) kfree(walk.expansion);
  walk.expansion = buffer;
  walk.text = buffer;
  if (buffer[0] === SLASH) walk.moveTo(currentRoot());
  return 0;
}

/**
 * Walks to the end, whatever stands there: `walk.at` exists. `flags` as above.
 *
 * @sleeps
 */
export function walkAll(walk: Walk, flags: u32): i32 {
  for (;;) {
    let error = walkParent(walk);
    if (error !== 0) return error;
    if (walk.lastKind !== LAST_NAME) {
      stepUp(walk);
      return 0;
    }
    let child = walk.at;
    error = lookupChild(walk.at, walk.last, walk.lastLength, addrOf(child));
    if (error !== 0) return error;
    const inode = child.inode;
    if (inode === null) {
      putDentry(child);
      return -ENOENT;
    }
    if (inode.isSymlink() && ((flags & FOLLOW) !== 0 || walk.endsInSlash)) {
      const jumps = inode.operations.followLink !== null;
      error = followLink(walk, child);
      if (error !== 0) return error;
      if (jumps) return arrive(walk, flags);
      continue;
    }
    walk.moveTo(crossMounts(child));
    return arrive(walk, flags);
  }
}

function arrive(walk: Walk, flags: u32): i32 {
  const mustBeDirectory = walk.endsInSlash || (flags & DIRECTORY) !== 0;
  return mustBeDirectory && !walk.at.inode!.isDirectory() ? -ENOTDIR : 0;
}

/**
 * The existing file that `path` names from `directory` on (a descriptor or AT_FDCWD), with a reference. 0, or the
 * errors of path_resolution(7).
 *
 * @sleeps
 */
export function lookupPath(directory: i32, path: Ptr<u8>, flags: u32, result: Ptr<Dentry>): i32 {
  const walk = zeroed<Inline<Walk>>();
  if (path[0] === 0 && (flags & EMPTY_PATH) === 0) return -ENOENT;
  const isRefused = (flags & NO_DESCRIPTOR) !== 0 && directory !== AT_FDCWD && path[0] !== SLASH;
  let error = beginWalk(walk, directory, path);
  if (error !== 0) return isRefused && error === -ENOTDIR ? -ENOENT : error;
  if (isRefused) error = -ENOENT;
  else if (path[0] !== 0) error = walkAll(walk, flags);
  if (error === 0) result[0] = getDentry(walk.at);
  walk.end();
  return error;
}
