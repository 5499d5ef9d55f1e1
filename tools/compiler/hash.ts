/*
 * Names for contents: 128 bits of hash, as text. Not for secrets; equal names mean equal contents because chance alone
 * would need some 2^64 texts to make two of them the same. Pure JavaScript, so that Node and browsers agree.
 *
 * Four lanes see every character, each mixed in its own way (multiply, rotate, multiply); at the end the lanes are mixed
 * with each other.
 */

export function hashText(text: string): string {
  const hasher = new Hasher();
  hasher.add(text);
  return hasher.name();
}

/** The name of a sequence of texts. Where one ends and the next begins matters. */
export function hashTexts(texts: readonly string[]): string {
  const hasher = new Hasher();
  for (let n = 0; n < texts.length; n++) hasher.add(texts[n]!);
  return hasher.name();
}

/** The same, of texts that come one after the other. */
export class Hasher {
  #a = 0x243f6a88;
  #b = 0x85a308d3 | 0;
  #c = 0x13198a2e;
  #d = 0x03707344;

  /** Takes in the length, and the characters by pairs. */
  add(text: string): void {
    const { length } = text;
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    let pair = length;
    for (let at = 0; ; at += 2) {
      const left = Math.imul(pair, 0xcc9e2d51);
      const right = Math.imul(pair, 0x1b873593);
      // Every sum is brought back to 32 bits: V8 would go on with floating-point numbers, for twice the time.
      a = (Math.imul(rotate(a ^ rotate(left, 15), 13), 5) + 0x561ccd1b) | 0;
      b = (Math.imul(rotate(b ^ rotate(right, 17), 19), 9) + 0x0bcaa747) | 0;
      c = (Math.imul(rotate(c ^ rotate(left, 16) ^ a, 15), 5) + 0x96cd1c35) | 0;
      d = (Math.imul(rotate(d ^ rotate(right, 18) ^ b, 13), 9) + 0x32ac3b17) | 0;
      if (at >= length) break;
      pair = text.charCodeAt(at) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  name(): string {
    const a = finish(this.#a ^ this.#d);
    const b = finish(this.#b ^ a);
    const c = finish(this.#c ^ b);
    const d = finish(this.#d ^ c);
    return hex(finish(a ^ d), b, c, d);
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function finish(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The codes of the digits. */
const digits: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/**
 * 32 digits in one step: V8 would make a tree of strings of what is put together bit by bit, and another string of that when
 * it is looked up.
 */
function hex(a: number, b: number, c: number, d: number): string {
  // prettier-ignore
  return String.fromCharCode(
    digits[a >>> 28]!, digits[(a >>> 24) & 15]!, digits[(a >>> 20) & 15]!, digits[(a >>> 16) & 15]!,
    digits[(a >>> 12) & 15]!, digits[(a >>> 8) & 15]!, digits[(a >>> 4) & 15]!, digits[a & 15]!,
    digits[b >>> 28]!, digits[(b >>> 24) & 15]!, digits[(b >>> 20) & 15]!, digits[(b >>> 16) & 15]!,
    digits[(b >>> 12) & 15]!, digits[(b >>> 8) & 15]!, digits[(b >>> 4) & 15]!, digits[b & 15]!,
    digits[c >>> 28]!, digits[(c >>> 24) & 15]!, digits[(c >>> 20) & 15]!, digits[(c >>> 16) & 15]!,
    digits[(c >>> 12) & 15]!, digits[(c >>> 8) & 15]!, digits[(c >>> 4) & 15]!, digits[c & 15]!,
    digits[d >>> 28]!, digits[(d >>> 24) & 15]!, digits[(d >>> 20) & 15]!, digits[(d >>> 16) & 15]!,
    digits[(d >>> 12) & 15]!, digits[(d >>> 8) & 15]!, digits[(d >>> 4) & 15]!, digits[d & 15]!,
  );
}
