/*
 * Emission: machine code in its final order becomes bytes, with prologue, epilogues and what debuggers need.
 */

import type { IrFunction, SourceLocation } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';
import { CodeBuffer, type FinishedCode, type Label } from './encoder/code.ts';
import { encode, type Prefixes } from './encoder/encode.ts';
import { ESP, immediate, register } from './encoder/operands.ts';
import type { Frame } from './frame.ts';
import {
  packLines,
  type CodeTable,
  type FrameChange,
  type LineEntry,
  type MachineBlock,
  type MachineCode,
  type MachineFunction,
  type MachineInstruction,
} from './machine/types.ts';

const noPrefixes: Prefixes = {};
const lockPrefix: Prefixes = { lock: true };
const repeatPrefix: Prefixes = { repeat: 'rep' };

/** The bytes of a function whose registers, frame and block order are settled. */
export function emitFunction(fn: MachineFunction, frame: Frame, source: IrFunction): MachineCode {
  return new Emitter(fn, frame, source).run();
}

/** A change whose place is a draft position until the code is finished. */
interface DraftChange extends FrameChange {
  at: number;
}

class Emitter {
  readonly #fn: MachineFunction;
  readonly #frame: Frame;
  readonly #source: IrFunction;
  readonly #code = new CodeBuffer();
  /** By id of the block. */
  readonly #labels: Label[];
  /** Positions in these are draft positions until the code is finished. */
  readonly #lines: LineEntry[] = [];
  readonly #changes: DraftChange[] = [];

  constructor(fn: MachineFunction, frame: Frame, source: IrFunction) {
    this.#fn = fn;
    this.#frame = frame;
    this.#source = source;
    this.#labels = equalNumbers(fn.blockLimit, 0);
  }

  run(): MachineCode {
    const { blocks } = this.#fn;
    for (let n = 0; n < blocks.length; n++) this.#labels[blocks[n]!.id] = this.#code.newLabel();
    this.#mark(this.#source.debug.location);
    this.#prologue();
    for (let n = 0; n < blocks.length; n++) this.#block(blocks[n]!, n + 1 < blocks.length ? blocks[n + 1]! : null);
    const finished = this.#code.finish();
    const { debug, name, options } = this.#source;
    return {
      name,
      section: options.section,
      align: options.align,
      bytes: finished.bytes,
      fixups: finished.fixups,
      lines: packLines(this.#lines, finished),
      frame: {
        size: this.#size,
        pushes: this.#frame.pushes,
        depths: this.#settledChanges(finished),
      },
      exceptions: [],
      isExported: options.isExported,
      debugName: debug.name,
      location: debug.location,
      tables: this.#tables((block) => finished.labels[this.#labels[block.id]!]!),
    };
  }

  #settledChanges(code: FinishedCode): readonly FrameChange[] {
    for (let n = 0; n < this.#changes.length; n++) this.#changes[n]!.at = code.translate(this.#changes[n]!.at);
    return this.#changes;
  }

  /** Bytes between ESP and the return address in the body. */
  get #size(): number {
    return this.#frame.room + this.#frame.pushes.length * 4;
  }

  #prologue(): void {
    let depth = 0;
    for (const saved of this.#frame.pushes) {
      encode(this.#code, 'push', [register(saved)]);
      depth += 4;
      this.#changes.push({ at: this.#code.position, depth, saved });
    }
    if (this.#frame.room === 0) return;
    encode(this.#code, 'sub', [register(ESP), immediate(this.#frame.room)]);
    this.#changes.push({ at: this.#code.position, depth: this.#size });
  }

  /** Takes the frame down and returns. What follows in the code is body again. */
  #epilogue(): void {
    let depth = this.#size;
    if (this.#frame.room !== 0) {
      encode(this.#code, 'add', [register(ESP), immediate(this.#frame.room)]);
      depth -= this.#frame.room;
      this.#changes.push({ at: this.#code.position, depth });
    }
    for (let n = this.#frame.pushes.length - 1; n >= 0; n--) {
      const restored = this.#frame.pushes[n]!;
      encode(this.#code, 'pop', [register(restored)]);
      depth -= 4;
      this.#changes.push({ at: this.#code.position, depth, restored });
    }
    encode(this.#code, 'ret', []);
    if (this.#size !== 0) this.#changes.push({ at: this.#code.position, depth: this.#size, isBody: true });
  }

  #mark(location: SourceLocation | null): void {
    const last = this.#lines[this.#lines.length - 1];
    if (location === null || last?.location === location) return;
    if (last?.offset === this.#code.position) this.#lines.pop();
    this.#lines.push({ offset: this.#code.position, location });
  }

  #block(block: MachineBlock, next: MachineBlock | null): void {
    this.#code.bind(this.#labels[block.id]!);
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      this.#mark(instruction.location);
      if (instruction.op === 'ret') this.#epilogue();
      else this.#instruction(instruction);
    }
    this.#exit(block, next);
  }

  #instruction({ op, operands, prefix }: MachineInstruction): void {
    encode(this.#code, op, operands, prefix === null ? noPrefixes : prefix === 'lock' ? lockPrefix : repeatPrefix);
    // Moving flags goes by way of the stack; the depth changes for one instruction.
    if (op === 'push' || op === 'pushfd') this.#changes.push({ at: this.#code.position, depth: this.#size + 4 });
    else if (op === 'pop' || op === 'popfd') this.#changes.push({ at: this.#code.position, depth: this.#size });
  }

  #exit(block: MachineBlock, next: MachineBlock | null): void {
    const { exit } = block;
    if (exit.kind === 'jump') {
      this.#jump(block, exit.target, next);
    } else if (exit.kind === 'branch') {
      this.#mark(block.exitLocation);
      if (exit.ifTrue === next) {
        this.#code.jump(exit.condition ^ 1, this.#labels[exit.ifFalse.id]!);
      } else {
        this.#code.jump(exit.condition, this.#labels[exit.ifTrue.id]!);
        this.#jump(block, exit.ifFalse, next);
      }
    }
  }

  #jump(block: MachineBlock, target: MachineBlock, next: MachineBlock | null): void {
    if (target === next) return;
    this.#mark(block.exitLocation);
    this.#code.jump('jmp', this.#labels[target.id]!);
  }

  #tables(offsetOf: (block: MachineBlock) => number): CodeTable[] {
    const tables: CodeTable[] = [];
    for (const { exit } of this.#fn.blocks) {
      if (exit.kind === 'table') tables.push({ name: exit.table.name, targets: exit.targets.map(offsetOf) });
    }
    return tables;
  }
}
