/*
 * What is given to be booted, and what a loader hands to the CPU.
 */

export interface BootModule {
  readonly data: Uint8Array;
  readonly commandLine: string;
}

export interface BootImage {
  readonly kernel: Uint8Array;
  readonly commandLine: string;
  readonly modules: readonly BootModule[];
}

/** How the first instruction finds the CPU, beyond protected mode with flat segments and interrupts off. */
export interface BootState {
  /** Physical address of the first instruction. */
  readonly entry: number;
  readonly registers: { readonly eax?: number; readonly ebx?: number; readonly esi?: number };
  readonly codeSelector: number;
  readonly dataSelector: number;
}
