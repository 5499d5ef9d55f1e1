/*
 * The worker: one machine, from loading its parts to the last instruction. The page starts a new worker for each machine.
 */
import { BootError, Machine, type RunResult } from '../machine.ts';
import { OutputPattern } from '../output-pattern.ts';
import type { Command, MachineChoice, Phase, Report, WindowSize } from './protocol.ts';

/** What the guest's shell prints when it waits for a command. */
const PROMPT = 'pagewright:/# ';
const MEGABYTE = 1 << 20;
/** Milliseconds between two reports of the speed. */
const SPEED_INTERVAL = 500;

/** The files of a machine, relative to the page. */
const FILES = { wasm: 'v86.wasm', kernel: 'kernel.elf', initrd: 'initrd.cpio' } as const;

class Host {
  #run = 0;
  #machine: Machine | null = null;
  #isPaused = false;
  /** Nothing that comes after a failure, such as the progress of other downloads, is worth telling. */
  #hasFailed = false;
  /** Set while the machine is paused: starts it again. */
  #resume: (() => void) | null = null;
  /** Input that came before the machine was there. */
  readonly #early: Uint8Array[] = [];

  command(command: Command): void {
    switch (command.kind) {
      case 'start':
        this.#run = command.run;
        this.#start(command.choice, command.size).catch((error: unknown) => this.#fail(error));
        break;
      case 'pause':
        this.#isPaused = true;
        this.#machine?.stop();
        break;
      case 'resume':
        this.#isPaused = false;
        this.#resume?.();
        break;
      case 'input':
        if (this.#machine === null) this.#early.push(command.bytes);
        else this.#machine.serial(0).send(command.bytes);
        break;
    }
  }

  async #start(choice: MachineChoice, { rows, columns }: WindowSize): Promise<void> {
    const { wasm, kernel, initrd } = await this.#load();
    this.#phase('starting');
    const machine = await Machine.create({
      wasm: () => Promise.resolve(wasm),
      memoryBytes: choice.memoryMegabytes * MEGABYTE,
      seed: choice.seed,
      cpus: choice.cpus,
      kernel,
      commandLine: `rows=${rows} columns=${columns}`,
      modules: [{ data: initrd, commandLine: FILES.initrd }],
    });
    this.#machine = machine;
    machine.serial(0).onOutput((bytes) => this.#post({ kind: 'output', run: this.#run, bytes: bytes.slice() }));
    for (const bytes of this.#early) machine.serial(0).send(bytes);
    this.#phase('booting');
    this.#reportReady(machine);
    this.#reportSpeed(machine);
    const end = await this.#runToEnd(machine);
    this.#post({ kind: 'stopped', run: this.#run, message: describeEnd(end) });
  }

  /** Runs, through pauses, until the run ends for good. */
  async #runToEnd(machine: Machine): Promise<RunResult> {
    for (;;) {
      if (this.#isPaused) await new Promise<void>((resolve) => (this.#resume = resolve));
      const result = await machine.run({ waitForInput: true, realTime: true });
      if (result.reason !== 'stopped') return result;
    }
  }

  /** Fetches all parts at once and reports how many bytes of them are there. */
  async #load(): Promise<Record<keyof typeof FILES, Uint8Array>> {
    let loaded = 0;
    let total = 0;
    const fetchFile = async (name: string): Promise<Uint8Array> => {
      const response = await fetch(name);
      if (!response.ok || response.body === null) throw new Error(`cannot load ${name}: ${response.status}`);
      total += Number(response.headers.get('content-length') ?? 0);
      const counted = response.body.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform: (chunk, controller) => {
            loaded += chunk.length;
            this.#phase('loading', loaded, Math.max(loaded, total));
            controller.enqueue(chunk);
          },
        }),
      );
      return new Uint8Array(await new Response(counted).arrayBuffer());
    };
    const [wasm, kernel, initrd] = await Promise.all([
      fetchFile(FILES.wasm),
      fetchFile(FILES.kernel),
      fetchFile(FILES.initrd),
    ]);
    return { wasm, kernel, initrd };
  }

  /** Listens for the prompt itself, not for the end of a run: a pause may come in the middle of it. */
  #reportReady(machine: Machine): void {
    const prompt = new OutputPattern(PROMPT);
    const unlisten = machine.serial(0).onByte((byte) => {
      if (!prompt.next(byte)) return;
      unlisten();
      this.#phase('ready');
    });
  }

  #reportSpeed(machine: Machine): void {
    let before = 0;
    setInterval(() => {
      const { instructions } = machine;
      const perSecond = ((instructions - before) * 1000) / SPEED_INTERVAL;
      before = instructions;
      this.#post({ kind: 'speed', run: this.#run, instructions, perSecond });
    }, SPEED_INTERVAL);
  }

  #phase(phase: Phase, loaded = 0, total = 1): void {
    this.#post({ kind: 'phase', run: this.#run, phase, loaded, total });
  }

  #fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    const message = error instanceof BootError ? text : `The machine failed: ${text}`;
    this.#post({ kind: 'failed', run: this.#run, message });
  }

  #post(report: Report): void {
    if (this.#hasFailed) return;
    this.#hasFailed = report.kind === 'failed';
    postMessage(report);
  }
}

function describeEnd(result: RunResult): string {
  switch (result.reason) {
    case 'exit':
      return 'The guest has switched itself off; Reset starts it again';
    case 'shutdown':
      return `The CPU shut down: ${result.message ?? 'triple fault'}`;
    default:
      return `The machine stopped (${result.reason})`;
  }
}

const host = new Host();
addEventListener('message', (event: MessageEvent<Command>) => host.command(event.data));
