import { type TrapFrame } from '../arch/x86/trapFrame.ts';
/* placeholder */
export declare function panic(message: string, ...args: Word[]): never;
export declare function panicWithFrame(frame: TrapFrame, esp: u32, message: string, ...args: Word[]): never;
export declare function assert(condition: boolean, message: string): void;
