/*
 * The reboot call. The two magic numbers keep a stray call from pulling the plug.
 *
 * @source the Linux ABI (linux/reboot.h).
 */

export const LINUX_REBOOT_MAGIC1 = 0xfee1dead;
export const LINUX_REBOOT_MAGIC2 = 672274793;
export const LINUX_REBOOT_CMD_RESTART = 0x01234567;
export const LINUX_REBOOT_CMD_HALT = 0xcdef0123;
export const LINUX_REBOOT_CMD_CAD_ON = 0x89abcdef;
export const LINUX_REBOOT_CMD_CAD_OFF = 0;
export const LINUX_REBOOT_CMD_POWER_OFF = 0x4321fedc;
/** Restart with an argument string. Here the string is a decimal exit status, which the machine's host is told. */
export const LINUX_REBOOT_CMD_RESTART2 = 0xa1b2c3d4;
