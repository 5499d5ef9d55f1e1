/*
 * Which names a text mentions: those that are words of it, as a regular expression finds words.
 */
import { describe, expect, it } from 'vitest';
import { Mentions, type Spans } from '../../tools/compiler/incremental/mentions.ts';

const words = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

function mentioned(text: string, names: readonly string[], spans: Spans = [0, text.length]): string[] {
  return new Mentions(text, names).within(spans).map((number) => names[number]!);
}

describe('words', () => {
  const texts = [
    '',
    'a',
    'const a1 = b$c + _d; // a1',
    '0x1F 12ab 1_000 3n',
    '/** @releasedBy unlock */ /** @releasedBy\u00a0free */ `${x}y`',
    'é café élan naïve',
    '𝒳 a𝒳 𝒳b a1𝒳2 b',
    'foo😀 😀bar —baz— qu\u2028ux',
    '٣ a٣ ٣b',
  ];

  it.each(texts)('of %j are those that a regular expression finds', (text) => {
    const all = [...new Set(text.match(words) ?? [])];
    expect(mentioned(text, all)).toEqual(all);
    expect(mentioned(text, all.toReversed())).toEqual(all);
  });

  it('are no parts of words', () => {
    expect(mentioned('abc xabc abcx a.bc $abc', ['a', 'ab', 'bc', 'b'])).toEqual(['a', 'bc']);
  });

  it('are told apart although they have the same hash', () => {
    const names = ['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB'];
    expect(mentioned('BBBB AaBB BB BBAa', names)).toEqual(['BBBB', 'AaBB', 'BB']);
  });
});

describe('stretches of a text', () => {
  const text = 'one two { three one } four two';
  const names = ['one', 'two', 'three', 'four'];

  it('mention what is in them, each once, in the order of the text', () => {
    expect(mentioned(text, names)).toEqual(['one', 'two', 'three', 'four']);
    expect(mentioned(text, names, [10, 20])).toEqual(['three', 'one']);
    expect(mentioned(text, names, [4, 8, 21, 30])).toEqual(['two', 'four']);
    expect(mentioned(text, names, [7, 9])).toEqual([]);
  });

  it('do not know of each other', () => {
    const mentions = new Mentions(text, names);
    expect(mentions.within([0, 3])).toEqual([0]);
    expect(mentions.within([0, 3])).toEqual([0]);
    expect(mentions.within([0, text.length])).toEqual([0, 1, 2, 3]);
  });
});
