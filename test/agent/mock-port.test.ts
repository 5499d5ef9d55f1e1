/*
 * Frames over @serialport/stream, with the mock binding as the port: what one end writes comes back as the frames that it
 * was, however the stream cuts it into pieces.
 */
import { MockBinding } from '@serialport/binding-mock';
import { SerialPortStream } from '@serialport/stream';
import { afterEach, expect, test } from 'vitest';
import { FrameDecoder, frameToBytes, type Frame } from '../../emulator/agent/frames.ts';
import { FRAME_CALL, FRAME_RET, MAX_PAYLOAD } from '../../kernel/abi/wire.ts';

const PATH = '/dev/mock';

afterEach(() => MockBinding.reset());

/** A port that gives back whatever is written to it. */
async function openEcho(highWaterMark: number): Promise<SerialPortStream> {
  MockBinding.createPort(PATH, { echo: true });
  const port = new SerialPortStream({
    binding: MockBinding,
    path: PATH,
    baudRate: 115200,
    autoOpen: false,
    highWaterMark,
  });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error === null ? resolve() : reject(error)));
  });
  return port;
}

/** Collects decoded frames until `count` have come. */
function receive(port: SerialPortStream, count: number): Promise<(Frame | 'damaged')[]> {
  const decoder = new FrameDecoder();
  const frames: (Frame | 'damaged')[] = [];
  return new Promise((resolve) => {
    port.on('data', (bytes: Uint8Array) => {
      frames.push(...decoder.push(bytes));
      if (frames.length >= count) resolve(frames);
    });
  });
}

test.each([16, 100, 65536])('frames survive a stream that reads %i bytes at a time', async (highWaterMark) => {
  const port = await openEcho(highWaterMark);
  const payloads = [0, 1, 254, 255, MAX_PAYLOAD].map((length) => Uint8Array.from({ length }, (_, i) => i % 251));
  const received = receive(port, payloads.length);
  for (const [seq, payload] of payloads.entries()) port.write(frameToBytes(FRAME_CALL, seq, payload));
  expect(await received).toEqual(payloads.map((payload, seq) => ({ type: FRAME_CALL, seq, payload })));
  port.close();
});

test('noise between frames costs nothing but itself', async () => {
  const port = await openEcho(64);
  const payload = Uint8Array.of(0, 1, 0, 2);
  const received = receive(port, 3);
  port.write(frameToBytes(FRAME_RET, 1, payload));
  port.write(Uint8Array.of(0x55, 0xaa, 0xff, 0x01));
  port.write(frameToBytes(FRAME_RET, 2, payload));
  const frames = await received;
  expect(frames.filter((frame) => frame !== 'damaged')).toEqual([
    { type: FRAME_RET, seq: 1, payload },
    { type: FRAME_RET, seq: 2, payload },
  ]);
  expect(frames).toContain('damaged');
  port.close();
});
