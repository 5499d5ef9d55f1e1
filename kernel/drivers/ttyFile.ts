/*
 * Terminals as files: how an open of /dev/ttyS0, /dev/console or /dev/tty leads to a terminal, and what read, write, poll
 * and ioctl of the file then call.
 *
 *   /dev/tty      5, 0   the controlling terminal of whoever opens it
 *   /dev/console  5, 1   the terminal of the kernel's messages; opening it never makes it a controlling terminal
 *   /dev/ttyS<n>  4, 64+n
 *
 * Locking. The table of terminals is filled while the kernel starts.
 */

import { ENODEV, ENOMEM, ENXIO } from '../abi/errno.ts';
import { O_NOCTTY } from '../abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.ts';
import {
  B115200,
  CLOCAL,
  CREAD,
  CS8,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  HUPCL,
  ICANON,
  ICRNL,
  IEXTEN,
  ISIG,
  IXON,
  ONLCR,
  OPOST,
  VEOF,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VDISCARD,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
} from '../abi/termios.ts';
import { current } from '../arch/x86/cpu.ts';
import { makeDevice, majorOf, minorOf, registerCharDevices } from '../fs/device.ts';
import { type File, type FileOperations } from '../fs/file.ts';
import { type Inode } from '../fs/inode.ts';
import { type PollTable } from '../fs/poll.ts';
import { type Transfer } from '../fs/transfer.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { adoptOnOpen } from './jobControl.ts';
import { updateTransparency } from './lineDiscipline.ts';
import { INPUT_SIZE, OUTPUT_SIZE, type Tty, type TtyDriver, type TtyHandle } from './tty.ts';
import { controlTty } from './ttyIoctl.ts';
import { hasInput, readTty } from './ttyRead.ts';
import { isWritable, writeTty } from './ttyWrite.ts';

export const TTY_MAJOR: u32 = 4;
export const TTY_AUX_MAJOR: u32 = 5;
/** Minor number of /dev/ttyS0. */
export const SERIAL_MINOR: u32 = 64;
const CURRENT_MINOR: u32 = 0;
const CONSOLE_MINOR: u32 = 1;

const MAX_TTYS: u32 = 8;
const ttys = zeroed<FixedArray<Tty | null, 8>>();
let ttyCount: u32 = 0;
let console: Tty | null = null;

const operations = zeroed<Inline<FileOperations>>();

/** Registers the devices. Drivers add their terminals afterwards. */
export function initTtys(): void {
  operations.open = openTty;
  operations.release = releaseTty;
  operations.read = readFile;
  operations.write = writeFile;
  operations.poll = pollTty;
  operations.ioctl = ioctlTty;
  registerCharDevices(TTY_MAJOR, SERIAL_MINOR, MAX_TTYS, operations);
  registerCharDevices(TTY_AUX_MAJOR, CURRENT_MINOR, 2, operations);
}

/** A terminal in canonical mode, with its number; null: no memory, or too many of them. */
export function createTty(minor: u32, driver: TtyDriver, port: u32): Tty | null {
  if (ttyCount === MAX_TTYS) return null;
  const tty = allocate<Tty>();
  const input = kmalloc(INPUT_SIZE);
  const marks = kmalloc(INPUT_SIZE / 8);
  const output = kmalloc(OUTPUT_SIZE);
  if (tty === null || input === null || marks === null || output === null) return null;
  tty.lock.init('tty');
  tty.writeMutex.init('tty write');
  tty.readQueue.init();
  tty.writeQueue.init();
  tty.driver = driver;
  tty.port = port;
  tty.device = makeDevice(TTY_MAJOR, minor);
  tty.input = input;
  fillBytes(marks, 0, INPUT_SIZE / 8);
  tty.lineMarks = ptr<u32>(marks);
  tty.output = output;
  setDefaults(tty);
  ttys[ttyCount] = tty;
  ttyCount++;
  return tty;
}

/** The modes that a terminal begins with: those of Linux, with control characters as on a VT100. */
function setDefaults(tty: Tty): void {
  using held = tty.lock.acquireIrqSave();
  const termios = tty.termios;
  termios.c_iflag = ICRNL | IXON;
  termios.c_oflag = OPOST | ONLCR;
  termios.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
  termios.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
  termios.c_cc[VINTR] = 0x03; // ^C
  termios.c_cc[VQUIT] = 0x1c; // ^\
  termios.c_cc[VERASE] = 0x7f; // DEL
  termios.c_cc[VKILL] = 0x15; // ^U
  termios.c_cc[VEOF] = 0x04; // ^D
  termios.c_cc[VMIN] = 1;
  termios.c_cc[VSTART] = 0x11; // ^Q
  termios.c_cc[VSTOP] = 0x13; // ^S
  termios.c_cc[VSUSP] = 0x1a; // ^Z
  termios.c_cc[VREPRINT] = 0x12; // ^R
  termios.c_cc[VDISCARD] = 0x0f; // ^O
  termios.c_cc[VWERASE] = 0x17; // ^W
  termios.c_cc[VLNEXT] = 0x16; // ^V
  updateTransparency(tty, held);
}

/** Makes `tty` what /dev/console means. */
export function setConsole(tty: Tty): void {
  tty.isConsole = true;
  console = tty;
}

/** The terminal that device number `device` means to the current process, or null. */
function findTty(device: u32): Tty | null {
  if (majorOf(device) === TTY_AUX_MAJOR) {
    return minorOf(device) === CONSOLE_MINOR ? console : current().process.tty;
  }
  for (let i: u32 = 0; i < ttyCount; i++) {
    const tty = ttys[i];
    if (tty !== null && tty.device === device) return tty;
  }
  return null;
}

function openTty(inode: Inode, file: File): i32 {
  const isAux = majorOf(inode.device) === TTY_AUX_MAJOR;
  const tty = findTty(inode.device);
  if (tty === null) return isAux && minorOf(inode.device) === CONSOLE_MINOR ? -ENODEV : -ENXIO;
  const handle = allocate<TtyHandle>();
  if (handle === null) return -ENOMEM;
  handle.tty = tty;
  handle.hangups = tty.hangups;
  handle.survives = isAux && minorOf(inode.device) === CONSOLE_MINOR;
  file.data = u32(handle);
  if (!isAux && (file.flags & O_NOCTTY) === 0 && file.isReadable()) adoptOnOpen(tty);
  return 0;
}

function releaseTty(_inode: Inode, file: File): void {
  kfree(handleOf(file));
}

function handleOf(file: File): TtyHandle {
  return as<TtyHandle>(file.data);
}

function readFile(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  return readTty(handleOf(file), file, transfer);
}

function writeFile(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  return writeTty(handleOf(file), file, transfer);
}

function ioctlTty(file: File, request: u32, argument: u32): i32 {
  return controlTty(handleOf(file), request, argument);
}

function pollTty(file: File, table: PollTable | null): u32 {
  const handle = handleOf(file);
  const tty = handle.tty;
  if (table !== null) {
    table.waitOn(file, tty.readQueue);
    table.waitOn(file, tty.writeQueue);
  }
  if (handle.isDead()) return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
  let events: u32 = 0;
  if (hasInput(tty)) events |= POLLIN | POLLRDNORM;
  if (isWritable(tty)) events |= POLLOUT | POLLWRNORM;
  return events;
}
