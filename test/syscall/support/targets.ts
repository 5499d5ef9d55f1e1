/*
 * The systems that the suite asks: this kernel on the machine, with any number of CPUs, this kernel under QEMU, and the
 * Linux that the tests run on. To the tests each is an agent at the other end of a line.
 *
 * The environment variable SYSCALL_TARGETS chooses others than the usual ones: `npx vitest run test/syscall` with
 * SYSCALL_TARGETS="machine:4:7 machine:8:1:exact linux" asks machines with 4 CPUs and seed 7, with 8 CPUs in exact mode,
 * and the host.
 */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { inject } from 'vitest';
import { AgentClient, type ClientOptions } from '../../../emulator/agent/client.ts';
import { fromDuplex, fromStdio } from '../../../emulator/agent/nodeTransports.ts';
import { fromLine, type Transport } from '../../../emulator/agent/transport.ts';
import type { GuestOptions } from '../../support/guest.ts';
import { runsI386 } from '../../support/i386.ts';
import { Driver } from './driver.ts';
import { GuestPool } from './guestPool.ts';

/** A system that is running, and its agent. */
export interface Session {
  readonly agent: AgentClient;
  /** A directory that is there, for whatever the tests want to make. */
  readonly directory: string;
  /** What has appeared on the console. */
  readonly console: () => string;
  close(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Is it this kernel? */
  readonly own: boolean;
  /** Why it cannot be used here; null if it can. */
  unavailable(): string | null;
  open(trace: (line: string) => void): Promise<Session>;
}

/** Connects, unless the other side ends first; when it ends later, all calls under way reject, with the reason. */
async function connect(transport: Transport, options: ClientOptions, ended: Promise<string>): Promise<AgentClient> {
  const failed = ended.then((reason) => {
    throw new Error(reason);
  });
  const client = await Promise.race([AgentClient.connect(transport, options), failed]);
  void ended.then((reason) => client.abandon(reason));
  return client;
}

/** What a run on the machine depends on. The name of the target tells it, and SYSCALL_TARGETS takes it back. */
type MachineSettings = Required<Pick<GuestOptions, 'cpus' | 'seed' | 'mode'>>;

const guests = new GuestPool();

const machine = (settings: MachineSettings): Target => ({
  name: `machine:${settings.cpus}:${settings.seed}${settings.mode === 'exact' ? ':exact' : ''}`,
  own: true,
  unavailable: () => null,
  async open(trace) {
    const { guest, giveBack } = await guests.take(settings);
    let console = '';
    const stopListening = guest.serial(0).onOutput((bytes) => (console += new TextDecoder().decode(bytes)));
    const driver = new Driver(guest);
    const ended = driver.run().then(
      ({ reason, message }) => `the machine has stopped: ${message ?? reason}\n${console}`,
      (error: unknown) => `the machine has failed: ${String(error)}`,
    );
    const agent = await connect(fromLine(guest.serial(1)), { trace }, ended);
    return {
      agent,
      directory: '/tmp',
      console: () => console,
      async close() {
        await agent.close();
        driver.stop();
        await ended;
        stopListening();
        giveBack();
      },
    };
  },
});

const qemu = (cpus: number): Target => ({
  name: `qemu:${cpus}`,
  own: true,
  unavailable() {
    const found = spawnSync('qemu-system-i386', ['--version']).status === 0;
    return found ? null : 'there is no qemu-system-i386 (apt-get install qemu-system-x86)';
  },
  async open(trace) {
    const folder = inject('imageFolder');
    const child = spawn('qemu-system-i386', [
      ...['-kernel', join(folder, 'kernel.elf'), '-initrd', join(folder, 'initrd.cpio'), '-append', 'quiet'],
      ...['-smp', String(cpus), '-m', '16', '-display', 'none', '-no-reboot', '-serial', 'stdio', '-serial', 'pty'],
      ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
    ]);
    let console = '';
    child.stdout.on('data', (bytes: Buffer) => (console += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (console += bytes.toString()));
    const path = await terminalOf(child, () => console);
    const line = new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY));
    const ended = exitOf(child).then((how) => `QEMU has ended (${how})\n${console}`);
    // A terminal between two processes may drop what neither of them is reading yet.
    const agent = await connect(fromDuplex(line), { trace, tickMilliseconds: 250 }, ended);
    return {
      agent,
      directory: '/tmp',
      console: () => console,
      async close() {
        agent.abandon('closed'); // a terminal has no end of its own to wait for
        line.destroy();
        child.kill();
        await ended;
      },
    };
  },
});

/** QEMU says on its output which terminal it has opened for the second serial line. */
function terminalOf(child: ChildProcess, console: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const found = /char device redirected to (\S+)/.exec(console());
      if (found !== null) resolve(found[1]!);
    };
    child.stdout!.on('data', look);
    child.stderr!.on('data', look);
    child.on('exit', () => reject(new Error(`QEMU has ended\n${console()}`)));
  });
}

const linux: Target = {
  name: 'linux',
  own: false,
  unavailable() {
    if (process.platform !== 'linux') return `the host runs ${process.platform}, not Linux`;
    return runsI386 ? null : 'this Linux does not run 32-bit programs';
  },
  async open(trace) {
    const child = spawn(join(inject('imageFolder'), 'bin', 'agent'), [], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = exitOf(child).then((how) => `the agent has ended (${how})`);
    const agent = await connect(fromStdio(child), { trace }, ended);
    const directory = mkdtempSync(join(tmpdir(), 'syscall-'));
    chmodSync(directory, 0o755); // tests that give up root go on using it
    return {
      agent,
      directory,
      console: () => '',
      async close() {
        await agent.close();
        await ended;
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(String(signal ?? code))));
}

/** From its name: `linux`, `qemu:CPUS`, `machine:CPUS:SEED`, `machine:CPUS:SEED:exact`. */
function targetNamed(name: string): Target {
  const [kind, cpus = '1', seed = '1', mode = 'fast'] = name.split(':');
  if (kind === 'linux') return linux;
  if (kind === 'qemu') return qemu(Number(cpus));
  if (kind === 'machine' && (mode === 'fast' || mode === 'exact')) {
    return machine({ cpus: Number(cpus), seed: Number(seed), mode });
  }
  throw new Error(`SYSCALL_TARGETS: there is no target ${name}`);
}

/** What every test is run on: each number of CPUs with a seed of its own. */
const USUAL = 'machine:1:1 machine:2:2 machine:4:3 machine:8:4 qemu:4 linux';

export const targets: readonly Target[] = (process.env['SYSCALL_TARGETS'] ?? USUAL).split(' ').map(targetNamed);
