/*
 * Capabilities: the pieces that a superuser's power is in, as capget tells them.
 *
 * @source the Linux ABI (linux/capability.h); capget(2).
 */

export const CAPABILITY_VERSION_1 = 0x19980330;
export const CAPABILITY_VERSION_2 = 0x20071026;
export const CAPABILITY_VERSION_3 = 0x20080522;
/** The numbers of capabilities are 0 to this. */
export const CAP_LAST_CAP = 40;

/** What capget is told: which form the answer is to have, and whose it is. */
export class CapabilityHeader {
  version: u32;
  pid: i32;
}

/** 32 of the capabilities. Version 1 has one of these, the others have two. */
export class CapabilityData {
  effective: u32;
  permitted: u32;
  inheritable: u32;
}
