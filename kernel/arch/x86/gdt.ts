/** Puts three descriptors in this CPU's GDT entries 6..8. */
export declare function loadTls(descriptors: Ptr<u64>): void;
