/*
 * procfs: the kernel's state as files.
 *
 * Idea. Nothing is stored. A directory is a list of entries, each with a name and a function that writes the text; the
 * lists are made once, at the start (procSystem.ts, procProcess.ts). The list for processes serves all of them: /proc
 * itself makes a directory out of every number that is a pid. Inodes come into being when a walk looks a name up, and go
 * with the last who uses it.
 *
 *   /proc            "meminfo", ... from a list; "1", "2", ... by pid; "self"
 *   /proc/PID        "stat", ... from a list, the same for all
 *   /proc/PID/fd     by descriptor: links to what is open
 *   /proc/PID/task   by thread: directories like /proc/PID, without task
 *
 * A process can end while somebody stands in its directory. So an inode knows pid and start time of its process, each
 * text looks the process up anew (-ESRCH if it is gone), and `revalidate` makes walks forget a name that was good once.
 *
 * Locking. The lists are constant after the start. What the texts read is guarded as it is where it lives.
 */

import { DT_DIR, DT_LNK, DT_REG } from '../abi/dirent.ts';
import { EACCES, EFAULT, EINVAL, EIO, ENOENT, ENOMEM } from '../abi/errno.ts';
import { PROC_SUPER_MAGIC, S_IFDIR, S_IFLNK, S_IFREG, S_IRWXUGO } from '../abi/stat.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { formatText } from '../lib/format.ts';
import { strlen } from '../lib/string.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { nextProcess, lockTasks } from '../proc/taskList.ts';
import { type AddressSpaceOperations } from './addressSpace.ts';
import { allocateDentry, attachInode, type Dentry, parentOf, putDentry } from './dentry.ts';
import { newDevice } from './device.ts';
import { type DirectorySink, emit } from './directorySink.ts';
import { type File, type FileOperations } from './file.ts';
import { noSync, readDirectory, seekDirectory } from './genericFile.ts';
import {
  allocateInode,
  freeInode,
  type Inode,
  type InodeMutex,
  type InodeOperations,
  type SuperBlock,
  type SuperBlockOperations,
} from './inode.ts';
import { addProcessEntries } from './procProcess.ts';
import {
  dentryOfDescriptor,
  descriptorTarget,
  findDescriptor,
  isOwnProcess,
  isProcess,
  isThreadOf,
  mayFollow,
  mayLookInto,
  nextProcessDescriptor,
  processOwner,
  processStart,
  THREAD_NODE,
  threadAfter,
} from './procLookup.ts';
import { addSystemEntries } from './procSystem.ts';
import { type ProcText } from './procText.ts';
import { ENTRY_LINK, ENTRY_MEMORY, type ProcDirectory, type ProcEntry } from './procEntry.ts';
import { initMemoryFile, openMemory } from './procMem.ts';
import { type Transfer } from './transfer.ts';

/** What an inode of procfs stands for (Inode.data). */
class ProcNode {
  /** For a file or link. */
  entry: ProcEntry | null; // (C)
  /** For a directory. */
  directory: ProcDirectory | null; // (C)
  /** The process, or 0: the system's. */
  pid: u32; // (C)
  startTime: u64; // (C) of the process: pids are used again
  /** For a link in /proc/PID/fd. */
  descriptor: i32; // (C)
}

const root = zeroed<Inline<ProcDirectory>>();
const processDirectory = zeroed<Inline<ProcDirectory>>();
const descriptorDirectory = zeroed<Inline<ProcDirectory>>();
const taskDirectory = zeroed<Inline<ProcDirectory>>();
const threadDirectory = zeroed<Inline<ProcDirectory>>();

const superBlockOperations = zeroed<Inline<SuperBlockOperations>>();
const directoryOperations = zeroed<Inline<InodeOperations>>();
const fileInodeOperations = zeroed<Inline<InodeOperations>>();
const linkOperations = zeroed<Inline<InodeOperations>>();
const descriptorOperations = zeroed<Inline<InodeOperations>>();
const directoryFileOperations = zeroed<Inline<FileOperations>>();
const textFileOperations = zeroed<Inline<FileOperations>>();
const memoryFileOperations = zeroed<Inline<FileOperations>>();
const noFileOperations = zeroed<Inline<FileOperations>>();
const mappingOperations = zeroed<Inline<AddressSpaceOperations>>();

export function initProcfs(): void {
  addSystemEntries(root);
  addProcessEntries(processDirectory, descriptorDirectory);
  addProcessEntries(threadDirectory, descriptorDirectory);
  processDirectory.addDirectory('task', taskDirectory);
  superBlockOperations.evictInode = evictInode;
  superBlockOperations.put = putSuperBlock;
  directoryOperations.lookup = lookup;
  directoryOperations.revalidate = isStillThere;
  linkOperations.readLink = readLink;
  descriptorOperations.readLink = readDescriptorLink;
  descriptorOperations.followLink = followDescriptor;
  directoryFileOperations.read = readDirectory;
  directoryFileOperations.seek = seekDirectory;
  directoryFileOperations.iterate = iterate;
  directoryFileOperations.fsync = noSync;
  initMemoryFile(memoryFileOperations);
  memoryFileOperations.open = openMemoryOf;
  textFileOperations.open = openText;
  textFileOperations.release = releaseText;
  textFileOperations.read = readText;
  textFileOperations.write = writeSetting;
  fileInodeOperations.truncate = truncateSetting;
  // A text's length is known only when it is made: there is no seeking from its end, as in directories.
  textFileOperations.seek = seekDirectory;
}

/** For mount. Null: no memory. */
export function createProcfs(typeName: string): SuperBlock | null {
  const superBlock = allocate<SuperBlock>();
  if (superBlock === null) return null;
  superBlock.operations = superBlockOperations;
  superBlock.typeName = typeName;
  superBlock.device = newDevice();
  superBlock.magic = PROC_SUPER_MAGIC;
  superBlock.blockSize = PAGE_SIZE;
  const dentry = allocateDentry(null, superBlock, bytes('/'), 1);
  const inode = dentry === null ? null : makeInode(superBlock, null, root, 0, 0);
  if (dentry === null || inode === null) {
    if (dentry !== null) putDentry(dentry);
    kfree(superBlock);
    return null;
  }
  attachInode(dentry, inode);
  superBlock.root = dentry;
  return superBlock;
}

function putSuperBlock(superBlock: SuperBlock): void {
  putDentry(superBlock.root);
}

function nodeOf(inode: Inode): ProcNode {
  return as<ProcNode>(inode.data);
}

/** An inode for `entry` (a file or link) or `directory`. */
function makeInode(
  superBlock: SuperBlock,
  entry: ProcEntry | null,
  directory: ProcDirectory | null,
  pid: u32,
  descriptor: i32,
): Inode | null {
  const node = allocate<ProcNode>();
  if (node === null) return null;
  const inode = allocateInode(superBlock, mappingOperations);
  if (inode === null) {
    kfree(node);
    return null;
  }
  node.entry = entry;
  node.directory = directory;
  node.pid = pid;
  node.startTime = processStart(pid);
  node.descriptor = descriptor;
  inode.data = u32(node);
  inode.linkCount = directory === null ? 1 : 2;
  inode.uid = processOwner(pid, directory === null || (directory === descriptorDirectory && !isOwnProcess(pid)));
  inode.gid = inode.uid;
  setKind(inode, node);
  return inode;
}

function setKind(inode: Inode, node: ProcNode): void {
  const entry = node.entry;
  inode.operations = fileInodeOperations;
  inode.fileOperations = noFileOperations;
  if (node.directory !== null) {
    inode.mode = S_IFDIR | (node.directory === descriptorDirectory ? 0o500 : 0o555);
    inode.operations = directoryOperations;
    inode.fileOperations = directoryFileOperations;
  } else if (entry === null) {
    inode.mode = S_IFLNK | 0o700;
    inode.operations = descriptorOperations;
  } else if (entry.kind === ENTRY_LINK) {
    inode.mode = S_IFLNK | S_IRWXUGO;
    inode.operations = linkOperations;
  } else {
    inode.mode = S_IFREG | entry.mode;
    inode.fileOperations = entry.kind === ENTRY_MEMORY ? memoryFileOperations : textFileOperations;
  }
}

function evictInode(inode: Inode): void {
  kfree(nodeOf(inode));
  freeInode(inode);
}

// ---------------------------------------------------------------------------------------------------------------------
// Directories.

/** A name as a number, or -1. */
function parseNumber(name: Ptr<u8>, length: u32): i32 {
  let value: i32 = 0;
  if (length === 0 || length > 7 || (name[0] === 0x30 && length > 1)) return -1;
  for (let i: u32 = 0; i < length; i++) {
    if (name[i] < 0x30 || name[i] > 0x39) return -1;
    value = value * 10 + i32(name[i]) - 0x30;
  }
  return value;
}

/** Says -ENOENT itself, rather than leave the dentry negative: a process of that pid may come at any time. */
function lookup(directory: Inode, dentry: Dentry, _held: Held<InodeMutex>): i32 {
  const node = nodeOf(directory);
  const list = node.directory!;
  if (node.pid !== 0 && processStart(node.pid) !== node.startTime) return -ENOENT;
  const number = parseNumber(dentry.name, dentry.nameLength);
  let inode: Inode | null = null;
  if (list === descriptorDirectory) {
    if (number < 0 || !findDescriptor(node.pid, u32(number))) return -ENOENT;
    inode = makeInode(directory.superBlock, null, null, node.pid, number);
  } else if (list === taskDirectory) {
    if (number <= 0 || !isThreadOf(u32(number), node.pid)) return -ENOENT;
    inode = makeInode(directory.superBlock, null, threadDirectory, u32(number) | THREAD_NODE, 0);
  } else if (list === root && number > 0) {
    // A thread has a directory here as well, which listings do not show.
    const pid = isProcess(u32(number)) ? u32(number) : u32(number) | THREAD_NODE;
    if (processStart(pid) === 0n) return -ENOENT;
    inode = makeInode(directory.superBlock, null, processDirectory, pid, 0);
  } else {
    const entry = list.find(dentry.name);
    if (entry === null) return -ENOENT;
    inode = makeInode(directory.superBlock, entry.directory === null ? entry : null, entry.directory, node.pid, 0);
  }
  if (inode === null) return -ENOMEM;
  attachInode(dentry, inode);
  return 0;
}

/** Is the process, and for a link in fd also the descriptor, still what it was? What did not exist is looked up again. */
function isStillThere(dentry: Dentry): boolean {
  const inode = dentry.inode;
  if (inode === null) return false;
  const node = nodeOf(inode);
  if (node.pid === 0) return true;
  if (processStart(node.pid) !== node.startTime) return false;
  return inode.operations !== descriptorOperations || findDescriptor(node.pid, u32(node.descriptor));
}

/** Positions: 0 ".", 1 "..", then the list; then, from FIRST_NUMBER on, pids, tids or descriptors. */
const FIRST_NUMBER: u32 = 0x100;

function iterate(file: File, sink: DirectorySink): i32 {
  const node = nodeOf(file.inode);
  const list = node.directory!;
  if (!emitDots(file, sink)) return 0;
  while (file.position < i64(FIRST_NUMBER)) {
    const index = u32(file.position) - 2;
    if (index >= list.count) {
      file.position = i64(FIRST_NUMBER);
      break;
    }
    const entry: ProcEntry = list.entries[index];
    const type = entry.directory !== null ? DT_DIR : entry.kind === ENTRY_LINK ? DT_LNK : DT_REG;
    if (!emit(sink, bytes(entry.name), strlen(bytes(entry.name)), entryNumber(list, index), type, index + 3)) return 0;
    file.position += 1n;
  }
  if (list === root) emitProcesses(file, sink);
  else if (list === descriptorDirectory) emitDescriptors(file, sink, node.pid);
  else if (list === taskDirectory) emitThreads(file, sink, node.pid);
  return 0;
}

/** Inode numbers in listings: nobody can rely on them, but they must not be 0. */
function entryNumber(list: ProcDirectory, index: u32): u32 {
  return ((u32(list) >>> 4) & 0xffff) * FIRST_NUMBER + index + 1;
}

function emitDots(file: File, sink: DirectorySink): boolean {
  if (file.position === 0n) {
    if (!emit(sink, bytes('.'), 1, file.inode.number, DT_DIR, 1)) return false;
    file.position = 1n;
  }
  if (file.position === 1n) {
    const parent = parentOf(file.dentry);
    const taken = emit(sink, bytes('..'), 2, parent.inode!.number, DT_DIR, 2);
    putDentry(parent);
    if (!taken) return false;
    file.position = 2n;
  }
  return true;
}

function emitProcesses(file: File, sink: DirectorySink): void {
  for (;;) {
    const pid = pidAfter(u32(file.position) - FIRST_NUMBER);
    if (pid === 0 || !emitNumber(sink, pid, DT_DIR)) return;
    file.position = i64(pid + FIRST_NUMBER);
  }
}

/** The smallest pid above `pid`, or 0. */
function pidAfter(pid: u32): u32 {
  using held = lockTasks();
  const process = nextProcess(pid, held);
  return process === null ? 0 : process.pid;
}

function emitThreads(file: File, sink: DirectorySink, pid: u32): void {
  for (;;) {
    const tid = threadAfter(pid, u32(file.position) - FIRST_NUMBER);
    if (tid === 0 || !emitNumber(sink, tid, DT_DIR)) return;
    file.position = i64(tid + FIRST_NUMBER);
  }
}

function emitDescriptors(file: File, sink: DirectorySink, pid: u32): void {
  for (;;) {
    const fd = nextProcessDescriptor(pid, u32(file.position) - FIRST_NUMBER);
    if (fd < 0 || !emitNumber(sink, u32(fd), DT_LNK)) return;
    file.position = i64(u32(fd) + FIRST_NUMBER + 1);
  }
}

function emitNumber(sink: DirectorySink, number: u32, type: u8): boolean {
  const name = uninitialized<FixedArray<u8, 12>>();
  const length = formatText(name, 12, '%u', number);
  return emit(sink, name, length, 0x1000000 + number, type, number + FIRST_NUMBER + 1);
}

// ---------------------------------------------------------------------------------------------------------------------
// Links.

function readLink(inode: Inode, buffer: Ptr<u8>, size: u32): i32 {
  const node = nodeOf(inode);
  if (node.pid !== 0 && !mayFollow(node.pid)) return -EACCES;
  const text = zeroed<Inline<ProcText>>();
  const write = node.entry!.write!;
  const error = write(text, node.pid);
  let count: i32 = error;
  if (error === 0) {
    count = i32(text.length < size ? text.length : size);
    copyBytes(buffer, text.buffer, u32(count));
  }
  text.free();
  return count;
}

function readDescriptorLink(inode: Inode, buffer: Ptr<u8>, size: u32): i32 {
  const node = nodeOf(inode);
  if (!mayFollow(node.pid)) return -EACCES;
  return descriptorTarget(node.pid, u32(node.descriptor), buffer, size);
}

function followDescriptor(inode: Inode, result: Ptr<Dentry>): i32 {
  const node = nodeOf(inode);
  if (!mayFollow(node.pid)) return -EACCES;
  return dentryOfDescriptor(node.pid, u32(node.descriptor), result);
}

// ---------------------------------------------------------------------------------------------------------------------
// Texts.

function openMemoryOf(inode: Inode, file: File): i32 {
  return openMemory(file, nodeOf(inode).pid);
}

function openText(inode: Inode, file: File): i32 {
  const node = nodeOf(inode);
  const error = node.entry!.isPrivate ? mayLookInto(node.pid) : 0;
  if (error !== 0) return error;
  const text = allocate<ProcText>();
  if (text === null) return -ENOMEM;
  file.data = u32(text);
  return 0;
}

function textOf(file: File): ProcText {
  return as<ProcText>(file.data);
}

function releaseText(_inode: Inode, file: File): void {
  const text = textOf(file);
  text.free();
  kfree(text);
}

function readText(file: File, transfer: Transfer, position: Ptr<i64>): i32 {
  const text = textOf(file);
  if (position[0] === 0n) {
    const node = nodeOf(file.inode);
    const write = node.entry!.write!;
    text.clear();
    const error = write(text, node.pid);
    if (error !== 0) return error;
    if (text.isShort) return -ENOMEM;
  }
  if (position[0] >= i64(text.length)) return 0;
  const start = u32(position[0]);
  const wanted = text.length - start < transfer.remaining ? text.length - start : transfer.remaining;
  const moved = transfer.copyOut(text.buffer.add(start), wanted);
  position[0] += i64(moved);
  return moved === 0 && wanted > 0 ? -EFAULT : i32(moved);
}

/** A number is short; what is behind this many bytes is not looked at. */
const SETTING_SIZE: u32 = 32;

/** Takes a decimal number, with white space around it, and hands it to the entry. */
function writeSetting(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const set = nodeOf(file.inode).entry!.set;
  if (set === null) return -EIO;
  const total = transfer.remaining;
  const text = zeroed<FixedArray<u8, 32>>();
  const count = total < SETTING_SIZE ? total : SETTING_SIZE - 1;
  if (transfer.copyIn(text, count) !== count) return -EFAULT;
  let value: u32 = 0;
  if (!parseSetting(text, addrOf(value))) return -EINVAL;
  const error = set(value);
  return error === 0 ? i32(total) : error;
}

/** Is the text a decimal number that fits? Stores it. */
function parseSetting(text: Ptr<u8>, value: Ptr<u32>): boolean {
  let at: u32 = 0;
  while (isWhite(text[at])) at++;
  const first = at;
  let sum: u64 = 0n;
  for (; text[at] >= 0x30 && text[at] <= 0x39; at++) {
    sum = sum * 10n + u64(text[at] - 0x30);
    if (sum > 0x7fffffffn) return false;
  }
  if (at === first) return false;
  while (isWhite(text[at])) at++;
  value[0] = u32(sum);
  return text[at] === 0;
}

function isWhite(byte: u8): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x09;
}

/** Opening with O_TRUNC, as shells do for `>`: a file that can be set has nothing to lose. */
function truncateSetting(inode: Inode, _size: i64, _held: Held<InodeMutex>): i32 {
  return nodeOf(inode).entry!.set === null ? -EINVAL : 0;
}
