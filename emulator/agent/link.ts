/*
 * The host's end of the link: numbers, acknowledgements and recovery, as abi/wire.ts describes them. A state machine
 * without I/O: bytes and ticks go in, bytes and payloads come out through two callbacks.
 *
 * Recovery lives in `tick`, which repeats whatever has not been acknowledged and asks for what has not come. Who calls
 * it, and by which clock, is the owner's affair: over a reliable line nobody needs to.
 */

import { FRAME_ACK, FRAME_HELLO, FRAME_NAK, FRAME_PANIC, isNumbered, nextSeq, put32 } from '../../kernel/abi/wire.ts';
import { FrameDecoder, frameToBytes, type Frame } from './frames.ts';

export interface LinkEvents {
  /** Puts bytes on the line. */
  readonly write: (bytes: Uint8Array) => void;
  /** The session is open; `payload` is the agent's HELLO. */
  readonly opened: (payload: Uint8Array) => void;
  /** A RET, EVENT or PANIC of this session, each exactly once and in order. */
  readonly received: (type: number, payload: Uint8Array) => void;
  /** The agent has started anew: what was under way is lost. A new session is being opened. */
  readonly restarted: () => void;
}

/** Ticks without a word after which repeating begins anew. */
const LONGEST_SILENCE = 128;

export class HostLink {
  readonly #events: LinkEvents;
  readonly #decoder = new FrameDecoder();
  /** Frames that wait for their turn. */
  readonly #queue: { type: number; payload: Uint8Array }[] = [];
  #nonce: number;
  #open = false;
  #expected = 1;
  #outgoing = 1;
  /** The frame under way, as it stands on the line. */
  #underway: Uint8Array | null = null;
  #complained = false;
  /** Ticks since the agent was last heard of. */
  #silence = 0;

  /** `nonce` tells this session from earlier ones with the same agent; it must not be 0. */
  constructor(nonce: number, events: LinkEvents) {
    this.#nonce = nonce;
    this.#events = events;
  }

  /** Is there a session? */
  get open(): boolean {
    return this.#open;
  }

  /** Asks for a session. */
  start(): void {
    this.#sendHello();
  }

  /** Sends a numbered frame, at once or in its turn. */
  send(type: number, payload: Uint8Array): void {
    this.#queue.push({ type, payload });
    this.#sendNext();
  }

  /** Takes bytes from the line. */
  receive(bytes: Uint8Array): void {
    for (const frame of this.#decoder.push(bytes)) {
      if (frame !== 'damaged') this.#take(frame);
      else this.#complain();
    }
  }

  /**
   * Time has passed in which an answer could have come: repeats and asks, harmlessly at any moment. While nothing is heard,
   * it does so at ever longer intervals: the line may be slower than the clock, and more of the same would not help.
   */
  tick(): void {
    this.#silence = (this.#silence % LONGEST_SILENCE) + 1;
    if (!Number.isInteger(Math.log2(this.#silence))) return;
    if (!this.#open) this.#sendHello();
    else if (this.#underway !== null) this.#events.write(this.#underway);
    if (this.#open) this.#sendShort(FRAME_NAK, this.#expected);
  }

  #take(frame: Frame): void {
    this.#complained = false;
    this.#silence = 0;
    if (frame.type === FRAME_HELLO) {
      this.#takeHello(frame.payload);
      return;
    }
    if (!this.#open) return;
    if (frame.type === FRAME_ACK) {
      if (frame.seq === this.#outgoing) this.#acknowledged();
    } else if (frame.type === FRAME_NAK) {
      if (frame.seq === nextSeq(this.#outgoing)) this.#acknowledged();
      else if (frame.seq === this.#outgoing && this.#underway !== null) this.#events.write(this.#underway);
    } else if (frame.type === FRAME_PANIC) {
      this.#events.received(frame.type, frame.payload);
    } else if (isNumbered(frame.type)) {
      this.#takeNumbered(frame);
    }
  }

  /** The frame under way, if there is one, has arrived: it is the next one's turn. */
  #acknowledged(): void {
    if (this.#underway === null) return;
    this.#underway = null;
    this.#outgoing = nextSeq(this.#outgoing);
    this.#sendNext();
  }

  #takeNumbered(frame: Frame): void {
    if (frame.seq === this.#expected) {
      this.#expected = nextSeq(frame.seq);
      this.#sendShort(FRAME_ACK, frame.seq);
      this.#events.received(frame.type, frame.payload);
    } else if (nextSeq(frame.seq) === this.#expected) {
      this.#sendShort(FRAME_ACK, frame.seq);
    }
  }

  /** An answer to this session's HELLO, a repetition of it, or the voice of an agent that has just started. */
  #takeHello(payload: Uint8Array): void {
    if (payload.length < 4) return;
    const nonce = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
    if (nonce === this.#nonce) {
      if (this.#open) return;
      this.#open = true;
      this.#events.opened(payload);
      this.#sendNext();
    } else if (nonce === 0) {
      if (this.#open) this.#restart();
      this.#sendHello();
    }
  }

  #restart(): void {
    this.#open = false;
    this.#queue.length = 0;
    this.#underway = null;
    this.#expected = 1;
    this.#outgoing = 1;
    this.#nonce = (this.#nonce % 0xffffffff) + 1;
    this.#events.restarted();
  }

  #sendNext(): void {
    if (!this.#open || this.#underway !== null) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#underway = frameToBytes(next.type, this.#outgoing, next.payload);
    this.#events.write(this.#underway);
  }

  #complain(): void {
    if (this.#open && !this.#complained) this.#sendShort(FRAME_NAK, this.#expected);
    this.#complained = true;
  }

  #sendHello(): void {
    const payload = new Uint8Array(4);
    put32(payload, 0, this.#nonce);
    this.#events.write(frameToBytes(FRAME_HELLO, 0, payload));
  }

  #sendShort(type: number, seq: number): void {
    this.#events.write(frameToBytes(type, seq, new Uint8Array(0)));
  }
}
