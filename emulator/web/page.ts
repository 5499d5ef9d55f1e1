/*
 * The page: a terminal, four boot phases, and the controls of the machine that runs in the worker.
 *
 * Idea. The page holds no state of the machine, only of the view: which run it shows, whether it is paused. A reset ends
 * the worker and starts another; that is the one way to be sure that nothing of the old machine is left.
 */
import { FitAddon } from '@xterm/addon-fit';
import { Terminal } from '@xterm/xterm';
import { explainRefused, readChoice, writeChoice } from './choice.ts';
import type { Command, MachineChoice, Phase, Report } from './protocol.ts';

const PHASES: readonly Phase[] = ['loading', 'starting', 'booting', 'ready'];

const PHASE_TEXT: Readonly<Record<Phase, string>> = {
  loading: 'Loading the machine and the kernel',
  starting: 'Starting the machine',
  booting: 'Booting',
  ready: 'Ready: type into the terminal',
};

class Page {
  readonly #terminal = new Terminal({
    cursorBlink: true,
    fontSize: 14,
    screenReaderMode: true,
    scrollback: 5000,
    theme: { background: '#101317', foreground: '#e4e7eb' },
  });
  readonly #fit = new FitAddon();
  #worker: Worker | null = null;
  /** Counts the runs; a report of another run is stale. */
  #run = 0;
  #paused = false;
  /** What the run does, while it is not paused. */
  #doing = '';
  /** What is wrong with the address, for as long as its machine is shown. */
  #note = '';

  constructor() {
    const place = element('terminal');
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(place);
    this.#fit.fit();
    new ResizeObserver(() => this.#fit.fit()).observe(place);
    place.addEventListener('focus', () => this.#terminal.focus()); // by the link that skips to it
    this.#terminal.onData((text) => this.#type(text));
    element('choice').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#chooseAndReset();
    });
    element('pause').addEventListener('click', () => this.#togglePause());
    for (const key of document.querySelectorAll<HTMLButtonElement>('[data-key]')) {
      key.addEventListener('click', () => {
        this.#type(key.dataset['key'] ?? '');
        this.#terminal.focus();
      });
    }
    this.#note = explainRefused(location.search);
    this.#reset(readChoice(location.search));
  }

  /** Takes the choice from the form, writes it into the address, and starts over. */
  #chooseAndReset(): void {
    const query = new URLSearchParams({
      seed: input('seed').value,
      memory: input('memory').value,
      cpus: input('cpus').value,
    });
    const choice = readChoice(query.toString());
    history.replaceState(null, '', writeChoice(choice));
    this.#note = '';
    this.#reset(choice);
  }

  #reset(choice: MachineChoice): void {
    this.#worker?.terminate();
    this.#run += 1;
    input('seed').value = String(choice.seed);
    input('memory').value = String(choice.memoryMegabytes);
    input('cpus').value = String(choice.cpus);
    this.#terminal.reset();
    this.#showPause(false);
    pauseButton().disabled = false;
    this.#showPhase('loading', 0, 1);
    element('speed').textContent = '';
    const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', (event: MessageEvent<Report>) => this.#report(event.data));
    // A worker that cannot be loaded at all has no message.
    worker.addEventListener('error', ({ message = 'cannot load worker.js' }) => {
      if (worker === this.#worker) this.#end(`The machine failed: ${message}`);
    });
    this.#worker = worker;
    const { rows, cols: columns } = this.#terminal;
    this.#send({ kind: 'start', run: this.#run, choice, size: { rows, columns } });
    this.#terminal.focus();
  }

  #report(report: Report): void {
    if (report.run !== this.#run) return;
    switch (report.kind) {
      case 'phase':
        this.#showPhase(report.phase, report.loaded, report.total);
        break;
      case 'output':
        this.#terminal.write(report.bytes);
        break;
      case 'speed':
        element('speed').textContent =
          `${millions(report.perSecond)} M instructions/s, ${millions(report.instructions)} M in all`;
        break;
      case 'stopped':
      case 'failed':
        this.#end(report.message);
        break;
    }
  }

  /** The run is over: there is nothing to pause, and the reason stays to be read. */
  #end(message: string): void {
    this.#showPause(false);
    pauseButton().disabled = true;
    this.#doing = message;
    this.#showStatus();
  }

  #type(text: string): void {
    this.#send({ kind: 'input', bytes: new TextEncoder().encode(text) });
  }

  #togglePause(): void {
    this.#showPause(!this.#paused);
    this.#send({ kind: this.#paused ? 'pause' : 'resume' });
    this.#showStatus();
  }

  #send(command: Command): void {
    this.#worker?.postMessage(command);
  }

  #showPause(paused: boolean): void {
    this.#paused = paused;
    const button = pauseButton();
    button.setAttribute('aria-pressed', String(paused));
    button.textContent = paused ? 'Resume' : 'Pause';
  }

  #showPhase(phase: Phase, loaded: number, total: number): void {
    const reached = PHASES.indexOf(phase);
    for (const item of document.querySelectorAll<HTMLElement>('#phases [data-phase]')) {
      const index = PHASES.indexOf(item.dataset['phase'] as Phase);
      item.classList.toggle('done', index < reached);
      if (index === reached) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
    }
    const part = total > 0 ? Math.min(1, loaded / total) : 0;
    (element('progress') as HTMLProgressElement).value = (reached + (phase === 'ready' ? 1 : part)) / PHASES.length;
    document.body.dataset['phase'] = phase;
    this.#doing = PHASE_TEXT[phase];
    this.#showStatus();
  }

  /** Changes the text only if it is another one: a screen reader reads it out each time. */
  #showStatus(): void {
    const text = `${this.#paused ? 'Paused' : this.#doing}${this.#note && `. ${this.#note}`}`;
    if (element('status').textContent !== text) element('status').textContent = text;
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element '${id}'`);
  return found;
}

function input(id: string): HTMLInputElement {
  return element(id) as HTMLInputElement;
}

function pauseButton(): HTMLButtonElement {
  return element('pause') as HTMLButtonElement;
}

function millions(count: number): string {
  return (count / 1e6).toFixed(1);
}

new Page();
