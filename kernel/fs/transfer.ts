/*
 * The other side of a read or write.
 *
 * Idea. A file does not care where its data go to or come from: one buffer of a program, several (readv, writev), or
 * memory of the kernel (exec reads program headers, sendfile copies between files). A Transfer stands for all of that: a
 * cursor over segments, out of which `copyIn` takes bytes and into which `copyOut` puts them.
 *
 * A program's address may be wild, unmapped half way, or unmapped by another thread meanwhile. So copies tell how many
 * bytes they have moved: fewer than asked for means that a fault came in the way, and the caller ends the transfer there,
 * with -EFAULT if nothing was moved at all. Copies go page by page, so what lies before a bad page is still moved.
 *
 * Locking. A transfer belongs to the task that makes it. Copies may fault, hence sleep: no spinlock may be held.
 */

import { type IoVec } from '../abi/uio.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { clearUser, copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { memcpy, memset } from '../lib/string.ts';

export class Transfer {
  /** The segment at the cursor; those that follow lie behind it. */
  segment: Ptr<Inline<IoVec>>;
  /** Bytes of that segment that are done. */
  offset: u32;
  /** Bytes to go, over all segments. */
  remaining: u32;
  /** The addresses are the kernel's. */
  inKernel: boolean;
  /** Where the segment lives if there is but one. */
  single: Inline<IoVec>;

  /** Over `count` bytes of the program. */
  overUser(address: u32, count: u32): void {
    this.overOne(address, count);
    this.inKernel = false;
  }

  /** Over `count` bytes of the kernel. */
  overKernel(address: Ptr<u8>, count: u32): void {
    this.overOne(u32(address), count);
    this.inKernel = true;
  }

  /** Over segments of the program, `total` bytes in all. The array stays the caller's. */
  overSegments(segments: Ptr<Inline<IoVec>>, total: u32): void {
    this.segment = segments;
    this.offset = 0;
    this.remaining = total;
    this.inKernel = false;
  }

  private overOne(address: u32, count: u32): void {
    this.single.iov_base = address;
    this.single.iov_len = count;
    this.segment = addrOf(this.single);
    this.offset = 0;
    this.remaining = count;
  }

  /** Moves `count` bytes (or as many as there is room for) out of the kernel. Returns how many. */
  copyOut(source: Ptr<u8>, count: u32): u32 {
    let done: u32 = 0;
    while (done < count) {
      const step = this.stepSize(count - done);
      if (step === 0) break;
      const address = this.address();
      if (this.inKernel) memcpy(ptr<u8>(address), source.add(done), step);
      else if (copyToUser(address, source.add(done), step) !== 0) break;
      this.advance(step);
      done += step;
    }
    return done;
  }

  /** The same with zeroes. */
  zeroOut(count: u32): u32 {
    let done: u32 = 0;
    while (done < count) {
      const step = this.stepSize(count - done);
      if (step === 0) break;
      const address = this.address();
      if (this.inKernel) memset(ptr<u8>(address), 0, step);
      else if (clearUser(address, step) !== 0) break;
      this.advance(step);
      done += step;
    }
    return done;
  }

  /** Moves `count` bytes (or as many as there are) into the kernel. Returns how many. */
  copyIn(target: Ptr<u8>, count: u32): u32 {
    let done: u32 = 0;
    while (done < count) {
      const step = this.stepSize(count - done);
      if (step === 0) break;
      const address = this.address();
      if (this.inKernel) memcpy(target.add(done), ptr<u8>(address), step);
      else if (copyFromUser(target.add(done), address, step) !== 0) break;
      this.advance(step);
      done += step;
    }
    return done;
  }

  private address(): u32 {
    return this.segment[0].iov_base + this.offset;
  }

  /** How much can be moved at once: within the segment, and within a page of the program. 0: nothing is left. */
  private stepSize(wanted: u32): u32 {
    if (this.remaining === 0) return 0;
    while (this.offset === this.segment[0].iov_len) {
      this.segment = this.segment.add(1);
      this.offset = 0;
    }
    let step = this.segment[0].iov_len - this.offset;
    if (step > wanted) step = wanted;
    if (!this.inKernel) {
      const inPage = PAGE_SIZE - (this.address() & (PAGE_SIZE - 1));
      if (step > inPage) step = inPage;
    }
    return step;
  }

  private advance(count: u32): void {
    this.offset += count;
    this.remaining -= count;
  }
}
