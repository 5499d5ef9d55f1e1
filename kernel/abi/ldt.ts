/*
 * The record of set_thread_area and get_thread_area: a segment, as programs describe it. A C library keeps its thread's
 * data in one (on i386 reached through GS).
 *
 * @source the Linux i386 ABI (asm/ldt.h, struct user_desc).
 */

export class UserDesc {
  /** Index in the GDT, or -1: "choose one", which the kernel answers by storing its choice. */
  entry_number: u32;
  base_addr: u32;
  /** In bytes or, with LIMIT_IN_PAGES, in pages; the last valid one. */
  limit: u32;
  flags: u32;
}

export const USER_DESC_SEG_32BIT = 1;
/** Two bits: data, grows-down data, code, conforming code. */
export const USER_DESC_CONTENTS = 6;
export const USER_DESC_READ_EXEC_ONLY = 8;
export const USER_DESC_LIMIT_IN_PAGES = 16;
export const USER_DESC_SEG_NOT_PRESENT = 32;
export const USER_DESC_USEABLE = 64;

/** The entries of the GDT that belong to the running thread: selectors 0x33, 0x3B and 0x43. */
export const GDT_ENTRY_TLS_MIN = 6;
export const GDT_ENTRY_TLS_MAX = 8;
