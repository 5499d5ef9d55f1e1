import { type Mm } from './types.ts';
/** Results of handleMmFault: 0, or what goes in si_code of SIGSEGV, or -ENOMEM. */
export const FAULT_HANDLED: i32 = 0;
export const FAULT_MAPERR: i32 = 1;
export const FAULT_ACCERR: i32 = 2;
/** errorCode: of the page fault; stackPointer: user ESP (0xFFFFFFFF = any; for kernel-mode access). */
export declare function handleMmFault(mm: Mm, address: u32, errorCode: u32, stackPointer: u32): i32;
