import { type File } from '../fs/file.ts';
import { type Mm } from './types.ts';
/** Address, or -errno (as u32 > 0xFFFFF000 when compared unsigned). */
export declare function doMmap(
  mm: Mm,
  address: u32,
  length: u32,
  prot: u32,
  flags: u32,
  file: File | null,
  offset: u32,
): i32;
export declare function doMunmap(mm: Mm, address: u32, length: u32): i32;
/** The new break (unchanged when it cannot be moved). */
export declare function doBrk(mm: Mm, brk: u32): u32;
export declare function doMprotect(mm: Mm, address: u32, length: u32, prot: u32): i32;
