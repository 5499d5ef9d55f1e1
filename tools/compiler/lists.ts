/*
 * Tables by number: of the blocks of a function, its values, its registers.
 */

/**
 * So many equal numbers, in a list. Typed arrays lie outside of V8's heap, and to make one takes longer than to use it where
 * there is one for every function: on an average it has 75 values and 40 blocks. For whole numbers of 32 bits alone: as soon
 * as one list holds another, V8 makes all that come from here lists of doubles, and what is read from them objects.
 */
export function equalNumbers(length: number, value: number): number[] {
  return new Array<number>(length).fill(value);
}
