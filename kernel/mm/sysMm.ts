export declare function sysBrk(brk: u32): i32;
/** Old mmap: one pointer to six words. */
export declare function sysMmap(arguments_: u32): i32;
export declare function sysMmap2(address: u32, length: u32, prot: u32, flags: u32, fd: u32, pageOffset: u32): i32;
export declare function sysMunmap(address: u32, length: u32): i32;
export declare function sysMprotect(address: u32, length: u32, prot: u32): i32;
export declare function sysMadvise(address: u32, length: u32, advice: u32): i32;
export declare function sysMremap(address: u32, oldLength: u32, newLength: u32, flags: u32, newAddress: u32): i32;
