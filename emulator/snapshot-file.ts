/*
 * Snapshots as bytes.
 *
 * The contents of the file are a u32, the length of a head in JSON, the head, and behind it what the head announces, in
 * this order: the numbers of the state as doubles, its blobs, the CPUs' blocks, the TLB, and the pages that are not zero.
 */

import { type Compression, packFile, unpackFile } from './container.ts';
import { FILE_KINDS, SNAPSHOT_FILE } from './file-kinds.ts';
import { type Page, PAGE_BYTES } from './ram-pages.ts';
import { type MachineIdentity, type Snapshot, SnapshotError } from './snapshot.ts';
import { CPU_STATE_BYTES } from './v86/core.ts';
import { concatenate } from './v86/wasm-module.ts';

interface Head {
  readonly identity: MachineIdentity;
  readonly completed: number;
  readonly fetchPages: readonly [number, number];
  readonly numbers: number;
  readonly blobs: readonly number[];
  readonly cpus: number;
  readonly tlb: number;
  readonly pages: readonly number[];
}

/** The file of a snapshot. */
export function writeSnapshot(snapshot: Snapshot, compression: Compression): Uint8Array {
  const { identity, state, cpus, core, ram } = snapshot;
  const pages = Array.from(ram.keys()).filter((page) => ram[page] !== null);
  const head: Head = {
    identity: identity.value,
    completed: core.completed,
    fetchPages: core.fetchPages,
    numbers: state.numbers.length,
    blobs: state.blobs.map((blob) => blob.length),
    cpus: cpus.length,
    tlb: core.tlb.length,
    pages,
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const parts = [bytesOf(Uint32Array.of(json.length)), json, bytesOf(state.numbers), ...state.blobs, ...cpus];
  const contents = concatenate([...parts, bytesOf(core.tlb), ...pages.map((page) => ram[page]!)]);
  return packFile(SNAPSHOT_FILE, contents, compression);
}

/** Throws SnapshotError if the file is not a whole snapshot of this version. */
export function readSnapshot(file: Uint8Array, compression: Compression): Snapshot {
  const contents = unpackFile(SNAPSHOT_FILE, FILE_KINDS, file, compression);
  let at = 0;
  const take = (bytes: number): Uint8Array<ArrayBuffer> => {
    if (at + bytes > contents.length) throw new SnapshotError('this snapshot announces more than it contains');
    at += bytes;
    return contents.slice(at - bytes, at);
  };
  const headLength = new DataView(take(4).buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(take(headLength))) as Head;
  const numbers = new Float64Array(take(8 * head.numbers).buffer);
  const blobs = head.blobs.map(take);
  const cpus = Array.from({ length: head.cpus }, () => take(CPU_STATE_BYTES));
  const tlb = new Int32Array(take(4 * head.tlb).buffer);
  const ram = new Array<Page>(head.identity.memoryBytes / PAGE_BYTES).fill(null);
  for (const page of head.pages) ram[page] = take(PAGE_BYTES);
  const core = { completed: head.completed, fetchPages: head.fetchPages, tlb };
  return {
    identity: { value: head.identity },
    instructions: head.completed,
    state: { numbers, blobs },
    cpus,
    core,
    ram,
  };
}

function bytesOf(array: Uint32Array | Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
