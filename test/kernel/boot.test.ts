/*
 * The kernel as a whole: it boots, runs commands, tells their status, and does so the same way each time.
 */
import { expect, test } from 'vitest';
import { createGuest, replayCommand, runAndHash, runGuest } from '../support/guest.ts';

test('a pipeline runs, and its output is all there is on the console', async () => {
  const run = await runGuest({ exec: ['echo a b | cat'] });
  expect(run.output).toBe('a b\n');
  expect(run.status).toBe(0);
});

test.each([
  ['true', 0],
  ['false', 1],
  ['sh -c "exit 42"', 42],
  ['/no/such/program', 127],
  ['echo x > /not-executable; /not-executable', 126],
  ['sh -c "kill -9 \\$\\$"', 128 + 9],
])('the status of %s is %i', async (command, status) => {
  const options = { exec: ['true', command] };
  const run = await runGuest(options);
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(status);
});

test('long commands come whole, and so do those behind them', async () => {
  const run = await runGuest({ exec: [`echo ${'x'.repeat(50_000)}`, 'echo second; exit 3'] });
  expect(run.output).toBe(`${'x'.repeat(50_000)}\nsecond\n`);
  expect(run.status).toBe(3);
});

test('the same run twice is the same to the last bit, compiled or interpreted', async () => {
  const options = { exec: ['ls -l /bin; ps; free', 'torture --iterations 2'], seed: 7 };
  const first = await runAndHash(options);
  const second = await runAndHash(options);
  const exact = await runAndHash({ ...options, mode: 'exact' });
  expect(second).toEqual(first);
  expect(exact).toEqual(first);
});

test('the prompt appears within 5 million instructions', async () => {
  const machine = await createGuest();
  try {
    const result = machine.runSync({ untilOutput: { port: 0, pattern: 'pagewright:/# ' }, instructions: 5_000_000 });
    expect(result.reason).toBe('output');
  } finally {
    await machine.destroy();
  }
});

test('8 MB of memory are enough', async () => {
  const options = { memoryBytes: 8 << 20, exec: ['ls /bin | wc', 'free', 'torture --iterations 2'] };
  const run = await runGuest(options);
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(0);
});

test('what does not fit into memory is told, and the run fails', async () => {
  const files = new Map([['/tmp/large', new Uint8Array(2_600_000)]]);
  const run = await runGuest({ memoryBytes: 8 << 20, files, exec: ['echo so what'] });
  expect(run.output).toMatch(/module 2 is not unpacked: error 28, it needs more memory\r?\ninit: \/etc\/exec is empty/);
  expect(run.status).toBe(1);
});
