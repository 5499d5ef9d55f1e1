/*
 * Arguments of system calls as the host writes them down: numbers, and blobs of memory that the agent lays out in the
 * calling process, with pointers from one to another. `encodeCall` turns them into the payload of a CALL.
 */

import {
  ANY_CPU,
  ARENA_SIZE,
  BLOB_IN,
  BLOB_OUT,
  BLOB_RECORD,
  CALL_ARGUMENT_COUNT,
  CALL_ARGUMENTS,
  CALL_HEADER,
  FIXUP_IN_BLOB,
  FIXUP_RECORD,
  MAX_BLOBS,
  MAX_FIXUPS,
  MAX_PAYLOAD,
  RET_HEADER,
} from '../../kernel/abi/wire.ts';

/** Memory whose address is passed. Its contents go in, come out (in the order in which blobs appear), or both. */
export interface Blob {
  readonly length: number;
  readonly input: Uint8Array | null;
  readonly output: boolean;
  /** Words of the contents that are to hold addresses of other blobs. */
  readonly pointers: readonly { readonly offset: number; readonly target: Blob }[];
}

/** `null` is the null pointer; a bigint stands for two arguments, low half first. */
export type Argument = number | bigint | boolean | null | Blob;

/** Bytes for the kernel to read. */
export function input(bytes: Uint8Array): Blob {
  return { length: bytes.length, input: bytes, output: false, pointers: [] };
}

/** A string for the kernel to read; a zero is put after it. */
export function text(value: string): Blob {
  return input(new TextEncoder().encode(`${value}\0`));
}

/** `length` zero bytes for the kernel to write to. */
export function output(length: number): Blob {
  return { length, input: null, output: true, pointers: [] };
}

/** Bytes that the kernel reads and changes. */
export function inout(bytes: Uint8Array): Blob {
  return { length: bytes.length, input: bytes, output: true, pointers: [] };
}

/** 32-bit words for the kernel to read. A blob among them stands for its address. */
export function words(...items: readonly (number | Blob)[]): Blob {
  const bytes = new Uint8Array(items.length * 4);
  const view = new DataView(bytes.buffer);
  const pointers: { offset: number; target: Blob }[] = [];
  for (const [index, item] of items.entries()) {
    if (typeof item === 'number') view.setInt32(index * 4, item, true);
    else pointers.push({ offset: index * 4, target: item });
  }
  return { length: bytes.length, input: bytes, output: false, pointers };
}

/** An argv or envp: addresses of strings, and a null. */
export function strings(items: readonly string[]): Blob {
  return words(...items.map(text), 0);
}

/** Where a call goes. */
export interface CallTarget {
  readonly slot: number;
  readonly pid: number;
  readonly cpu?: number;
}

export interface EncodedCall {
  readonly payload: Uint8Array;
  /** Lengths of the blobs that come out, in order. */
  readonly outputs: readonly number[];
}

/** The arguments as the six words of a call, blobs left in place. */
export function flatten(args: readonly Argument[]): (number | Blob)[] {
  const flat = args.flatMap((argument): (number | Blob)[] => {
    if (typeof argument === 'bigint')
      return [Number(BigInt.asIntN(32, argument)), Number(BigInt.asIntN(32, argument >> 32n))];
    if (argument === null) return [0];
    return [typeof argument === 'boolean' ? Number(argument) : argument];
  });
  if (flat.length > CALL_ARGUMENT_COUNT) throw new RangeError(`${flat.length} arguments: ${CALL_ARGUMENT_COUNT} fit`);
  return flat;
}

/** The payload of a CALL. Throws RangeError if it is too large for one frame. */
export function encodeCall(id: number, target: CallTarget, nr: number, args: readonly Argument[]): EncodedCall {
  const flat = flatten(args);
  const blobs = collectBlobs(flat);
  const fixups = collectFixups(flat, blobs);
  const inputs = blobs.flatMap((blob) => (blob.input === null ? [] : [blob.input]));
  const outputs = blobs.filter((blob) => blob.output).map((blob) => blob.length);
  const records = CALL_HEADER + blobs.length * BLOB_RECORD + fixups.length * FIXUP_RECORD;
  const size = records + sum(inputs.map((bytes) => bytes.length));
  const arena = sum(blobs.map((blob) => (blob.length + 3) & ~3));
  if (size > MAX_PAYLOAD || sum(outputs) > MAX_PAYLOAD - RET_HEADER || arena > ARENA_SIZE) {
    throw new RangeError(`a call with ${size} bytes in and ${sum(outputs)} out does not fit into a frame`);
  }
  if (blobs.length > MAX_BLOBS || fixups.length > MAX_FIXUPS) throw new RangeError('a call with too many blobs');
  const payload = new Uint8Array(size);
  const view = new DataView(payload.buffer);
  view.setUint32(0, id, true);
  payload.set([target.slot, target.cpu ?? ANY_CPU, blobs.length, fixups.length], 4);
  view.setUint32(8, target.pid, true);
  view.setUint32(12, nr, true);
  for (const [index, argument] of flat.entries()) {
    if (typeof argument === 'number') view.setInt32(CALL_ARGUMENTS + 4 * index, argument, true);
  }
  let at = CALL_HEADER;
  for (const blob of blobs) {
    payload[at] = (blob.input === null ? 0 : BLOB_IN) | (blob.output ? BLOB_OUT : 0);
    view.setUint16(at + 2, blob.length, true);
    at += BLOB_RECORD;
  }
  for (const fixup of fixups) {
    payload.set([fixup.place, fixup.blob], at);
    view.setUint16(at + 2, fixup.offset, true);
    at += FIXUP_RECORD;
  }
  for (const bytes of inputs) {
    payload.set(bytes, at);
    at += bytes.length;
  }
  return { payload, outputs };
}

/** All blobs, each once: those of the arguments in order, each followed by those that it points to. */
function collectBlobs(args: readonly (number | Blob)[]): Blob[] {
  const found = new Set<Blob>();
  const visit = (blob: Blob): void => {
    if (found.has(blob)) return;
    found.add(blob);
    for (const pointer of blob.pointers) visit(pointer.target);
  };
  for (const argument of args) if (typeof argument === 'object') visit(argument);
  return [...found];
}

interface Fixup {
  readonly place: number;
  readonly blob: number;
  readonly offset: number;
}

function collectFixups(args: readonly (number | Blob)[], blobs: readonly Blob[]): Fixup[] {
  const ofArguments = args.flatMap((argument, place): Fixup[] =>
    typeof argument === 'number' ? [] : [{ place, blob: blobs.indexOf(argument), offset: 0 }],
  );
  const ofBlobs = blobs.flatMap((blob, index) =>
    blob.pointers.map((pointer): Fixup => ({
      place: FIXUP_IN_BLOB + index,
      blob: blobs.indexOf(pointer.target),
      offset: pointer.offset,
    })),
  );
  return [...ofArguments, ...ofBlobs];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
