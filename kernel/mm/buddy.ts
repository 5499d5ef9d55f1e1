import { type Page } from './page.ts';
export const MAX_ORDER: u32 = 10;
/** 2^order frames side by side, count 1, contents undefined; null: none. */
export declare function allocPages(order: u32): Page | null;
export declare function freePages(page: Page, order: u32): void;
export declare function freePageCount(): u32;
export declare function totalPageCount(): u32;
