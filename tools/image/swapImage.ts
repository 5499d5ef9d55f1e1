/*
 * An empty swap area as a disk, as mkswap would make it: only the header's page has contents.
 *
 * @source mkswap(8), swapon(2)
 */
import { DiskImage } from '../../emulator/machine.ts';

const PAGE_BYTES = 4096;
const VERSION_OFFSET = 1024;
const LAST_PAGE_OFFSET = 1028;
const MAGIC = 'SWAPSPACE2';

/** A swap area of `bytes` bytes, a multiple of 4096. */
export function swapImage(bytes: number): DiskImage {
  const header = new Uint8Array(PAGE_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(VERSION_OFFSET, 1, true);
  view.setUint32(LAST_PAGE_OFFSET, bytes / PAGE_BYTES - 1, true);
  header.set(new TextEncoder().encode(MAGIC), PAGE_BYTES - MAGIC.length);
  return new DiskImage(bytes, (offset, into) => {
    into.fill(0);
    if (offset < PAGE_BYTES) into.set(header.subarray(offset, offset + into.length));
  });
}
