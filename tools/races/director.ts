/*
 * A scheduling policy that follows a schedule (schedule.ts), and can be given another one for the next run.
 *
 * A step that ends at a place is carried out an instruction at a time, with a look at the CPU after each. The machine must
 * be in exact mode: else slices are not cut there.
 *
 * It keeps nothing in snapshots: who restores one gives it a schedule.
 */
import type { Policy, Slice } from '../../emulator/policy.ts';
import type { Step } from './schedule.ts';

/** What the director looks at. */
export interface Stage {
  /** Address of the instruction that the CPU is about to execute. */
  instructionPointer(cpu: number): number;
  /** The word on top of the stack of the CPU. */
  topOfStack(cpu: number): number;
  /** Address of a function. Throws if there is none of that name. */
  functionAddress(name: string): number;
  /** The word that the test watches. */
  watchedWord(): number;
}

/**
 * A step that leads to a place is given up after so many instructions: its CPU is not on the way there, or it spins for a
 * lock that is held by one that does not run.
 */
const PATIENCE = 20_000;

export class Director implements Policy {
  #stage: Stage | undefined;
  #steps: readonly Step[] = [];
  #afterwards: Policy | undefined;
  #position = 0;
  /** Whether the step of `position` has begun; then, its instructions, how often its place is still passed, the word at first. */
  #hasBegun = false;
  #taken = 0;
  #timesLeft = 0;
  /** Of a step that waits for a return: where to; 0 until the function has been entered. */
  #returnAddress = 0;
  #wordBefore = 0;

  /** Says where to look. Before the first schedule. */
  enter(stage: Stage): void {
    this.#stage = stage;
  }

  /** Follows `steps` from now on, then `afterwards`. */
  direct(steps: readonly Step[], afterwards: Policy): void {
    this.#steps = steps;
    this.#afterwards = afterwards;
    this.#position = 0;
    this.#hasBegun = false;
  }

  get ignoresPause(): boolean {
    return this.#position < this.#steps.length;
  }

  transferState(): void {}

  next(runnable: readonly number[], executed: number): Slice {
    for (; this.#position < this.#steps.length; this.#position++, this.#hasBegun = false) {
      const step = this.#steps[this.#position]!;
      if (!runnable.includes(step.cpu)) continue;
      const instructions = this.#hasBegun ? this.#goOn(step) : this.#begin(step);
      if (instructions !== 0) return { cpu: step.cpu, instructions };
    }
    return this.#afterwards === undefined
      ? { cpu: runnable[0]!, instructions: 1000 }
      : this.#afterwards.next(runnable, executed);
  }

  /** Instructions of the step's first slice. */
  #begin({ goal }: Step): number {
    this.#hasBegun = true;
    this.#taken = 0;
    if (goal.kind === 'instructions') return goal.count;
    this.#returnAddress = 0;
    if (goal.kind === 'function') this.#timesLeft = goal.times;
    if (goal.kind === 'change') this.#wordBefore = this.#stage!.watchedWord();
    return 1;
  }

  /** Instructions of the next slice; 0: the step is over. */
  #goOn({ cpu, goal }: Step): number {
    if (this.#taken++ === PATIENCE) return 0;
    switch (goal.kind) {
      case 'instructions':
        return 0;
      case 'function':
        return this.#isThere(cpu, goal) ? 0 : 1;
      case 'change':
        return this.#stage!.watchedWord() === this.#wordBefore ? 1 : 0;
      case 'sleep':
        return 1;
    }
  }

  #isThere(cpu: number, { name, returns }: Extract<Step['goal'], { kind: 'function' }>): boolean {
    const stage = this.#stage!;
    const at = stage.instructionPointer(cpu);
    if (this.#returnAddress !== 0) return at === this.#returnAddress;
    if (at !== stage.functionAddress(name) || --this.#timesLeft !== 0) return false;
    if (returns) this.#returnAddress = stage.topOfStack(cpu);
    return !returns;
  }
}
