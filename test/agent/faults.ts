/*
 * What a bad line does to what is written to it.
 */

import fc from 'fast-check';

export type Fault =
  | { readonly kind: 'none' | 'lose' | 'repeat' }
  /** Bytes come in front. */
  | { readonly kind: 'noise'; readonly bytes: Uint8Array }
  /** The end is cut off, from this fraction (of 256) of the length on. */
  | { readonly kind: 'cut'; readonly at: number }
  /** A bit flips, at this fraction of the length. */
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number };

const fraction = fc.integer({ min: 0, max: 255 });

export const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fault>({ kind: 'none' }) },
  fc.constant<Fault>({ kind: 'lose' }),
  fc.constant<Fault>({ kind: 'repeat' }),
  fc.record({ kind: fc.constant('noise' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: fraction }),
  fc.record({ kind: fc.constant('flip' as const), at: fraction, bit: fc.integer({ min: 0, max: 7 }) }),
);

/** What arrives of `bytes`. */
export function damage(bytes: Uint8Array, fault: Fault): Uint8Array[] {
  switch (fault.kind) {
    case 'none':
      return [bytes];
    case 'lose':
      return [];
    case 'repeat':
      return [bytes, bytes];
    case 'noise':
      return [fault.bytes, bytes];
    case 'cut':
      return [bytes.subarray(0, (bytes.length * fault.at) >> 8)];
    case 'flip': {
      const flipped = Uint8Array.from(bytes);
      flipped[(bytes.length * fault.at) >> 8]! ^= 1 << fault.bit;
      return [flipped];
    }
  }
}
