/*
 * Tables by number: of the blocks of a function, its values, its registers.
 */

/**
 * So many equal numbers, in a list. Typed arrays lie outside of V8's heap, and to make one takes longer than to use it where
 * there is one for every function: half of the functions have less than fifty values.
 */
export function equalNumbers(length: number, value: number): number[] {
  return new Array<number>(length).fill(value);
}
