/*
 * What a subcommand of `pagewright` is, and the little that all of them share: reading options, sizes, and where output
 * goes. A command prints what it found on stdout and what went wrong on stderr; progress appears on a terminal alone.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';

export interface Output {
  /** Results. */
  write(text: string | Uint8Array): void;
  /** Errors and notices, a line each. */
  error(line: string): void;
  /** A line that tells how far the work is; replaced by the next one, and dropped unless stderr is a terminal. */
  progress(line: string): void;
}

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: true;
  /** Shown in the help for an option that takes a value: `--memory SIZE`. */
  readonly value?: string;
  readonly help: string;
}

/** The parsed options: a string, a boolean, or for `multiple` ones the list in the order given. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** What may stand after the options, e.g. `FILE`; absent when nothing may. */
  readonly operands?: string;
  /** Exit status: 0 for success, 1 for a failed run. Throws UsageError for wrong usage. `root` is the project's folder. */
  run(values: OptionValues, operands: readonly string[], root: string, output: Output): Promise<number>;
}

/** The command line makes no sense; ends the command with status 2. */
export class UsageError extends Error {}

/** Something that the user can mend went wrong in the run; ends the command with status 1 and just this message. */
export class RunError extends Error {}

/** A file that cannot be written, a disk that is full: the message says what and where, and the stack nothing. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Splits arguments into options and operands. Throws UsageError with what is wrong. */
export function readArguments(command: Command, args: readonly string[]): { values: OptionValues; operands: string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', short: 'h' } };
  for (const [name, option] of Object.entries(command.options)) {
    options[name] = {
      type: option.type,
      ...(option.short === undefined ? {} : { short: option.short }),
      ...(option.multiple === undefined ? {} : { multiple: true }),
    };
  }
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.length > 0 && command.operands === undefined) {
      throw new UsageError(`unexpected argument '${positionals[0]!}'`);
    }
    return { values, operands: positionals };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

export function stringOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function listOption(values: OptionValues, name: string): string[] {
  const value = values[name];
  if (typeof value !== 'object') return [];
  return value.filter((item): item is string => typeof item === 'string');
}

/** Reads `16M`, `512K`, `1G` or a plain number of bytes. */
export function parseSize(text: string, name: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  if (match === null) throw new UsageError(`--${name} takes a size such as 16M, not '${text}'`);
  const unit = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 }[match[2]!.toUpperCase()]!;
  return Number(match[1]) * unit;
}

/** Reads a count, optionally in thousands (k), millions (M) or thousand millions (G), as people write instruction counts. */
export function parseCount(text: string, name: string): number {
  const match = /^(\d+)([kMG]?)$/.exec(text);
  if (match === null) throw new UsageError(`--${name} takes a whole number such as 5000000 or 5M, not '${text}'`);
  const unit = { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2]!]!;
  const count = Number(match[1]) * unit;
  if (!Number.isSafeInteger(count)) throw new UsageError(`--${name} ${text} is too large`);
  return count;
}

/** Reads repeated `NAME=VALUE`, where VALUE is true, false or an integer. */
export function parseDefines(items: readonly string[]): Map<string, number | boolean> {
  const defines = new Map<string, number | boolean>();
  for (const item of items) {
    const match = /^([A-Za-z_]\w*)(?:=(true|false|-?(?:0x[0-9a-f]+|\d+)))?$/i.exec(item);
    if (match === null) throw new UsageError(`--define takes NAME=true, NAME=false or NAME=NUMBER, not '${item}'`);
    const value = match[2] ?? 'true';
    defines.set(match[1]!, value === 'true' ? true : value === 'false' ? false : parseInteger(value));
  }
  return defines;
}

function parseInteger(text: string): number {
  return text.startsWith('-') ? -Number(text.slice(1)) : Number(text);
}

/** The text of `pagewright NAME --help`. */
export function helpText(command: Command): string {
  const help: Option = { type: 'boolean', short: 'h', help: 'this text' };
  const rows = Object.entries({ ...command.options, help });
  const left = rows.map(([name, option]) => {
    const short = option.short === undefined ? '' : `-${option.short}, `;
    return `${short}--${name}${option.value === undefined ? '' : ` ${option.value}`}${option.multiple ? '...' : ''}`;
  });
  const width = Math.max(...left.map((text) => text.length));
  const lines = rows.map(([, option], i) => `  ${left[i]!.padEnd(width)}  ${option.help}`);
  const usage = `usage: pagewright ${command.name} [options]${command.operands === undefined ? '' : ` ${command.operands}`}`;
  return `${usage}\n\n${command.summary}\n\n${lines.join('\n')}\n`;
}
