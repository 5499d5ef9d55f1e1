import { type TrapFrame } from './trapFrame.ts';
export type TrapHandler = (frame: TrapFrame) => void;
/** Called for vector 0..31 exceptions, interrupts off; may enable. */
export declare function setTrapHandler(vector: u32, handler: TrapHandler): void;
/** int 0x80; interrupts on. */
export declare function setSyscallHandler(handler: TrapHandler): void;
/**
 * Called before every return to ring 3, with interrupts off, and returns with interrupts off (may turn them on inside):
 * so that what it checked (needResched, pending signals) still holds at the IRET.
 */
export declare function setReturnToUserHook(hook: TrapHandler): void;
/** Exception table: a kernel-mode fault at a known place: sets frame.eip to its fixup. */
export declare function fixupException(frame: TrapFrame): boolean;
/** Reports a fault in the kernel that nobody expected: decoded, with the registers of the frame; never returns. */
export declare function panicOnTrap(frame: TrapFrame): never;
