/*
 * Frames on the host: the codec of abi/wire.ts over Uint8Arrays, and a decoder that picks frames out of a stream.
 */

import {
  decodeFrame,
  encodeFrame,
  FRAME_DAMAGED,
  FRAME_HEADER,
  get16,
  MAX_FRAME,
  MAX_PAYLOAD,
  MAX_PLAIN,
} from '../../kernel/abi/wire.ts';

export interface Frame {
  readonly type: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

/** The frame's form on the line. */
export function frameToBytes(type: number, seq: number, payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_PAYLOAD) throw new RangeError(`a payload of ${payload.length} bytes: ${MAX_PAYLOAD} fit`);
  const plain = new Uint8Array(MAX_PLAIN);
  const line = new Uint8Array(MAX_FRAME);
  plain.set(payload, FRAME_HEADER);
  return line.slice(0, encodeFrame(plain, type, seq, payload.length, line));
}

/** Picks frames out of a stream of bytes. Whatever lies between two zeros and is no frame is damage. */
export class FrameDecoder {
  readonly #gathered = new Uint8Array(MAX_FRAME);
  #length = 0;
  /** More came without a zero than any frame has. */
  #overrun = false;

  /** Takes the next bytes of the stream; gives the frames that they complete, `'damaged'` for each that is none. */
  push(bytes: Uint8Array): (Frame | 'damaged')[] {
    const frames: (Frame | 'damaged')[] = [];
    for (const byte of bytes) {
      if (byte !== 0) {
        if (this.#length < MAX_FRAME) this.#gathered[this.#length++] = byte;
        else this.#overrun = true;
        continue;
      }
      if (this.#overrun) frames.push('damaged');
      else if (this.#length > 0) frames.push(this.#frame());
      this.#length = 0;
      this.#overrun = false;
    }
    return frames;
  }

  #frame(): Frame | 'damaged' {
    const data = this.#gathered;
    const length = decodeFrame(data, this.#length);
    if (length === FRAME_DAMAGED) return 'damaged';
    return { type: data[1]!, seq: get16(data, 2), payload: data.slice(FRAME_HEADER, FRAME_HEADER + length) };
  }
}
