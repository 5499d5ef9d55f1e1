/*
 * The codec of the wire protocol: every frame comes back as it was, and no damage to the line costs more than the
 * frames that it touches.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cobsBound, cobsDecode, cobsEncode } from '../../kernel/abi/cobs.ts';
import { crc32 } from '../../kernel/abi/crc32.ts';
import { MAX_FRAME, MAX_PAYLOAD, MAX_PLAIN, nextSeq } from '../../kernel/abi/wire.ts';
import { type Frame, FrameDecoder, frameToBytes } from '../../emulator/agent/frames.ts';

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.uint8Array({ minLength: MAX_PAYLOAD - 2, maxLength: MAX_PAYLOAD }),
  fc.integer({ min: 0, max: MAX_PAYLOAD }).map((length) => new Uint8Array(length)),
  fc.integer({ min: 0, max: MAX_PAYLOAD }).map((length) => new Uint8Array(length).fill(0xff)),
);
const frame = fc.record({
  type: fc.integer({ min: 1, max: 7 }),
  seq: fc.integer({ min: 0, max: 0xffff }),
  payload,
});

function onLine({ type, seq, payload }: Frame): Uint8Array {
  return frameToBytes(type, seq, payload);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Feeds `bytes` in pieces that end at `cuts`. */
function decode(bytes: Uint8Array, cuts: readonly number[] = []): (Frame | 'damaged')[] {
  const decoder = new FrameDecoder();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.flatMap((end, index) => decoder.push(bytes.subarray(ends[index - 1] ?? 0, end)));
}

function good(frames: readonly (Frame | 'damaged')[]): Frame[] {
  return frames.filter((item) => item !== 'damaged');
}

describe('crc32', () => {
  it('has the check value of the catalogue', () => {
    expect(crc32(new TextEncoder().encode('123456789'), 0, 9)).toBe(0xcbf43926);
  });

  it('covers the part that it is told', () => {
    expect(crc32(new TextEncoder().encode('xx123456789yy'), 2, 9)).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0), 0, 0)).toBe(0);
  });
});

describe('cobs', () => {
  it.each([
    [[], [1]],
    [[0], [1, 1]],
    [
      [0x11, 0x22, 0, 0x33],
      [3, 0x11, 0x22, 2, 0x33],
    ],
    [
      [0x11, 0, 0, 0],
      [2, 0x11, 1, 1, 1],
    ],
  ])('codes %j as %j', (plain, coded) => {
    const target = new Uint8Array(cobsBound(plain.length));
    const end = cobsEncode(Uint8Array.from(plain), plain.length, target, 0);
    expect([...target.subarray(0, end)]).toEqual(coded);
  });

  it('comes back, has no zero, and keeps to its bound', () => {
    fc.assert(
      fc.property(payload, (plain) => {
        const coded = new Uint8Array(cobsBound(plain.length));
        const end = cobsEncode(plain, plain.length, coded, 0);
        expect(end).toBeLessThanOrEqual(coded.length);
        expect(coded.subarray(0, end)).not.toContain(0);
        const length = cobsDecode(coded, end);
        expect(coded.subarray(0, length)).toEqual(plain);
      }),
    );
  });

  it('gives the size that the protocol reserves for a frame', () => {
    expect(MAX_FRAME).toBe(cobsBound(MAX_PLAIN) + 2);
  });
});

describe('frames', () => {
  it('come back, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat()), (frames, cuts) => {
        expect(decode(join(frames.map(onLine)), cuts)).toEqual(frames);
      }),
    );
  });

  it('survive noise before, between and behind them', () => {
    const noise = fc.uint8Array({ maxLength: 5000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, frame), { maxLength: 4 }), noise, (parts, last) => {
        const line = join([...parts.flatMap(([before, item]) => [before, onLine(item)]), last]);
        expect(good(decode(line))).toEqual(parts.map(([, item]) => item));
      }),
    );
  });

  it('are lost alone when they are cut short', () => {
    fc.assert(
      fc.property(frame, frame, fc.nat(), (cut, whole, at) => {
        const line = onLine(cut);
        const kept = 1 + (at % (line.length - 2));
        expect(good(decode(join([line.subarray(0, kept), onLine(whole)])))).toEqual([whole]);
      }),
    );
  });

  it('are not mistaken for others when a bit flips', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 0, max: 7 }), (item, at, bit) => {
        const line = onLine(item);
        line[1 + (at % (line.length - 2))]! ^= 1 << bit;
        expect(good(decode(line))).toEqual([]);
      }),
    );
  });

  it('are refused beyond the largest payload', () => {
    expect(() => frameToBytes(2, 1, new Uint8Array(MAX_PAYLOAD + 1))).toThrow(RangeError);
  });
});

describe('numbers', () => {
  it('wrap without 0', () => {
    expect(nextSeq(1)).toBe(2);
    expect(nextSeq(0xffff)).toBe(1);
  });
});
