export declare function printk(format: string, ...args: Word[]): void;
export declare function registerConsole(write: (text: Ptr<u8>, length: u32) => void): void;
