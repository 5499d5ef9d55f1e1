export type UserPtr<T> = u32 & { readonly __user?: T };
/** 0 or -EFAULT. */
export declare function copyFromUser(target: Ptr<u8>, source: u32, count: u32): i32;
export declare function copyToUser(target: u32, source: Ptr<u8>, count: u32): i32;
/** length, -EFAULT, or size if too long */
export declare function strncpyFromUser(target: Ptr<u8>, source: u32, size: u32): i32;
export declare function getUser32(source: u32, result: Ptr<u32>): i32;
export declare function putUser32(target: u32, value: u32): i32;
export declare function clearUser(target: u32, count: u32): i32;
