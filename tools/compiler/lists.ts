/*
 * Tables by number: of the blocks of a function, its values, its registers.
 */

/**
 * So many equal numbers, in a list. Typed arrays lie outside of V8's heap, and to make one takes longer than to use it where
 * there is one for every function: on an average it has 75 values and 40 blocks.
 */
export function equalNumbers(length: number, value: number): number[] {
  return new Array<number>(length).fill(value);
}
