import { type TrapFrame } from './trapFrame.ts';
/** Saves the callee-saved registers on this stack, stores ESP at `from`, continues on the stack `to`. */
export declare function switchContext(from: Ptr<u32>, to: u32): void;
/** Initial saved ESP of a new stack, which when switched to calls entry() (which never returns). */
export declare function prepareKernelStack(top: u32, entry: () => void): u32;
/** Leaves for ring 3 through the frame (runs the return-to-user hook first). */
export declare function returnToUser(frame: TrapFrame): never;
/** TSS esp0: where the next trap from user mode lands. Also sets cpu.stackLimit. */
export declare function setKernelStack(top: u32): void;
