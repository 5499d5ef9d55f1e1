/*
 * Traps for programs of ours that misuse memory from the slab: built in with `--define SLAB_DEBUG=true`.
 *
 *   | object, perhaps some bytes more than asked for | link | red zone |
 *
 * Poison: a free object is full of one byte, and must still be when it is handed out again: somebody has written to it
 * after giving it back otherwise. A fresh object is full of another, so that who forgets to set a field finds nonsense.
 * Objects with a constructor keep their state while they are free, and are not poisoned.
 *
 * Red zone: a word behind each object tells whether it is in use; another value means that somebody wrote beyond the end.
 */

import { panic } from '../lib/panic.ts';

/** Build constant: poison and red zones. */
export const SLAB_DEBUG: boolean = define('SLAB_DEBUG', false);

const FREE_BYTE: u8 = 0x6b;
const FRESH_BYTE: u8 = 0x5a;
const ZONE_FREE: u32 = 0x09f911d3;
const ZONE_USED: u32 = 0x170fc2a5;

/** A free object comes into being, or comes back: `zone` is its red zone. */
export function markFree(object: u32, size: u32, zone: u32, isPoisoned: boolean): void {
  if (isPoisoned) fillBytes(ptr<u8>(object), FREE_BYTE, size);
  ptr<u32>(zone)[0] = ZONE_FREE;
}

/** An object is handed out. */
export function markUsed(name: string, object: u32, size: u32, zone: u32, isPoisoned: boolean): void {
  if (ptr<u32>(zone)[0] !== ZONE_FREE) panic('slab %s: somebody wrote behind the free object %p', name, object);
  if (isPoisoned) {
    for (let i: u32 = 0; i < size; i++) {
      if (ptr<u8>(object)[i] !== FREE_BYTE) panic('slab %s: %p was written to after it was freed', name, object + i);
    }
    fillBytes(ptr<u8>(object), FRESH_BYTE, size);
  }
  ptr<u32>(zone)[0] = ZONE_USED;
}

/** An object is given back: is it one, in use, and has it kept to its size? */
export function checkUsed(name: string, object: u32, zone: u32): void {
  const found = ptr<u32>(zone)[0];
  if (found === ZONE_FREE) panic('slab %s: %p is free already', name, object);
  if (found !== ZONE_USED) panic('slab %s: somebody wrote behind the object %p', name, object);
}
