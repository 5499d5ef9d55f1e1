/*
 * The end of the machine's work: reboot, halt, power off.
 *
 * Power off tells an exit status to whoever runs the machine, through port 0xF4 (QEMU's isa-debug-exit, and the same port
 * of our machine): a program passes it as reboot's last argument, a decimal string, with LINUX_REBOOT_CMD_RESTART2.
 *
 * @source reboot(2).
 */

import { EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import {
  LINUX_REBOOT_CMD_CAD_OFF,
  LINUX_REBOOT_CMD_CAD_ON,
  LINUX_REBOOT_CMD_HALT,
  LINUX_REBOOT_CMD_POWER_OFF,
  LINUX_REBOOT_CMD_RESTART,
  LINUX_REBOOT_CMD_RESTART2,
  LINUX_REBOOT_MAGIC1,
  LINUX_REBOOT_MAGIC2,
} from '../abi/reboot.ts';
import { current } from '../arch/x86/cpu.ts';
import { sleepForGood, stopOtherCpus } from '../arch/x86/stop.ts';
import { strncpyFromUser } from '../arch/x86/userCopy.ts';
import { printk } from '../lib/printk.ts';

const EXIT_PORT: u16 = 0xf4;
/** QEMU's ACPI power management block: 0x2000 is "sleep state 5". */
const ACPI_PORT: u16 = 0x604;
const ACPI_SOFT_OFF: u16 = 0x2000;
/** The keyboard controller's command "pulse the reset line". */
const KEYBOARD_PORT: u16 = 0x64;
const KEYBOARD_RESET: u8 = 0xfe;

/** All CPUs stop for good; the caller's goes on to switch the machine off, or sleeps. */
function stopAll(): void {
  cli();
  stopOtherCpus();
}

/** Tells `status` and switches off; halts if nothing happens. */
export function powerOff(status: u32): never {
  printk('power off, status %u\n', status);
  stopAll();
  outl(EXIT_PORT, status);
  outw(ACPI_PORT, ACPI_SOFT_OFF);
  sleepForGood();
}

function restart(): never {
  printk('restart\n');
  stopAll();
  outb(KEYBOARD_PORT, KEYBOARD_RESET);
  sleepForGood();
}

/** A decimal number at a user address. 0, -EFAULT or -EINVAL. */
function readStatus(address: u32, result: Ptr<u32>): i32 {
  const text = zeroed<FixedArray<u8, 12>>();
  const length = strncpyFromUser(text, address, 12);
  if (length < 0) return -EFAULT;
  if (length === 0 || length === 12) return -EINVAL;
  let value: u32 = 0;
  for (let i: u32 = 0; i < u32(length); i++) {
    const digit = u32(text[i]) - 48;
    if (digit > 9) return -EINVAL;
    value = value * 10 + digit;
  }
  result[0] = value;
  return 0;
}

function isMagic2(magic: u32): boolean {
  return magic === LINUX_REBOOT_MAGIC2 || magic === 85072278 || magic === 369367448 || magic === 537993216;
}

/** reboot(magic1, magic2, command, argument). */
export function sysReboot(magic1: u32, magic2: u32, command: u32, argument: u32): i32 {
  if (current().credentials.euid !== 0) return -EPERM;
  if (magic1 !== LINUX_REBOOT_MAGIC1 || !isMagic2(magic2)) return -EINVAL;
  switch (command) {
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
      return 0; // there is no ctrl-alt-del
    case LINUX_REBOOT_CMD_RESTART:
      restart();
    case LINUX_REBOOT_CMD_HALT:
      printk('system halted\n');
      stopAll();
      sleepForGood();
    case LINUX_REBOOT_CMD_POWER_OFF:
      powerOff(0);
    case LINUX_REBOOT_CMD_RESTART2: {
      let status: u32 = 0;
      const error = readStatus(argument, addrOf(status));
      if (error < 0) return error;
      powerOff(status);
    }
    default:
      return -EINVAL;
  }
}
