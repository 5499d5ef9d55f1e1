/*
 * The host's end of the link against a model of the agent's, over a line that damages, drops and repeats what it carries:
 * everything arrives exactly once and in order, as long as time goes on.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  FRAME_ACK,
  FRAME_CALL,
  FRAME_HELLO,
  FRAME_NAK,
  FRAME_RET,
  get32,
  nextSeq,
  put32,
} from '../../kernel/abi/wire.ts';
import { FrameDecoder, frameToBytes } from '../../emulator/agent/frames.ts';
import { HostLink } from '../../emulator/agent/link.ts';
import { damage, type Fault, fault } from './faults.ts';

/** The agent, as abi/wire.ts describes it: answers each CALL with a RET of the same contents; keeps no clock. */
class ModelAgent {
  readonly calls: number[] = [];
  readonly #decoder = new FrameDecoder();
  readonly #write: (bytes: Uint8Array) => void;
  readonly #queue: Uint8Array[] = [];
  #expected = 1;
  #outgoing = 1;
  #underway: Uint8Array | null = null;
  #nonce = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  receive(bytes: Uint8Array): void {
    for (const frame of this.#decoder.push(bytes)) {
      if (frame === 'damaged') this.#write(frameToBytes(FRAME_NAK, this.#expected, new Uint8Array(0)));
      else if (frame.type === FRAME_HELLO) this.#hello(get32(frame.payload, 0));
      else if (frame.type === FRAME_ACK && frame.seq === this.#outgoing) this.#acknowledged();
      else if (frame.type === FRAME_NAK && frame.seq === nextSeq(this.#outgoing)) this.#acknowledged();
      else if (frame.type === FRAME_NAK && frame.seq === this.#outgoing && this.#underway !== null) {
        this.#write(this.#underway);
      } else if (frame.type === FRAME_CALL) this.#call(frame.seq, frame.payload);
    }
  }

  #acknowledged(): void {
    if (this.#underway === null) return;
    this.#underway = null;
    this.#outgoing = nextSeq(this.#outgoing);
    this.#next();
  }

  #call(seq: number, payload: Uint8Array): void {
    if (seq === this.#expected || nextSeq(seq) === this.#expected) {
      this.#write(frameToBytes(FRAME_ACK, seq, new Uint8Array(0)));
    }
    if (seq !== this.#expected) return;
    this.#expected = nextSeq(seq);
    this.calls.push(get32(payload, 0));
    this.#queue.push(payload);
    this.#next();
  }

  #hello(nonce: number): void {
    if (nonce !== this.#nonce) {
      this.#nonce = nonce;
      this.#expected = 1;
      this.#outgoing = 1;
      this.#underway = null;
      this.#queue.length = 0;
    }
    const payload = new Uint8Array(36);
    put32(payload, 0, nonce);
    this.#write(frameToBytes(FRAME_HELLO, 0, payload));
  }

  #next(): void {
    const payload = this.#underway === null ? this.#queue.shift() : undefined;
    if (payload === undefined) return;
    this.#underway = frameToBytes(FRAME_RET, this.#outgoing, payload);
    this.#write(this.#underway);
  }
}

/** A line in both directions. Each write meets the next fault; when there are none left, the line is sound. */
class Line {
  readonly agent: ModelAgent;
  readonly host: HostLink;
  readonly returned: number[] = [];
  readonly #toAgent: Uint8Array[] = [];
  readonly #toHost: Uint8Array[] = [];
  readonly #faults: Fault[];

  constructor(faults: readonly Fault[]) {
    this.#faults = [...faults];
    this.agent = new ModelAgent((bytes) => this.#toHost.push(...this.#pass(bytes)));
    this.host = new HostLink(7, {
      write: (bytes) => this.#toAgent.push(...this.#pass(bytes)),
      opened: () => undefined,
      received: (_type, payload) => this.returned.push(get32(payload, 0)),
      restarted: () => undefined,
    });
  }

  #pass(bytes: Uint8Array): Uint8Array[] {
    return damage(bytes, this.#faults.shift() ?? { kind: 'none' });
  }

  /** Carries bytes until there are none left, then lets time pass; so often that every fault has been met. */
  settle(): void {
    for (let rounds = 0; rounds < 2000; rounds++) {
      while (this.#toAgent.length > 0 || this.#toHost.length > 0) {
        for (const bytes of this.#toAgent.splice(0)) this.agent.receive(bytes);
        for (const bytes of this.#toHost.splice(0)) this.host.receive(bytes);
      }
      this.host.tick();
    }
  }
}

function call(number: number, length: number): Uint8Array {
  const payload = new Uint8Array(4 + length).fill(number & 0xff);
  put32(payload, 0, number);
  return payload;
}

test('everything arrives exactly once, in order, whatever the line does', () => {
  fc.assert(
    fc.property(
      fc.array(fault, { maxLength: 80 }),
      fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 12 }),
      (faults, lengths) => {
        const line = new Line(faults);
        line.host.start();
        for (const [number, length] of lengths.entries()) line.host.send(FRAME_CALL, call(number, length));
        line.settle();
        const all = lengths.map((_, number) => number);
        expect(line.agent.calls).toEqual(all);
        expect(line.returned).toEqual(all);
      },
    ),
    { numRuns: 300 },
  );
});

test('over a sound line nothing is repeated, and nobody needs a clock', () => {
  const line = new Line([]);
  const carried: number[] = [];
  const host = new HostLink(1, {
    write: (bytes) => {
      carried.push(bytes.length);
      agent.receive(bytes);
    },
    opened: () => undefined,
    received: () => undefined,
    restarted: () => undefined,
  });
  const agent = new ModelAgent((bytes) => host.receive(bytes));
  host.start();
  for (let number = 0; number < 10; number++) host.send(FRAME_CALL, call(number, 5));
  expect(agent.calls).toHaveLength(10);
  expect(carried).toHaveLength(1 + 10 + 10); // HELLO, the calls, the acknowledgements of their returns
  expect(line.returned).toEqual([]);
});

test('an agent that starts anew gets a new session', () => {
  const events: string[] = [];
  const written: Uint8Array[] = [];
  const host = new HostLink(5, {
    write: (bytes) => written.push(bytes),
    opened: () => events.push('opened'),
    received: () => undefined,
    restarted: () => events.push('restarted'),
  });
  const hello = (nonce: number): Uint8Array => {
    const payload = new Uint8Array(36);
    put32(payload, 0, nonce);
    return frameToBytes(FRAME_HELLO, 0, payload);
  };
  host.start();
  host.receive(hello(4)); // of an earlier session
  expect(host.open).toBe(false);
  host.receive(hello(5));
  expect(host.open).toBe(true);
  host.receive(hello(0));
  expect(host.open).toBe(false);
  host.receive(hello(6));
  expect(host.open).toBe(true);
  expect(events).toEqual(['opened', 'restarted', 'opened']);
  expect(written).toHaveLength(2);
});
