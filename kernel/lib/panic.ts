/* placeholder */
export declare function panic(message: string, ...args: Word[]): never;
export declare function assert(condition: boolean, message: string): void;
