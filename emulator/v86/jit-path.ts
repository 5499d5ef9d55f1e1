/*
 * Bounds how far a compiled function can run between two tests of its limit.
 *
 * WebAssembly's control flow is structured, so that one pass over the code is enough: carry along the most guest
 * instructions that any way to the current point has completed since its last test; keep for each open block the most that
 * any jump to its end carries; let a test, and a jump back to a loop (whose head tests), end a way.
 */

const UNREACHABLE = Number.NEGATIVE_INFINITY;

interface Frame {
  readonly isLoop: boolean;
  /** The most that a jump to the end of the block, or the end of the first branch of an `if`, carries. */
  atEnd: number;
  /** What entered an `if`, for its other branch. */
  readonly entered: number;
}

export class PathBound {
  /** The most instructions between two tests, so far. */
  longest = 0;

  #current = 0;
  readonly #frames: Frame[] = [];

  /** A block of guest instructions begins. */
  add(instructions: number): void {
    this.#current += instructions;
    this.longest = Math.max(this.longest, this.#current);
  }

  /** The limit is tested. */
  test(): void {
    this.#current = Math.min(0, this.#current);
  }

  open(isLoop: boolean, isIf: boolean): void {
    this.#frames.push({ isLoop, atEnd: UNREACHABLE, entered: isIf ? this.#current : UNREACHABLE });
  }

  else(): void {
    const frame = this.#frames.at(-1)!;
    this.#frames[this.#frames.length - 1] = {
      ...frame,
      atEnd: Math.max(frame.atEnd, this.#current),
      entered: UNREACHABLE,
    };
    this.#current = frame.entered;
  }

  close(): void {
    const frame = this.#frames.pop();
    if (frame !== undefined) this.#current = Math.max(this.#current, frame.atEnd, frame.entered);
  }

  /** A jump, conditional or not, to the label at `depth`. */
  branch(depth: number): void {
    const frame = this.#frames[this.#frames.length - 1 - depth];
    if (frame !== undefined && !frame.isLoop) frame.atEnd = Math.max(frame.atEnd, this.#current);
  }

  /** What follows cannot be reached from here. */
  leave(): void {
    this.#current = UNREACHABLE;
  }
}
