/*
 * The agent itself, as a process of the host's Linux and in the guest, over lines that lie, and with hosts that vanish.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { AgentClient, type ClientOptions } from '../../emulator/agent/client.ts';
import { output, words } from '../../emulator/agent/arguments.ts';
import { decodeWords } from '../../emulator/agent/records.ts';
import { RLIMIT_NOFILE, RLIMIT_NPROC } from '../../kernel/abi/resource.ts';
import { Errno } from '../../emulator/agent/errno.ts';
import { AgentLost, AgentRefusal, ProcessGone } from '../../emulator/agent/failures.ts';
import { frameToBytes } from '../../emulator/agent/frames.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { fromLine, type Line } from '../../emulator/agent/transport.ts';
import { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import { FRAME_CALL, MAX_PAYLOAD, SLOTS } from '../../kernel/abi/wire.ts';
import { createGuest } from '../support/guest.ts';
import { Driver } from '../syscall/support/driver.ts';
import { damage, type Fault, fault } from './faults.ts';

/** Milliseconds after which the link repeats: a pipe is fast, the guest's serial line is not. */
const LOCAL_TICK = 5;
const GUEST_TICK = 50;

interface AgentLine extends Line {
  close(): Promise<void>;
}

/** The agent as a process of this Linux. */
class LocalAgent implements AgentLine {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly #listeners = new Set<(bytes: Uint8Array) => void>();

  constructor() {
    this.child = spawn(join(inject('imageFolder'), 'bin', 'agent'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
    this.child.stdin!.on('error', () => undefined); // it may be gone before it has read everything
    this.child.stdout!.on('data', (bytes: Uint8Array) => {
      for (const listener of this.#listeners) listener(bytes);
    });
  }

  onOutput(listener: (bytes: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  send(bytes: Uint8Array): void {
    this.child.stdin!.write(bytes);
  }

  async close(): Promise<void> {
    this.child.stdin!.end();
    await this.ended;
  }
}

/** The agent in the guest, on its serial line. */
async function guestAgent(): Promise<AgentLine> {
  const guest = await createGuest();
  const driver = new Driver(guest);
  const ended = driver.run();
  const port = guest.serial(1);
  return {
    onOutput: (listener) => port.onOutput(listener),
    send: (bytes) => port.send(bytes),
    async close() {
      driver.stop();
      await ended;
      await guest.destroy();
    },
  };
}

/** Each write in either direction meets the next fault; when there are none left, the line is sound. */
function faulty(line: Line, toAgent: readonly Fault[], toHost: readonly Fault[]): Line {
  const [sent, received] = [[...toAgent], [...toHost]];
  const next = (faults: Fault[]): Fault => faults.shift() ?? { kind: 'none' };
  return {
    onOutput: (listener) => line.onOutput((bytes) => damage(bytes, next(received)).forEach(listener)),
    send: (bytes) => damage(bytes, next(sent)).forEach((part) => line.send(part)),
  };
}

const open: AgentLine[] = [];

afterEach(async () => {
  for (const line of open.splice(0)) await line.close();
});

function opened<T extends AgentLine>(line: T): T {
  open.push(line);
  return line;
}

function connect(line: Line, options: ClientOptions = {}): Promise<AgentClient> {
  return AgentClient.connect(fromLine(line), options);
}

const runs32Bit = spawnSync(join(inject('imageFolder'), 'bin', 'true')).status === 0;

/** Runs `body` with the agent on this Linux and with the one in the guest. */
function eachAgent(name: string, body: (line: AgentLine, local: boolean) => Promise<void>): void {
  test.runIf(runs32Bit)(`${name}, on Linux`, () => body(opened(new LocalAgent()), true));
  test(`${name}, in the guest`, async () => body(opened(await guestAgent()), false));
}

describe('over a bad line', () => {
  /** Appends bytes one by one, and reads back what came of it: each must be there once. */
  async function appendAll(client: AgentClient, path: string, count: number): Promise<string> {
    const proc = await client.spawn();
    const fd = await proc.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600);
    for (let i = 0; i < count; i++) expect(await proc.write(fd, String.fromCharCode(97 + i))).toBe(1);
    const all = await proc.readAll(await proc.open(path, O_RDONLY));
    await proc.unlink(path);
    await proc.exit(0);
    return all;
  }

  test.runIf(runs32Bit)('each call is made exactly once, on Linux', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'agent-'));
    const faults = fc.array(fault, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(faults, faults, async (toAgent, toHost) => {
        const line = opened(new LocalAgent());
        const client = await connect(faulty(line, toAgent, toHost), { tickMilliseconds: LOCAL_TICK });
        expect(await appendAll(client, join(folder, 'file'), 12)).toBe('abcdefghijkl');
        client.abandon('done');
        await open.pop()!.close();
      }),
      { numRuns: 20 },
    );
    rmSync(folder, { recursive: true });
  });

  test('each call is made exactly once, in the guest', async () => {
    const line = opened(await guestAgent());
    const [toAgent, toHost] = fc.sample(fc.array(fault, { minLength: 60, maxLength: 60 }), { numRuns: 2, seed: 4711 });
    const client = await connect(faulty(line, toAgent!, toHost!), { tickMilliseconds: GUEST_TICK });
    expect(await appendAll(client, '/tmp/file', 12)).toBe('abcdefghijkl');
  });

  eachAgent('noise before the first word does not matter', async (line) => {
    for (let i = 0; i < 20; i++) line.send(new Uint8Array(1000).map((_, at) => (at * 37 + i * 11) & 0xff));
    const client = await connect(line);
    const proc = await client.spawn();
    expect(await proc.getpid()).toBe(proc.pid);
  });
});

/** The state of a process, a letter, as `proc` sees it. A zombie (Z) waits for its new parent. */
async function stateOf(proc: Process, pid: number): Promise<string> {
  try {
    const fd = await proc.open(`/proc/${pid}/stat`, O_RDONLY);
    return /\) (\w)/.exec(await proc.readText(fd))![1]!;
  } catch (error) {
    if (error instanceof Errno) return 'gone';
    throw error;
  }
}

describe('a host that vanishes', () => {
  eachAgent('in the middle of a frame leaves room for another, time after time', async (line, local) => {
    let host = await connect(line, { nonce: 1 });
    for (let nonce = 2; nonce < (local ? 30 : 4); nonce++) {
      const proc = await host.spawn();
      const [readEnd] = await proc.pipe();
      const blocked = proc.read(readEnd, 1);
      const child = await (await host.spawn()).fork();
      line.send(frameToBytes(FRAME_CALL, 5, new Uint8Array(500)).subarray(0, 100));
      host.abandon('vanished');
      await expect(blocked).rejects.toThrow(AgentLost);
      await expect(proc.getpid()).rejects.toThrow(AgentLost);
      host = await connect(line, { nonce });
      const other = await host.spawn();
      expect(await other.getpid()).toBe(other.pid);
      for (const pid of [proc.pid, child.pid]) {
        await expect.poll(() => stateOf(other, pid)).toMatch(/^(gone|Z)$/); // it is dying
      }
    }
  });

  test.runIf(runs32Bit)('for good takes the agent and its processes along', async () => {
    const line = opened(new LocalAgent());
    const client = await connect(line);
    const pids = [(await client.spawn()).pid, (await (await client.spawn()).fork()).pid];
    await line.close();
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });
});

/** A zombie is not. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

describe('the agent', () => {
  eachAgent('has room for so many processes, and says when there is none left', async (line) => {
    const client = await connect(line);
    const all = await Promise.all(Array.from({ length: SLOTS }, () => client.spawn()));
    expect(new Set(all.map(({ pid }) => pid)).size).toBe(SLOTS);
    await expect(client.spawn()).rejects.toThrow(AgentRefusal);
    await expect(all[0]!.fork()).rejects.toThrow(AgentRefusal);
    await all[3]!.kill(9);
    await all[3]!.exited;
    const again = await client.spawn();
    expect(await again.getpid()).toBe(again.pid);
  });

  eachAgent('makes calls of different processes overlap', async (line) => {
    const client = await connect(line);
    const first = await client.spawn();
    const [readEnd, writeEnd] = await first.pipe();
    const readers = [await first.fork(), await first.fork(), await first.fork()];
    const reading = readers.map((reader) => reader.readText(readEnd, 1));
    for (const letter of 'abc') await first.write(writeEnd, letter);
    expect((await Promise.all(reading)).sort()).toEqual(['a', 'b', 'c']);
  });

  eachAgent('refuses a second call to a process that is in one', async (line) => {
    const client = await connect(line);
    const proc = await client.spawn();
    const [readEnd] = await proc.pipe();
    const blocked = proc.read(readEnd, 1);
    await expect(proc.getpid()).rejects.toThrow(AgentRefusal);
    await proc.kill(9);
    await expect(blocked).rejects.toThrow(ProcessGone);
    await expect(proc.getpid()).rejects.toThrow(ProcessGone);
  });

  eachAgent('carries as much as a frame holds', async (line) => {
    const client = await connect(line);
    const proc = await client.spawn();
    const address = await proc.mmap({ length: 4 * MAX_PAYLOAD });
    const data = new Uint8Array(3 * MAX_PAYLOAD).map((_, at) => (at * 7) & 0xff);
    await proc.poke(address + 5, data);
    expect(await proc.peek(address + 5, data.length)).toEqual(data);
  });

  eachAgent('tells when a process is gone: killed, exited, or another program', async (line) => {
    const client = await connect(line);
    const killed = await client.spawn();
    await killed.kill(9);
    expect(await killed.exited).toEqual({ kind: 'killed', signal: 9, core: false });
    const ended = await client.spawn();
    await ended.exit(3);
    expect(await ended.exited).toEqual({ kind: 'exited', code: 3 });
    const other = await client.spawn();
    await other.exec('/bin/sh', ['sh', '-c', 'exit 4']);
    expect(other.alive).toBe(false);
    expect(await other.exited).toEqual({ kind: 'exited', code: 4 });
  });
});

describe('descriptors are few', () => {
  eachAgent('a child is a process like others', async (line, local) => {
    const client = await connect(line);
    const parent = await client.spawn();
    const limits = await parent.run('getrlimit', RLIMIT_NOFILE, output(8));
    const [, hard] = decodeWords(limits.outputs[0]!);
    for (const few of [words(64, hard!), words(3, local ? hard! : 3)]) {
      await parent.run('setrlimit', RLIMIT_NOFILE, few);
      const child = await parent.fork();
      const inherited = await child.run('getrlimit', RLIMIT_NOFILE, output(8));
      expect(inherited.outputs[0]).toEqual(few.input);
      expect(child.alive).toBe(true);
      await child.kill(9);
      await child.gone;
      await parent.wait();
    }
  });
});

test('where no more processes may be made, those that are there are told to be gone, and leave room', async () => {
  const line = opened(await guestAgent());
  const client = await connect(line, { nonce: 1 });
  const parent = await client.spawn();
  await parent.run('setuid', 1000);
  for (const most of [2, 3]) {
    await parent.run('setrlimit', RLIMIT_NPROC, words(most, 3));
    const child = await parent.fork(); // and there is no room for a third who would watch it
    expect(await child.getpid()).toBe(child.pid);
    await child.exit(0);
    expect(child.alive).toBe(false);
    await parent.wait();
  }
  await parent.fork();
  client.abandon('vanished'); // the child is killed now, and nobody hears of it
  const next = await connect(line, { nonce: 2, tickMilliseconds: GUEST_TICK });
  const other = await next.spawn();
  expect(await other.getpid()).toBe(other.pid);
});
