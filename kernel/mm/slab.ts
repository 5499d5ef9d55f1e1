/** At least 16-byte aligned; a multiple of 4096 is page aligned. */
export declare function kmalloc(size: u32): Ptr<u8> | null;
export declare function kfree(block: Ptr<u8> | object): void;
/** Zeroed instance of class T. */
export declare function allocate<T extends object>(): T | null;
