/*
 * The client against an agent that says what a real one says, in an order and at a moment of the test's choice.
 */

import { expect, test } from 'vitest';
import { AgentClient } from '../../emulator/agent/client.ts';
import { AgentLost } from '../../emulator/agent/failures.ts';
import { FrameDecoder, frameToBytes } from '../../emulator/agent/frames.ts';
import {
  AGENT_ABI,
  EVENT_GONE,
  EVENT_STARTED,
  FRAME_ACK,
  FRAME_CALL,
  FRAME_EVENT,
  FRAME_HELLO,
  FRAME_RET,
  get32,
  HELLO_SIZE,
  put32,
  RET_DONE,
} from '../../kernel/abi/wire.ts';

const PID = 77;
const SLOT = 3;

function words(...items: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * items.length);
  items.forEach((item, at) => put32(bytes, 4 * at, item));
  return bytes;
}

/** Answers a HELLO, acknowledges each CALL, and gives what `answers` says for it: frames, in one piece. */
class Script {
  readonly frames: number[] = [];
  readonly #decoder = new FrameDecoder();
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #seq = 0;

  connect(answers: (id: number) => readonly (readonly [number, Uint8Array])[]): Promise<AgentClient> {
    const take = (type: number, seq: number, payload: Uint8Array): void => {
      this.frames.push(type);
      if (type === FRAME_HELLO) this.say(FRAME_HELLO, 0, words(get32(payload, 0), AGENT_ABI, 1));
      if (type !== FRAME_CALL) return;
      this.say(FRAME_ACK, seq, new Uint8Array(0));
      const all = answers(get32(payload, 0)).map(([kind, body]) => frameToBytes(kind, ++this.#seq, body));
      this.#controller.enqueue(Buffer.concat(all));
    };
    return AgentClient.connect({
      readable: new ReadableStream({ start: (controller) => void (this.#controller = controller) }),
      writable: new WritableStream({
        write: (bytes) => {
          for (const frame of this.#decoder.push(bytes)) {
            if (frame !== 'damaged') take(frame.type, frame.seq, frame.payload);
          }
        },
      }),
    });
  }

  say(type: number, seq: number, payload: Uint8Array): void {
    const whole = type === FRAME_HELLO ? Buffer.concat([payload, Buffer.alloc(HELLO_SIZE)], HELLO_SIZE) : payload;
    this.#controller.enqueue(frameToBytes(type, seq, whole));
  }

  end(): void {
    this.#controller.close();
  }
}

const started = [FRAME_EVENT, words(EVENT_STARTED | (SLOT << 8) | 0xff0000, PID, 0)] as const;
const gone = [FRAME_EVENT, words(EVENT_GONE | (SLOT << 8) | 0xff0000, PID, 0)] as const;
const spawned = (id: number) => [FRAME_RET, words(id, RET_DONE, PID)] as const;

/** What a promise has come to when all that was said has been heard. */
async function settled<T>(promise: Promise<T>): Promise<T | 'pending'> {
  const later = new Promise<'pending'>((resolve) => void setTimeout(() => resolve('pending'), 50));
  return Promise.race([promise, later]);
}

test('a process that is gone before anybody could look at it has been spawned', async () => {
  const client = await new Script().connect((id) => [started, spawned(id), gone]);
  expect(await settled(client.spawn())).toMatchObject({ pid: PID, alive: false });
});

test('who waits for a process to start hears that the line is closed', async () => {
  const agent = new Script();
  const client = await agent.connect((id) => [spawned(id)]);
  const spawning = client.spawn();
  expect(await settled(spawning)).toBe('pending');
  agent.end();
  await expect(settled(spawning)).rejects.toThrow(AgentLost);
  await expect(settled(client.spawn())).rejects.toThrow(AgentLost);
});

test('a client that has lost its agent leaves the line alone', async () => {
  const agent = new Script();
  const client = await agent.connect(() => []);
  client.abandon('enough');
  const said = agent.frames.length;
  agent.say(FRAME_HELLO, 0, words(0));
  agent.say(FRAME_EVENT, 1, started[1]);
  await settled(new Promise(() => undefined));
  expect(agent.frames.length).toBe(said);
});

test('frames that are too short to be what they say do no harm', async () => {
  const agent = new Script();
  const client = await agent.connect((id) => [
    [FRAME_RET, words(id)],
    [FRAME_EVENT, words(EVENT_STARTED)],
    started,
    spawned(id),
  ]);
  expect(await settled(client.spawn())).toMatchObject({ pid: PID, alive: true });
});
