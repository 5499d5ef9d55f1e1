/*
 * The file tree as it is before any program runs: a tmpfs as root, /dev and /proc mounted, /tmp for everybody. The boot
 * archives are unpacked on top of it (cpio.ts).
 */

import { S_IALLUGO, S_IFMT, S_ISVTX } from '../abi/stat.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import { panic } from '../lib/panic.ts';
import { initAnonymousFiles } from './anonymousFile.ts';
import { type Dentry, initDentries, putDentry } from './dentry.ts';
import { initDevices } from './device.ts';
import { initEpoll } from './epoll.ts';
import { initEventfd } from './eventfd.ts';
import { initFiles } from './file.ts';
import { initFlocks } from './flock.ts';
import { initFileMap } from './fileMap.ts';
import { initMounts, mountAt, mountRoot, registerFileSystem } from './mount.ts';
import { makeDirectory } from './names.ts';
import { lookupPath } from './path.ts';
import { initPipes } from './pipe.ts';
import { createProcfs, initProcfs } from './procfs.ts';
import { initRecordLocks } from './recordLock.ts';
import { initRename } from './rename.ts';
import { initSignalfd } from './signalfd.ts';
import { initMemfd } from './sysMemfd.ts';
import { initPipefs } from './sysPipe.ts';
import { initTimerfd } from './timerfd.ts';
import { createTmpfs, initTmpfs } from './tmpfs.ts';

function mustMakeDirectory(path: string, mode: u32): void {
  const error = makeDirectory(AT_FDCWD, bytes(path), mode);
  if (error !== 0) panic('cannot make %s: error %d', path, -error);
}

function mustMount(path: string, type: string): void {
  let directory = as<Dentry>(0);
  let error = lookupPath(AT_FDCWD, bytes(path), 0, addrOf(directory));
  if (error === 0) {
    error = mountAt(directory, bytes(type), 0);
    putDentry(directory);
  }
  if (error !== 0) panic('cannot mount %s: error %d', path, -error);
}

/** Sets the permissions of a directory, set-id and sticky bits included. */
function setPermissions(path: string, mode: u32): void {
  let directory = as<Dentry>(0);
  const error = lookupPath(AT_FDCWD, bytes(path), 0, addrOf(directory));
  if (error !== 0) panic('cannot find %s: error %d', path, -error);
  const inode = directory.inode!;
  inode.mode = (inode.mode & S_IFMT) | (mode & S_IALLUGO);
  putDentry(directory);
}

/** Makes the tree. Needs memory, tasks and clocks; drivers come after it, and add their nodes to /dev. */
export function initFs(): void {
  initDentries();
  initFiles();
  initDevices();
  initMounts();
  initRename();
  initFlocks();
  initRecordLocks();
  initPipes();
  initPipefs();
  initFileMap();
  initTmpfs();
  initAnonymousFiles();
  initEventfd();
  initTimerfd();
  initSignalfd();
  initEpoll();
  initProcfs();
  registerFileSystem('tmpfs', createTmpfs);
  registerFileSystem('ramfs', createTmpfs);
  registerFileSystem('devtmpfs', createTmpfs);
  registerFileSystem('proc', createProcfs);
  const root = createTmpfs('tmpfs');
  if (root === null) panic('no memory for the root file system');
  mountRoot(root);
  mustMakeDirectory('/dev', 0o755);
  mustMakeDirectory('/proc', 0o555);
  mustMakeDirectory('/tmp', 0o777);
  setPermissions('/tmp', 0o777 | S_ISVTX);
  mustMount('/dev', 'devtmpfs');
  mustMount('/proc', 'proc');
  mustMakeDirectory('/dev/shm', 0o777);
  setPermissions('/dev/shm', 0o777 | S_ISVTX);
  initMemfd();
}
