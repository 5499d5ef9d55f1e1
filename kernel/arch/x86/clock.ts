/** Timer interrupts a second. */
export const HZ: u32 = 100;
/** Nanoseconds since boot. */
export declare function monotonicNs(): u64;
/** Nanoseconds since 1970. */
export declare function realtimeNs(): u64;
