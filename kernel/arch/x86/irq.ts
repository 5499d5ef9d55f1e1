/** irq 0..15 are ISA lines. Handler runs with interrupts off. 0, -EINVAL, -EBUSY. */
export declare function requestIrq(irq: u32, handler: (irq: u32) => void): i32;
/** Called HZ times a second on each CPU, interrupts off. */
export declare function setTimerHandler(handler: () => void): void;
