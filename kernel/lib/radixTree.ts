/*
 * Radix trees: from a 32-bit index to a pointer, for sets that are dense in places (the pages of a file).
 *
 * Idea. Each node has 64 slots and spends 6 bits of the index. A tree of height h covers indices below 64^h; it grows at
 * the root when a larger index comes and shrinks again when the root has only its first slot left. So a file of up to
 * 256 KiB needs one node, of up to 16 MiB two levels.
 *
 *   height 2, index 0x045 (1, 5):      root -> [0] [1] [2] ...
 *                                               |   |
 *                                               v   v
 *                                       items 0..63 items 64..127, slot 5 is the answer
 *
 * Invariants. Every node but an empty tree's has a used slot. `used` counts them. Items are never 0.
 *
 * Locking: that of whatever owns the tree, usually a spinlock, under which nobody may allocate memory that he might
 * have to wait for. So `insert` takes new nodes from a reserve alone; when that holds too few it answers -EAGAIN and has
 * changed nothing; the caller lets go of the lock, fills the reserve, and tries again. Most insertions need no node.
 */

import { EAGAIN, EEXIST } from '../abi/errno.ts';
import { allocate, kfree } from '../mm/slab.ts';

const SLOT_BITS: u32 = 6;
const SLOTS: u32 = 64;
/** 64^6 is over 2^32. */
const MAX_HEIGHT: u32 = 6;

class RadixNode {
  /** How many slots are not 0. In the reserve: unused. */
  used: u32;
  /** Children in inner nodes, items in those at the bottom. */
  slots: FixedArray<u32, 64>;
}

/** Nodes that an insertion may take, chained through slot 0. All zeroes is an empty reserve. */
export class RadixReserve {
  first: u32;
  count: u32;
  /** How many the insertion that was turned away needs. */
  wanted: u32;

  /** Allocates what is missing; false when there is no memory. */
  fill(): boolean {
    while (this.count < this.wanted) {
      const node = allocate<RadixNode>();
      if (node === null) return false;
      node.slots[0] = this.first;
      this.first = u32(node);
      this.count++;
    }
    return true;
  }

  /** Gives back what was not needed. */
  drain(): void {
    while (this.count > 0) kfree(this.take()!);
  }

  take(): RadixNode | null {
    if (this.count === 0) return null;
    const node = as<RadixNode>(this.first);
    this.first = node.slots[0];
    node.slots[0] = 0;
    this.count--;
    return node;
  }
}

/** All zeroes is an empty tree. */
export class RadixTree {
  /** Levels of nodes; 0: empty. */
  height: u32;
  root: RadixNode | null;

  /** The item at `index`, or 0. */
  find(index: u32): u32 {
    if (!this.covers(index)) return 0;
    let slot = u32(this.root);
    for (let level = this.height; level > 0 && slot !== 0; level--) {
      slot = as<RadixNode>(slot).slots[slotOf(index, level)];
    }
    return slot;
  }

  /** Puts `item`, which is not 0, at `index`. -EEXIST when there is one, -EAGAIN when `reserve` must be filled. */
  insert(index: u32, item: u32, reserve: RadixReserve): i32 {
    reserve.wanted = this.missingNodes(index);
    if (reserve.count < reserve.wanted) return -EAGAIN;
    if (this.height === 0) this.plant(reserve.take()!, heightFor(index));
    while (!this.covers(index)) this.growBy(reserve.take()!);
    let node = this.root!;
    for (let level = this.height; level > 1; level--) {
      const at = slotOf(index, level);
      if (node.slots[at] === 0) {
        node.slots[at] = u32(reserve.take()!);
        node.used++;
      }
      node = as<RadixNode>(node.slots[at]);
    }
    const at = slotOf(index, 1);
    if (node.slots[at] !== 0) return -EEXIST;
    node.slots[at] = item;
    node.used++;
    return 0;
  }

  /** Puts `item`, which is not 0, in the place of the one at `index`, which is there. */
  replace(index: u32, item: u32): void {
    let node = this.root!;
    for (let level = this.height; level > 1; level--) node = as<RadixNode>(node.slots[slotOf(index, level)]);
    node.slots[slotOf(index, 1)] = item;
  }

  /** Takes the item at `index` out and returns it; 0 when there was none. Frees the nodes that it leaves empty. */
  remove(index: u32): u32 {
    if (!this.covers(index)) return 0;
    const path = zeroed<FixedArray<u32, 7>>();
    let slot = u32(this.root);
    for (let level = this.height; level > 0; level--) {
      if (slot === 0) return 0;
      path[level] = slot;
      slot = as<RadixNode>(slot).slots[slotOf(index, level)];
    }
    if (slot === 0) return 0;
    for (let level: u32 = 1; level <= this.height; level++) {
      const node = as<RadixNode>(path[level]);
      node.slots[slotOf(index, level)] = 0;
      node.used--;
      if (node.used > 0) break;
      kfree(node);
      if (level === this.height) {
        this.root = null;
        this.height = 0;
        return slot;
      }
    }
    this.shrink();
    return slot;
  }

  /** The first item at or after `index`, whose index goes to `found`; 0 when there is none. */
  findFrom(index: u32, found: Ptr<u32>): u32 {
    let at = index;
    while (this.covers(at)) {
      let slot = u32(this.root);
      let level = this.height;
      while (level > 0 && slot !== 0) {
        slot = as<RadixNode>(slot).slots[slotOf(at, level)];
        level--;
      }
      if (slot !== 0) {
        found[0] = at;
        return slot;
      }
      // Nothing below this slot: go on with the first index of the next one.
      const span = level * SLOT_BITS;
      const next = ((at >>> span) + 1) << span;
      if (next <= at) return 0;
      at = next;
    }
    return 0;
  }

  /** How many new nodes an insertion at `index` takes. */
  private missingNodes(index: u32): u32 {
    if (!this.covers(index)) {
      const height = heightFor(index);
      // One path in an empty tree; else new roots above the old one, and a path that leaves the highest by another slot.
      return this.height === 0 ? height : height - this.height + height - 1;
    }
    let slot = u32(this.root);
    for (let level = this.height; level > 1; level--) {
      slot = as<RadixNode>(slot).slots[slotOf(index, level)];
      if (slot === 0) return level - 1;
    }
    return 0;
  }

  private covers(index: u32): boolean {
    if (this.height === 0) return false;
    return this.height >= MAX_HEIGHT || index >>> (this.height * SLOT_BITS) === 0;
  }

  /** Gives an empty tree its first node. */
  private plant(root: RadixNode, height: u32): void {
    this.root = root;
    this.height = height;
  }

  /** One level more: `top` is the new root, what was the tree hangs in its slot 0. */
  private growBy(top: RadixNode): void {
    top.slots[0] = u32(this.root);
    top.used = 1;
    this.root = top;
    this.height++;
  }

  /** Levels go while the root has nothing but its first slot. */
  private shrink(): void {
    while (this.height > 1) {
      const root = this.root!;
      if (root.used !== 1 || root.slots[0] === 0) return;
      this.root = as<RadixNode>(root.slots[0]);
      this.height--;
      kfree(root);
    }
  }
}

/** The least height of a tree that covers `index`. */
function heightFor(index: u32): u32 {
  let height: u32 = 1;
  while (height < MAX_HEIGHT && index >>> (height * SLOT_BITS) !== 0) height++;
  return height;
}

/** Which slot of a node at `level` (1 is the bottom) `index` goes through. */
function slotOf(index: u32, level: u32): u32 {
  return (index >>> ((level - 1) * SLOT_BITS)) & (SLOTS - 1);
}
