/*
 * A growing piece of machine code with labels, jumps to them, and places to be patched.
 *
 * Jumps come in a short form (a signed byte) and a near form. All start out short; `finish` lengthens those that do
 * not reach until nothing changes. A jump never shrinks again, so this ends. Until then every position in the buffer is
 * a *draft* position, counted as if all jumps were short and all alignment empty; `finish` translates.
 */

import { equalNumbers } from '../../lists.ts';

/** How a place is patched: with S the symbol's address, A the addend, P the place, `abs` is S + A and `rel` S + A - P. */
export type FixupKind = 'abs32' | 'abs16' | 'abs8' | 'rel32' | 'rel16';

export interface Fixup {
  /** Offset in the code. */
  readonly at: number;
  readonly kind: FixupKind;
  readonly symbol: string;
  readonly addend: number;
}

/** A label: an index handed out by `newLabel`. */
export type Label = number;

/** What a relaxable jump is: a condition's number, `jmp`, or one of those that have a short form alone. */
export type JumpKind = number | 'jmp' | 'jecxz' | 'loop' | 'loope' | 'loopne';

/** Something whose size depends on where everything else ends up. */
interface Stretch {
  readonly at: number;
  readonly kind: JumpKind | 'align';
  /** The target of a jump; for `align`, the alignment. */
  readonly argument: number;
  /** Of the mode: 16 or 32, the width of a near jump's displacement. */
  readonly mode: 16 | 32;
  /** Bytes beyond the draft's. */
  growth: number;
}

/** A fixup whose place is a draft position until the code is finished. */
interface DraftFixup extends Fixup {
  at: number;
}

export interface FinishedCode {
  readonly bytes: Uint8Array;
  readonly fixups: Fixup[];
  /** Final offsets of labels, by label. */
  readonly labels: readonly number[];
  /** Final offsets for draft positions, which must ascend. */
  translate(draft: number): number;
}

const shortOnly = new Map<JumpKind, number>([
  ['loopne', 0xe0],
  ['loope', 0xe1],
  ['loop', 0xe2],
  ['jecxz', 0xe3],
]);

/** Padding that executes as nothing: the SDM's recommended multi-byte NOPs. */
const nops: readonly (readonly number[])[] = [
  [],
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
];

/** Fills `length` bytes from `at` with NOPs. */
export function fillWithNops(bytes: Uint8Array, at: number, length: number): void {
  for (let left = length; left > 0;) {
    const nop = nops[Math.min(left, nops.length - 1)]!;
    bytes.set(nop, at + length - left);
    left -= nop.length;
  }
}

export class CodeBuffer {
  #bytes = new Uint8Array(256);
  #length = 0;
  readonly #fixups: DraftFixup[] = [];
  /** Draft position of each label; -1 until it is bound. */
  readonly #labels: number[] = [];
  readonly #stretches: Stretch[] = [];

  /** The current draft position. */
  get position(): number {
    return this.#length;
  }

  /** The low eight bits. */
  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow();
    this.#bytes[this.#length++] = value;
  }

  word(value: number): void {
    this.byte(value);
    this.byte(value >> 8);
  }

  long(value: number): void {
    this.word(value);
    this.word(value >> 16);
  }

  /** Records that the next bytes are to be patched. */
  fixup(kind: FixupKind, symbol: string, addend: number): void {
    this.#fixups.push({ at: this.#length, kind, symbol, addend });
  }

  newLabel(): Label {
    return this.#labels.push(-1) - 1;
  }

  bind(label: Label): void {
    this.#labels[label] = this.#length;
  }

  isBound(label: Label): boolean {
    return this.#labels[label]! >= 0;
  }

  /** A jump to a label of this buffer. */
  jump(kind: JumpKind, target: Label, mode: 16 | 32 = 32): void {
    this.#stretches.push({ at: this.#length, kind, argument: target, mode, growth: 0 });
    this.word(0);
  }

  /** Padding up to a multiple of `alignment`, relative to the start of the buffer. */
  align(alignment: number): void {
    this.#stretches.push({ at: this.#length, kind: 'align', argument: alignment, mode: 32, growth: 0 });
  }

  /**
   * Settles the sizes of jumps and alignment. Throws if a label is not bound, or if a jump that has a short form alone
   * does not reach.
   */
  finish(): FinishedCode {
    const stretches = this.#stretches;
    let starts = draftStarts(stretches);
    // Ends: a round that lengthens no jump leaves the padding as the next one would find it.
    for (let changed = true; changed;) {
      changed = false;
      for (let n = 0; n < stretches.length; n++) changed = this.#settle(n, starts) || changed;
      starts = draftStarts(stretches);
    }
    const translate = (draft: number): number => draft + growthBefore(stretches, starts, draft);
    const bytes = this.#copyOut(starts, translate(this.#length));
    const fixups = this.#fixups;
    for (let n = 0; n < fixups.length; n++) fixups[n]!.at = translate(fixups[n]!.at);
    return { bytes, fixups, labels: this.#labels.map((at) => (at < 0 ? -1 : translate(at))), translate };
  }

  /** Gives a stretch the size that it needs with those before it as they were; says whether that changed. */
  #settle(n: number, starts: readonly number[]): boolean {
    const stretch = this.#stretches[n]!;
    const before = stretch.growth;
    const at = stretch.at + starts[n]!;
    if (stretch.kind === 'align') {
      stretch.growth = (stretch.argument - (at % stretch.argument)) % stretch.argument;
    } else if (before === 0) {
      const target = this.#targetOf(stretch);
      const distance = target + growthBefore(this.#stretches, starts, target) - (at + 2);
      if (distance < -128 || distance > 127) stretch.growth = nearGrowth(stretch);
    }
    return stretch.growth !== before;
  }

  #targetOf(stretch: Stretch): number {
    const target = this.#labels[stretch.argument] ?? -1;
    if (target < 0) throw new Error(`label ${stretch.argument} is not bound`);
    return target;
  }

  #copyOut(starts: readonly number[], length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const stretches = this.#stretches;
    let from = 0;
    for (let n = 0; n < stretches.length; n++) {
      const stretch = stretches[n]!;
      this.#copyPlain(bytes, from, stretch.at, starts[n]!);
      const at = stretch.at + starts[n]!;
      from = stretch.at;
      if (stretch.kind === 'align') {
        fillWithNops(bytes, at, stretch.growth);
        continue;
      }
      const target = this.#labels[stretch.argument]!;
      const targetGrowth = growthBefore(stretches, starts, target);
      writeJump(bytes, at, stretch, target + targetGrowth);
      from = stretch.at + 2;
    }
    this.#copyPlain(bytes, from, this.#length, starts[stretches.length]!);
    return bytes;
  }

  /** Copies what lies between two draft positions. It is a few bytes: to make a subarray of them would take longer. */
  #copyPlain(bytes: Uint8Array, from: number, to: number, growth: number): void {
    for (let at = from; at < to; at++) bytes[at + growth] = this.#bytes[at]!;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** For each stretch the growth of all before it; one entry more for the end. */
function draftStarts(stretches: readonly Stretch[]): number[] {
  const starts = equalNumbers(stretches.length + 1, 0);
  for (let n = 0; n < stretches.length; n++) starts[n + 1] = starts[n]! + stretches[n]!.growth;
  return starts;
}

/**
 * How much everything before a draft position has grown. A label or instruction at the position of an alignment lies
 * behind it; at the position of a jump, before it.
 */
function growthBefore(stretches: readonly Stretch[], starts: readonly number[], draft: number): number {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const stretch = stretches[middle]!;
    if (stretch.at < draft || (stretch.at === draft && stretch.kind === 'align')) low = middle + 1;
    else high = middle;
  }
  return starts[low]!;
}

function nearGrowth(stretch: Stretch): number {
  const isShortOnly = shortOnly.has(stretch.kind as JumpKind);
  if (isShortOnly)
    throw new Error(`the target of ${stretch.kind} is more than 127 bytes away; use a compare and a jump`);
  const displacement = stretch.mode / 8;
  return (stretch.kind === 'jmp' ? 1 : 2) + displacement - 2;
}

function writeJump(bytes: Uint8Array, at: number, stretch: Stretch, target: number): void {
  const { kind, growth } = stretch;
  const end = at + 2 + growth;
  const distance = target - end;
  if (growth === 0) {
    bytes[at] = typeof kind === 'number' ? 0x70 + kind : kind === 'jmp' ? 0xeb : shortOnly.get(kind as JumpKind)!;
    bytes[at + 1] = distance & 0xff;
    return;
  }
  let place = at;
  if (kind === 'jmp') bytes[place++] = 0xe9;
  else {
    bytes[place++] = 0x0f;
    bytes[place++] = 0x80 + (kind as number);
  }
  for (let shift = 0; place < end; shift += 8) bytes[place++] = (distance >> shift) & 0xff;
}
