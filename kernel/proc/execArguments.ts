/*
 * The arguments of execve on their way from the old program to the new one.
 *
 * Idea. The strings are in the old address space, which is gone before the new one has a stack. So they are copied into
 * pages of the kernel's, one behind the other: arguments, environment, the name of the file; and from there to the new
 * stack (execStack.ts). Pages are taken as they are needed.
 *
 * Limits, as Linux has them: one string at most 128 KiB; all strings and pointers together a quarter of RLIMIT_STACK.
 */

import { E2BIG, EFAULT, ENOMEM } from '../abi/errno.ts';
import { RLIMIT_STACK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { getUser32, strncpyFromUser } from '../arch/x86/userCopy.ts';
import { kfree, kmalloc } from '../mm/slab.ts';

/** The longest string, with its zero. */
const MAX_STRING: u32 = 131072;
/** A table of this many pages is one page itself: 4 MiB of strings. */
const TABLE_ENTRIES: u32 = 1024;
/** What execve accepts whatever RLIMIT_STACK says (POSIX wants less). */
const MIN_LIMIT: u32 = 131072;

/** The strings. Zero-filled is not yet usable: begin() first, end() last. */
export class ExecArguments {
  pages: Ptr<u32>; // TABLE_ENTRIES addresses of pages, 0 where there is none yet
  used: u32; // bytes of strings so far
  limit: u32; // of strings and pointers
  argumentCount: u32;
  environmentCount: u32;
  argumentBytes: u32;
  environmentBytes: u32;

  /** Makes it usable. 0 or -ENOMEM. */
  begin(): i32 {
    const table = kmalloc(PAGE_SIZE);
    if (table === null) return -ENOMEM;
    fillBytes(table, 0, PAGE_SIZE);
    this.pages = ptr<u32>(table);
    const quarter = current().process.limits[RLIMIT_STACK].rlim_cur / 4;
    const largest = TABLE_ENTRIES * PAGE_SIZE;
    this.limit = quarter < MIN_LIMIT ? MIN_LIMIT : quarter > largest ? largest : quarter;
    return 0;
  }

  /** Gives all pages back. */
  end(): void {
    for (let i: u32 = 0; i < TABLE_ENTRIES && this.pages[i] !== 0; i++) kfree(ptr<u8>(this.pages[i]));
    kfree(ptr<u8>(this.pages));
  }

  /** The bytes from `offset` to the end of that page. */
  at(offset: u32): Ptr<u8> {
    return ptr<u8>(this.pages[offset >>> PAGE_SHIFT] + (offset & (PAGE_SIZE - 1)));
  }

  /** Makes sure that there is a page where the next byte goes. 0, -ENOMEM or -E2BIG. */
  private ensurePage(): i32 {
    const pointers = (this.argumentCount + this.environmentCount) * 4;
    if (this.used + pointers >= this.limit) return -E2BIG;
    const index = this.used >>> PAGE_SHIFT;
    if (this.pages[index] !== 0) return 0;
    const page = kmalloc(PAGE_SIZE);
    if (page === null) return -ENOMEM;
    this.pages[index] = u32(page);
    return 0;
  }

  /** Appends the string at the user's `address`. 0, -EFAULT, -E2BIG or -ENOMEM. */
  private addUserString(address: u32): i32 {
    const start = this.used;
    for (let from = address; ;) {
      const error = this.ensurePage();
      if (error < 0) return error;
      const room = PAGE_SIZE - (this.used & (PAGE_SIZE - 1));
      const length = strncpyFromUser(this.at(this.used), from, room);
      if (length < 0) return -EFAULT;
      if (u32(length) < room) {
        this.used += u32(length) + 1;
        return this.used - start > MAX_STRING ? -E2BIG : 0;
      }
      this.used += room;
      from += room;
      if (this.used - start >= MAX_STRING) return -E2BIG;
    }
  }

  /** Appends a string of the kernel's. 0, -E2BIG or -ENOMEM. */
  private addKernelString(text: Ptr<u8>): i32 {
    for (let i: u32 = 0; ; i++) {
      const error = this.ensurePage();
      if (error < 0) return error;
      this.at(this.used)[0] = text[i];
      this.used++;
      if (text[i] === 0) return 0;
    }
  }

  /** Appends an argument. */
  addArgument(text: Ptr<u8>): i32 {
    this.argumentCount++;
    const error = this.addKernelString(text);
    this.argumentBytes = this.used;
    return error;
  }

  /** Appends the user's vector of arguments, without its first `skip`. */
  addUserArguments(vector: u32, skip: u32): i32 {
    for (let i = skip; vector !== 0; i++) {
      let address: u32 = 0;
      if (getUser32(vector + i * 4, addrOf(address)) < 0) return -EFAULT;
      if (address === 0) break;
      this.argumentCount++;
      const error = this.addUserString(address);
      if (error < 0) return error;
    }
    this.argumentBytes = this.used;
    return 0;
  }

  /** Appends a variable to the environment. After all arguments. */
  addVariable(text: Ptr<u8>): i32 {
    this.environmentCount++;
    const error = this.addKernelString(text);
    this.environmentBytes = this.used - this.argumentBytes;
    return error;
  }

  /** Appends the user's environment. After all arguments. */
  addUserEnvironment(vector: u32): i32 {
    for (let i: u32 = 0; vector !== 0; i++) {
      let address: u32 = 0;
      if (getUser32(vector + i * 4, addrOf(address)) < 0) return -EFAULT;
      if (address === 0) break;
      this.environmentCount++;
      const error = this.addUserString(address);
      if (error < 0) return error;
    }
    this.environmentBytes = this.used - this.argumentBytes;
    return 0;
  }

  /** Appends the file's name, the last string. */
  addFileName(name: Ptr<u8>): i32 {
    return this.addKernelString(name);
  }

  /** The offset of the string after the one at `offset`. */
  nextString(offset: u32): u32 {
    let at = offset;
    while (this.at(at)[0] !== 0) at++;
    return at + 1;
  }
}
