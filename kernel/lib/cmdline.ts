export declare function hasOption(name: string): boolean;
/** Value of name=value into buffer (NUL-terminated, cut to size); length or -1 when absent. */
export declare function getOption(name: string, buffer: Ptr<u8>, size: u32): i32;
