/*
 * Writes the IR as text. syntax.ts shows the form, parse.ts reads it back: parsing and printing again gives the same
 * text, so that a dump of any stage is a test case for the next one.
 */

import { intrinsics } from './intrinsics.ts';
import { accessName, defaultDebugName, defaultFunctionAlign, plainFile, plainName } from './syntax.ts';
import type {
  AsmBody,
  Block,
  Instruction,
  IrData,
  IrFunction,
  IrModule,
  SourceLocation,
  StructLayout,
} from './types.ts';

export interface PrintOptions {
  /** Source locations make a faithful but long text. Default: true. */
  readonly locations?: boolean;
}

/** The whole module. */
export function printModule(module: IrModule, options: PrintOptions = {}): string {
  const parts: string[] = [];
  const head: string[] = [];
  if (module.entry !== null) head.push(`entry ${symbolName(module.entry)}\n`);
  for (const [name, value] of module.constants) {
    head.push(`constant ${symbolName(name)} = ${value}${typeof value === 'bigint' ? 'n' : ''}\n`);
  }
  if (head.length > 0) parts.push(head.join(''));
  for (const struct of module.structs.values()) parts.push(printStruct(struct));
  for (const data of module.data.values()) parts.push(printData(data));
  for (const fn of module.functions.values()) parts.push(printFunction(fn, options));
  return parts.join('\n');
}

/** One function, ended by a newline. */
export function printFunction(fn: IrFunction, options: PrintOptions = {}): string {
  const withLocations = options.locations ?? true;
  const lines = [`function ${symbolName(fn.name)}(${fn.parameters.join(', ')}): ${fn.returns}${functionTags(fn)} {`];
  fn.slots.forEach((slot, index) => {
    lines.push(`  slot ${index}: ${quoted(slot.name)} size ${slot.size} align ${slot.align}`);
  });
  if (fn.asm !== null) lines.push(...printAsm(fn.asm, fn.debug.location.file));
  for (const block of fn.blocks) {
    lines.push(blockHead(block));
    for (const instruction of block.instructions) {
      const place = withLocations ? locationSuffix(instruction.location, fn.debug.location.file) : '';
      lines.push(`  ${printInstruction(instruction)}${place}`);
    }
  }
  lines.push('}', '');
  return lines.join('\n');
}

/** One instruction on one line, without its location. */
export function printInstruction(instruction: Instruction): string {
  const text = operation(instruction);
  if (instruction.type === 'void') return text;
  return `%${instruction.id}${instruction.type === 'i64' ? ': i64' : ''} = ${text}`;
}

/** `file:line:column` and, for inlined code, where the calls stood. */
export function printLocation(location: SourceLocation): string {
  const own = `${location.file}:${location.line}:${location.column}`;
  return location.inlinedAt === undefined ? own : `${own}, inlined at ${printLocation(location.inlinedAt)}`;
}

function functionTags(fn: IrFunction): string {
  const { options, debug } = fn;
  let text = '';
  if (options.section !== null) text += ` section ${JSON.stringify(options.section)}`;
  if (options.align !== defaultFunctionAlign) text += ` align ${options.align}`;
  if (options.inline !== null) text += options.inline ? ' inline' : ' noinline';
  if (options.isExported) text += ' exported';
  if (fn.asm !== null) text += ' naked';
  if (debug.name !== defaultDebugName(fn.name)) text += ` named ${quoted(debug.name)}`;
  return debug.location.line === 0 ? text : text + locationSuffix(debug.location, '');
}

/** One line of assembly per line; `asm` adds the break that the strings leave out only where the text has one. */
function printAsm(asm: AsmBody, file: string): string[] {
  const lines: string[] = [];
  let line: string[] = [];
  asm.pieces.forEach((piece, index) => {
    for (const part of piece.split(/(?<=\n)/)) {
      if (part === '') continue;
      line.push(JSON.stringify(part));
      if (part.endsWith('\n')) {
        lines.push(`    ${line.join(' ')}`);
        line = [];
      }
    }
    const operand = asm.operands[index];
    if (operand !== undefined) {
      line.push('symbol' in operand ? symbolName(operand.symbol) : String(operand.constant));
    }
  });
  if (line.length > 0) lines.push(`    ${line.join(' ')}`);
  return [`  asm${locationSuffix(asm.location, file)} {`, ...lines, '  }'];
}

function blockHead(block: Block): string {
  const from = block.predecessors.length === 0 ? '' : ` from ${block.predecessors.map(blockName).join(', ')}`;
  return `${blockName(block)}${from}${block.isCold ? ' cold' : ''}:`;
}

function operation(instruction: Instruction): string {
  const { op, args } = instruction;
  switch (op) {
    case 'const':
      return `const ${instruction.value}`;
    case 'param':
    case 'slot':
      return `${op} ${instruction.index}`;
    case 'symbol':
      return `symbol ${symbolName(instruction.symbol)}${offsetSuffix(instruction.offset)}`;
    case 'load':
      return `load ${accessName(instruction.size, instruction.signed)} ${address(instruction)}${volatileSuffix(instruction)}`;
    case 'store':
      return `store ${accessName(instruction.size, false)} ${address(instruction)}, ${value(args[1])}${volatileSuffix(instruction)}`;
    case 'call':
      return `call ${symbolName(instruction.symbol)}(${values(args)})`;
    case 'callIndirect':
      return `callIndirect (${instruction.parameters.join(', ')}) ${value(args[0])}(${values(args.slice(1))})`;
    case 'intrinsic':
      return `intrinsic ${instruction.intrinsic}${sizeSuffix(instruction)}(${values(args)})`;
    case 'jump':
      return `jump ${targets(instruction)}`;
    case 'branch':
      return `branch ${value(args[0])}, ${targets(instruction)}`;
    case 'switch':
      return `switch ${value(args[0])} { ${switchArms(instruction)} }`;
    default:
      return args.length === 0 ? op : `${op} ${values(args)}`;
  }
}

function switchArms(instruction: Instruction): string {
  const [otherwise, ...arms] = instruction.targets;
  return [
    ...arms.map((target, i) => `${instruction.cases[i]}: ${blockName(target)}`),
    `else: ${blockName(otherwise)}`,
  ].join(', ');
}

function address(instruction: Instruction): string {
  return `[${value(instruction.args[0])}${offsetSuffix(instruction.offset)}]`;
}

function offsetSuffix(offset: number): string {
  if (offset === 0) return '';
  return offset < 0 ? ` - ${-offset}` : ` + ${offset}`;
}

function volatileSuffix(instruction: Instruction): string {
  return instruction.isVolatile ? ' volatile' : '';
}

function sizeSuffix(instruction: Instruction): string {
  const isSized = intrinsics.get(instruction.intrinsic)?.sized !== undefined;
  return isSized ? `.${accessName(instruction.size, false)}` : '';
}

function targets(instruction: Instruction): string {
  return instruction.targets.map(blockName).join(', ');
}

/** A missing operand or target is an error that the verifier reports; a dump must still come out. */
function value(instruction: Instruction | undefined): string {
  return instruction === undefined ? '%?' : `%${instruction.id}`;
}

function values(instructions: readonly Instruction[]): string {
  return instructions.map(value).join(', ');
}

function blockName(block: Block | undefined): string {
  return block === undefined ? 'b?' : `b${block.id}`;
}

function symbolName(name: string): string {
  return `@${quoted(name)}`;
}

function quoted(name: string): string {
  return plainName.test(name) ? name : JSON.stringify(name);
}

function locationSuffix(location: SourceLocation | null, ownFile: string): string {
  if (location === null) return '';
  let text = '';
  for (let place: SourceLocation | undefined = location; place !== undefined; place = place.inlinedAt) {
    const { file, line, column } = place;
    const prefix = file === ownFile ? '' : `${plainFile.test(file) ? file : JSON.stringify(file)}:`;
    text += ` !${prefix}${line}:${column}`;
  }
  return text;
}

function printStruct(struct: StructLayout): string {
  const fields = struct.fields.map(
    (field) => `  ${quoted(field.name)}: ${quoted(field.type)} at ${field.offset} size ${field.size}\n`,
  );
  return `struct ${symbolName(struct.name)} size ${struct.size} align ${struct.align} {\n${fields.join('')}}\n`;
}

const bytesPerLine = 32;

function printData(data: IrData): string {
  let head = `data ${symbolName(data.name)} size ${data.size} align ${data.align}`;
  if (data.isConstant) head += ' constant';
  if (data.section !== null) head += ` section ${JSON.stringify(data.section)}`;
  if (data.isExported) head += ' exported';
  if (data.bytes === null) return `${head}\n`;
  const lines: string[] = [];
  for (let start = 0; start < data.bytes.length; start += bytesPerLine) {
    const row = data.bytes.subarray(start, start + bytesPerLine);
    if (row.every((byte) => byte === 0)) continue;
    lines.push(`  bytes ${start}: "${Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join('')}"`);
  }
  for (const { at, symbol, addend } of data.relocations) {
    lines.push(`  address ${at}: ${symbolName(symbol)}${offsetSuffix(addend)}`);
  }
  return `${head} {\n${lines.map((line) => `${line}\n`).join('')}}\n`;
}
