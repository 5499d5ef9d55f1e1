/*
 * Bytes that grow: on the heap, twice as large each time there is no more room.
 */

import { exit } from './crt.ts';
import { free, malloc } from './heap.ts';
import { printError } from './output.ts';

const FIRST_SIZE: u32 = 64;

/** Cleared, it is empty. */
export class Buffer {
  data: Ptr<u8> | null;
  length: u32;
  room: u32;
}

/** Adds a byte. A program whose memory is out ends. */
export function append(buffer: Buffer, byte: u32): void {
  if (buffer.length === buffer.room) grow(buffer, 1);
  buffer.data![buffer.length] = u8(byte);
  buffer.length++;
}

export function appendBytes(buffer: Buffer, source: Ptr<u8>, length: u32): void {
  if (length > buffer.room - buffer.length) grow(buffer, length);
  if (length > 0) copyBytes(buffer.data!.add(buffer.length), source, length);
  buffer.length += length;
}

/** The contents, with a zero behind them that does not count. Valid until something is added. */
export function contents(buffer: Buffer): Ptr<u8> {
  append(buffer, 0);
  buffer.length--;
  return buffer.data!;
}

/** Gives the memory back; the buffer is empty then. */
export function freeBuffer(buffer: Buffer): void {
  free(buffer.data);
  buffer.data = null;
  buffer.length = 0;
  buffer.room = 0;
}

/** Heap memory; a program that cannot have it ends. */
export function allocate(size: u32): Ptr<u8> {
  const memory = malloc(size);
  if (memory !== null) return memory;
  printError('out of memory\n');
  exit(2);
}

/** Heap memory of `size` bytes that begins with the `used` bytes of `memory`, which is given back. */
export function grown(memory: Ptr<u8> | null, used: u32, size: u32): Ptr<u8> {
  const larger = allocate(size);
  if (memory !== null) copyBytes(larger, memory, used);
  free(memory);
  return larger;
}

/** Makes room for `more` bytes behind what there is. */
function grow(buffer: Buffer, more: u32): void {
  let room = buffer.room === 0 ? FIRST_SIZE : 2 * buffer.room;
  while (room - buffer.length < more) room *= 2;
  buffer.data = grown(buffer.data, buffer.length, room);
  buffer.room = room;
}
