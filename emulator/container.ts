/*
 * The files in which snapshots and recordings are kept.
 *
 *   0   8 bytes   "PAGEWRIT"
 *   8   4 bytes   what it is: "snap", "reco"
 *  12   u32       version of the contents' format
 *  16   u32       length of the contents before compression
 *  20   32 bytes  SHA-256 of the contents before compression
 *  52   ...       the contents, compressed by zlib
 *
 * All numbers are little-endian. A file that is not whole, or of another kind or version, is refused with a message that
 * says what to do. The compression is the caller's, since Node and browsers have different ones.
 */

import { Sha256 } from './sha256.ts';
import { SnapshotError } from './snapshot.ts';
import { concatenate } from './v86/wasm-module.ts';

const MAGIC = 'PAGEWRIT';
const HEADER_BYTES = 52;
const HASH_AT = 20;

export interface FileKind {
  /** Four letters. */
  readonly tag: string;
  /** For messages: "snapshot". */
  readonly name: string;
  readonly version: number;
  /** How such a file is made, for messages. */
  readonly madeBy: string;
}

/** zlib's format. `inflate` throws on anything else. */
export interface Compression {
  readonly deflate: (bytes: Uint8Array) => Uint8Array;
  readonly inflate: (bytes: Uint8Array) => Uint8Array;
}

export function packFile(kind: FileKind, contents: Uint8Array, { deflate }: Compression): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(MAGIC + kind.tag));
  view.setUint32(12, kind.version, true);
  view.setUint32(16, contents.length, true);
  header.set(new Sha256().update(contents).digestBytes(), HASH_AT);
  return concatenate([header, deflate(contents)]);
}

/** The contents. `kinds` are all there are, for the message when another one is found. Throws SnapshotError. */
export function unpackFile(
  kind: FileKind,
  kinds: readonly FileKind[],
  file: Uint8Array,
  { inflate }: Compression,
): Uint8Array {
  const text = new TextDecoder('latin1').decode(file.subarray(0, 12));
  if (!text.startsWith(MAGIC)) throw new SnapshotError(`this is not a ${kind.name}; ${kind.madeBy} writes them`);
  const tag = text.slice(8);
  if (tag !== kind.tag) {
    const found = kinds.find((candidate) => candidate.tag === tag)?.name ?? `'${tag}' file`;
    throw new SnapshotError(`this is a ${found}, not a ${kind.name}; ${kind.madeBy} writes those`);
  }
  if (file.length < HEADER_BYTES) throw damaged(kind);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const version = view.getUint32(12, true);
  if (version !== kind.version) {
    const other = version > kind.version ? 'newer' : 'older';
    throw new SnapshotError(
      `this ${kind.name} has version ${version} of its format, this pagewright reads ${kind.version}: ` +
        `use the ${other} pagewright that wrote it, or make it again with ${kind.madeBy}`,
    );
  }
  const contents = inflateWhole(kind, file.subarray(HEADER_BYTES), inflate);
  const hash = new Sha256().update(contents).digestBytes();
  const isWhole = contents.length === view.getUint32(16, true) && hash.every((byte, i) => byte === file[HASH_AT + i]);
  if (!isWhole) throw damaged(kind);
  return contents;
}

function inflateWhole(kind: FileKind, bytes: Uint8Array, inflate: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  try {
    return inflate(bytes);
  } catch {
    throw damaged(kind);
  }
}

function damaged(kind: FileKind): SnapshotError {
  return new SnapshotError(
    `this ${kind.name} is damaged or cut off: copy it again from where it came, or make it again with ${kind.madeBy}`,
  );
}
