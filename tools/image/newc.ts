/*
 * Writes "newc" cpio archives, the format of Linux's initramfs, which the kernel unpacks at boot.
 *
 * The same entries give the same bytes: inode numbers count from 1 in the order of the entries, times are zero.
 *
 * @source Linux's Documentation/driver-api/early-userspace/buffer-format.rst
 */
import {
  CPIO_DEVMAJOR,
  CPIO_FIELD_SIZE,
  CPIO_FIELDS,
  CPIO_FILESIZE,
  CPIO_GID,
  CPIO_INO,
  CPIO_MODE,
  CPIO_NAMESIZE,
  CPIO_NLINK,
  CPIO_RDEVMAJOR,
  CPIO_RDEVMINOR,
  CPIO_UID,
} from '../../kernel/abi/cpio.ts';

/** A member of an archive. `path` is relative to the root, without a leading slash; `mode` includes the type (S_IF...). */
export interface ArchiveEntry {
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Contents of a file, or target of a symbolic link. */
  readonly data?: Uint8Array;
  /** Device number, for device nodes. */
  readonly device?: { readonly major: number; readonly minor: number };
}

const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/** The archive with these entries, in this order (a folder before what is in it). */
export function writeArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, i) => member(entry, i + 1));
  parts.push(...member({ path: TRAILER, mode: 0 }, 0));
  return join(parts);
}

function member(entry: ArchiveEntry, inode: number): Uint8Array[] {
  const name = new TextEncoder().encode(`${entry.path}\0`);
  const data = entry.data ?? new Uint8Array(0);
  const fields = new Array<number>(CPIO_FIELDS).fill(0);
  fields[CPIO_INO] = inode;
  fields[CPIO_MODE] = entry.mode;
  fields[CPIO_UID] = entry.uid ?? 0;
  fields[CPIO_GID] = entry.gid ?? 0;
  fields[CPIO_NLINK] = 1;
  fields[CPIO_FILESIZE] = data.length;
  fields[CPIO_DEVMAJOR] = 0;
  fields[CPIO_RDEVMAJOR] = entry.device?.major ?? 0;
  fields[CPIO_RDEVMINOR] = entry.device?.minor ?? 0;
  fields[CPIO_NAMESIZE] = name.length;
  const digits = fields.map((field) => field.toString(16).padStart(CPIO_FIELD_SIZE, '0')).join('');
  return [padded(join([new TextEncoder().encode(MAGIC + digits), name])), padded(data)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT);
  result.set(bytes);
  return result;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
