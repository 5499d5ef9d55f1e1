/*
 * The assembler for naked functions: Intel syntax, one instruction, label or directive per line (see the compiler's
 * README). All forms of the instruction table are available.
 *
 * Labels belong to the body. Symbols of the program come in as `${name}`. A place that names a label, or a difference of
 * labels, is encoded with a stand-in for a symbol, and patched when all labels are known.
 */

import type { AsmBody, IrFunction, SourceLocation } from '../../ir/types.ts';
import { CodeBuffer, type FinishedCode, type Fixup, type JumpKind, type Label } from '../encoder/code.ts';
import { encodeForm, EncodingError, findAllForms, type Prefixes } from '../encoder/encode.ts';
import { conditionNames, type Form, formsByMnemonic } from '../encoder/forms.ts';
import { formatOperand, type Operand, registersByName } from '../encoder/operands.ts';
import { packLines, type LineEntry, type MachineCode } from '../machine/types.ts';
import { assembleDirective } from './directives.ts';
import { type AssemblyProblem, AssemblyError, LineError } from './errors.ts';
import { Cursor, describe, type Linear } from './expression.ts';
import { type Line, readLines } from './lexer.ts';
import { type OperandContext, readOperand } from './operands.ts';
import { resolveFixups } from './resolve.ts';

const jumps: ReadonlyMap<string, JumpKind> = new Map<string, JumpKind>([
  ['jmp', 'jmp'],
  ['jecxz', 'jecxz'],
  ['jcxz', 'jecxz'],
  ['loop', 'loop'],
  ['loope', 'loope'],
  ['loopz', 'loope'],
  ['loopne', 'loopne'],
  ['loopnz', 'loopne'],
  ...conditionNames.flatMap((names, n) => names.map((name): [string, JumpKind] => [`j${name}`, n])),
]);

const aliases = new Map([
  ['sal', 'shl'],
  ['wait', 'fwait'],
  ['retn', 'ret'],
]);

/** Assembles a naked function. Throws AssemblyError with all problems found. */
export function assembleFunction(fn: IrFunction): MachineCode {
  if (fn.asm === null) throw new Error(`${fn.name} is not a naked function`);
  return new Assembler(fn, fn.asm).run();
}

/** An expression that must wait for the labels. */
export interface Pending {
  readonly form: Linear;
  readonly location: SourceLocation;
}

export class Assembler {
  readonly #fn: IrFunction;
  readonly #body: AsmBody;
  readonly code = new CodeBuffer();
  mode: 16 | 32 = 32;
  /** The largest alignment that the body asks for. */
  alignment = 1;
  readonly #labels = new Map<string, Label>();
  readonly #pending = new Map<string, Pending>();
  readonly #lines: LineEntry[] = [];
  readonly #exceptions: { from: string; to: string }[] = [];
  readonly #problems: AssemblyProblem[] = [];
  #location: SourceLocation;

  constructor(fn: IrFunction, body: AsmBody) {
    this.#fn = fn;
    this.#body = body;
    this.#location = body.location;
  }

  run(): MachineCode {
    for (const line of readLines(this.#body)) this.#assembleLine(line);
    this.#checkLabels();
    if (this.#problems.length > 0) throw new AssemblyError(this.#problems);
    const finished = this.#finish();
    const offsetOf = (label: string): number => finished.labels[this.#labels.get(label)!]!;
    const fixups = this.#resolve(finished, offsetOf);
    const { debug, name, options } = this.#fn;
    return {
      name,
      section: options.section,
      align: Math.max(options.align, this.alignment),
      bytes: finished.bytes,
      fixups,
      lines: packLines(this.#lines, finished),
      frame: null,
      exceptions: this.#exceptions.map(({ from, to }) => ({ from: offsetOf(from), to: offsetOf(to) })),
      isExported: options.isExported,
      debugName: debug.name,
      location: debug.location,
      tables: [],
    };
  }

  /** Adds an entry to the exception table. */
  addException(from: string, to: string): void {
    this.#exceptions.push({ from, to });
    this.#labelFor(from);
    this.#labelFor(to);
  }

  /** See OperandContext. */
  nameFor(form: Linear): string | null {
    if (form.symbols.size === 0 && form.labels.size === 0) return null;
    const [only] = form.symbols;
    if (only !== undefined && only[1] === 1 && form.symbols.size === 1 && form.labels.size === 0) return only[0];
    const name = `\0${this.#pending.size}`;
    this.#pending.set(name, { form, location: this.#location });
    for (const label of form.labels.keys()) this.#labelFor(label);
    return name;
  }

  #finish(): FinishedCode {
    try {
      return this.code.finish();
    } catch (error) {
      throw new AssemblyError([{ location: this.#body.location, message: (error as Error).message }]);
    }
  }

  #resolve(finished: FinishedCode, offsetOf: (label: string) => number): Fixup[] {
    const problems: AssemblyProblem[] = [];
    const fixups = resolveFixups(finished, this.#fn.name, this.#pending, offsetOf, problems);
    if (problems.length > 0) throw new AssemblyError(problems);
    return fixups;
  }

  #labelFor(name: string): Label {
    let label = this.#labels.get(name);
    if (label === undefined) {
      label = this.code.newLabel();
      this.#labels.set(name, label);
      this.#firstUse.set(name, this.#location);
    }
    return label;
  }

  readonly #firstUse = new Map<string, SourceLocation>();

  #checkLabels(): void {
    for (const [name, label] of this.#labels) {
      if (this.code.isBound(label)) continue;
      const message = `there is no label '${name}' in this body; a symbol of the program is written \${${name}}`;
      this.#problems.push({ location: this.#firstUse.get(name)!, message });
    }
  }

  #assembleLine(line: Line): void {
    this.#location = { file: this.#body.location.file, line: line.number, column: line.column };
    try {
      if (line.problem !== null) throw new LineError(line.problem);
      this.#assembleTokens(new Cursor(line.tokens));
    } catch (error) {
      if (!(error instanceof LineError || error instanceof EncodingError)) throw error;
      this.#problems.push({ location: this.#location, message: error.message });
    }
  }

  #assembleTokens(cursor: Cursor): void {
    for (let after = cursor.peek(1); after?.kind === 'mark' && after.text === ':'; after = cursor.peek(1)) {
      const token = cursor.take();
      if (token.kind !== 'name') throw new LineError(`${token.text} is not the name of a label`);
      const label = this.#labelFor(token.text);
      if (this.code.isBound(label)) throw new LineError(`the label '${token.text}' is there twice`);
      this.code.bind(label);
      cursor.take();
    }
    if (cursor.isAtEnd()) return;
    if (cursor.isAtDirective) {
      assembleDirective(this, cursor);
    } else {
      this.#lines.push({ offset: this.code.position, location: this.#location });
      this.#assembleInstruction(cursor);
    }
    if (!cursor.isAtEnd()) throw new LineError(`unexpected ${describe(cursor.next)} at the end of the line`);
  }

  #assembleInstruction(cursor: Cursor): void {
    const { addressSize, mnemonic, prefixes } = this.#readHead(cursor);
    const jump = jumps.get(mnemonic);
    const context: OperandContext = {
      mode: this.mode,
      addressSize,
      nameFor: (form) => this.nameFor(form),
    };
    const target = cursor.next;
    const isToLabel = target?.kind === 'name' && cursor.peek(1) === undefined && !registersByName.has(target.text);
    if (jump !== undefined && isToLabel) {
      cursor.take();
      this.code.jump(jump, this.#labelFor(target.text), this.mode);
      return;
    }
    let operands: Operand[] = [];
    while (!cursor.isAtEnd()) {
      if (operands.length > 0) cursor.expect(',');
      operands.push(readOperand(cursor, context));
    }
    if (typeof jump === 'number') {
      this.#jumpAway(jump, operands);
      return;
    }
    if (mnemonic === 'imul' && operands.length === 2 && operands[1]!.kind === 'immediate') {
      operands = [operands[0]!, { ...operands[0]! }, operands[1]!];
    }
    encodeForm(this.code, this.#chooseForm(mnemonic, operands), operands, prefixes);
  }

  /** Prefixes and mnemonic. */
  #readHead(cursor: Cursor): { mnemonic: string; prefixes: Prefixes; addressSize: 16 | 32 | null } {
    let prefixes: Prefixes = { mode: this.mode };
    let addressSize: 16 | 32 | null = null;
    for (;;) {
      const token = cursor.take();
      if (token.kind !== 'name') throw new LineError(`expected an instruction, found ${token.text}`);
      const word = token.text.toLowerCase();
      switch (word) {
        case 'lock':
          prefixes = { ...prefixes, lock: true };
          break;
        case 'rep':
        case 'repe':
        case 'repz':
          prefixes = { ...prefixes, repeat: 'rep' };
          break;
        case 'repne':
        case 'repnz':
          prefixes = { ...prefixes, repeat: 'repne' };
          break;
        case 'data16':
        case 'data32':
          prefixes = { ...prefixes, operandSize: word === 'data16' ? 16 : 32 };
          break;
        case 'addr16':
        case 'addr32':
          addressSize = word === 'addr16' ? 16 : 32;
          break;
        default:
          return { mnemonic: aliases.get(word) ?? word, prefixes, addressSize };
      }
    }
  }

  /** A conditional jump to a symbol outside: always the near form. */
  #jumpAway(condition: number, operands: readonly Operand[]): void {
    const [target] = operands;
    if (operands.length !== 1 || target?.kind !== 'immediate' || target.symbol === null) {
      throw new LineError('a conditional jump goes to a label or a symbol');
    }
    this.code.byte(0x0f);
    this.code.byte(0x80 + condition);
    const size = this.mode / 8;
    this.code.fixup(this.mode === 16 ? 'rel16' : 'rel32', target.symbol, target.value - size);
    for (let n = 0; n < size; n++) this.code.byte(0);
  }

  /** The form to use; complains if the size of a memory operand is anybody's guess. */
  #chooseForm(mnemonic: string, operands: readonly Operand[]): Form {
    const all = formsByMnemonic.get(mnemonic);
    if (all === undefined) throw new LineError(`unknown instruction '${mnemonic}'`);
    const forms = findAllForms(mnemonic, operands);
    const [first] = forms;
    if (first === undefined) {
      const known = all.map(({ text }) => text.split('|')[0]!.trim());
      const shown = known.length > 8 ? [...known.slice(0, 8), '...'] : known;
      const written = `${mnemonic} ${operands.map(formatOperand).join(', ')}`.replaceAll('\0', 'label').trim();
      throw new LineError(`${written}: no such form; there are: ${shown.join('; ')}`);
    }
    const unsized = operands.findIndex((operand) => operand.kind === 'memory' && operand.width === 0);
    if (unsized < 0) return first;
    const widths = new Set(forms.map((form) => form.operands[unsized]!.width));
    if (widths.size === 1) return first;
    if (mnemonic === 'jmp' || mnemonic === 'call') return forms.find((form) => form.operandSize === this.mode) ?? first;
    throw new LineError(`how many bytes? write byte ptr, word ptr or dword ptr before the bracket`);
  }
}
