/*
 * The messages between the page and the worker that holds the machine.
 *
 * Idea. The page never touches the machine: it sends commands and shows reports. Every report carries the run's number,
 * so that what a machine said before a reset can not appear after it.
 */

/** How a boot proceeds. `ready` means that the guest's shell has printed its prompt. */
export type Phase = 'loading' | 'starting' | 'booting' | 'ready';

/** What a machine is made from; also what the page's address (`?seed=…&memory=…&cpus=…`) says. */
export interface MachineChoice {
  readonly seed: number;
  readonly memoryMegabytes: number;
  readonly cpus: number;
}

/** The size of the terminal, in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

export type Command =
  | { readonly kind: 'start'; readonly run: number; readonly choice: MachineChoice; readonly size: WindowSize }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'input'; readonly bytes: Uint8Array };

export type Report =
  | {
      readonly kind: 'phase';
      readonly run: number;
      readonly phase: Phase;
      readonly loaded: number;
      readonly total: number;
    }
  | { readonly kind: 'output'; readonly run: number; readonly bytes: Uint8Array }
  | { readonly kind: 'speed'; readonly run: number; readonly instructions: number; readonly perSecond: number }
  | { readonly kind: 'stopped'; readonly run: number; readonly message: string }
  | { readonly kind: 'failed'; readonly run: number; readonly message: string };
