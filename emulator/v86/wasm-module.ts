/*
 * Editing a WebAssembly binary.
 *
 * The machine needs a few instructions of v86's core to be different. This file knows the binary format well enough to
 * take a module apart, to change function bodies found by name, to add globals and functions, and to put it together
 * again. It knows nothing about v86.
 *
 * Rules that keep it short: imports are never added, so that no function or global changes its index; what is new goes to
 * the end of its index space. Debug sections are dropped, since their offsets would be wrong afterwards.
 *
 * Every edit says what it expects to find, and an edit that does not find exactly that throws: a module that differs
 * from the one the edits were written for is refused instead of being patched by luck.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5 (binary format).
 */

import { code, unsigned } from './wasm-code.ts';

const SECTION_CUSTOM = 0;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_GLOBAL = 6;
const SECTION_EXPORT = 7;
const SECTION_CODE = 10;

const NAME_SUBSECTION_FUNCTIONS = 1;
const VALUE_TYPE_I32 = 0x7f;
const EXPORT_FUNCTION = 0;
const EXPORT_GLOBAL = 3;

interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** The module is not the one that the edits were made for. */
export class UnexpectedModuleError extends Error {
  override readonly name = 'UnexpectedModuleError';
}

export class WasmModuleEditor {
  readonly #bytes: Uint8Array;
  readonly #sections: Section[] = [];
  /** Function index by symbol name, imports included. */
  readonly #functions = new Map<string, number>();
  readonly #bodies: Uint8Array[] = [];
  readonly #functionTypes: number[] = [];
  readonly #newGlobals: { readonly name: string; readonly initial: number }[] = [];
  readonly #newExports: { readonly name: string; readonly kind: number; readonly index: number }[] = [];
  #importedFunctions = 0;
  #existingGlobals = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    if (bytes.length < 8 || new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) !== 0x6d736100) {
      throw new UnexpectedModuleError('not a WebAssembly binary');
    }
    for (let at = 8; at < bytes.length;) {
      const reader = new Reader(bytes, at);
      const id = reader.byte();
      const size = reader.unsigned();
      this.#sections.push({ id, start: reader.at, end: reader.at + size });
      at = reader.at + size;
    }
    this.#readImports();
    this.#readFunctionTypes();
    this.#existingGlobals = this.#reader(SECTION_GLOBAL)?.unsigned() ?? 0;
    this.#readBodies();
    this.#readNames();
  }

  /** Index of the function with this symbol name. */
  functionIndex(name: string): number {
    const index = this.#functions.get(name);
    if (index === undefined) throw new UnexpectedModuleError(`no function named ${name}`);
    return index;
  }

  /** Adds an exported, mutable 32-bit global and returns its index. */
  addGlobal(name: string, initial: number): number {
    this.#newGlobals.push({ name, initial });
    const index = this.#existingGlobals + this.#newGlobals.length - 1;
    this.#newExports.push({ name, kind: EXPORT_GLOBAL, index });
    return index;
  }

  /** Replaces a function by other instructions; it has no locals besides its parameters. */
  replaceBody(name: string, instructions: readonly number[]): void {
    this.#bodies[this.#bodyIndex(name)] = Uint8Array.from([0, ...instructions, code.end]);
  }

  /** Adds an exported function of the same type as `model`, with `locals` 32-bit locals besides its parameters. */
  addFunction(name: string, model: string, locals: number, instructions: readonly number[]): void {
    this.#functionTypes.push(this.#functionTypes[this.#bodyIndex(model)]!);
    const declared = locals === 0 ? [0] : [1, ...unsigned(locals), VALUE_TYPE_I32];
    this.#bodies.push(Uint8Array.from([...declared, ...instructions, code.end]));
    const index = this.#importedFunctions + this.#bodies.length - 1;
    this.#newExports.push({ name, kind: EXPORT_FUNCTION, index });
  }

  /** Adds a function of the same type as `model` whose body is the model's with one run of bytes replaced. */
  addVariant(model: string, find: readonly number[], replacement: readonly number[]): number {
    const body = this.#bodies[this.#bodyIndex(model)]!;
    this.#functionTypes.push(this.#functionTypes[this.#bodyIndex(model)]!);
    this.#bodies.push(replaceRuns(body, find, replacement, 1, `a variant of ${model}`));
    return this.#importedFunctions + this.#bodies.length - 1;
  }

  /**
   * Puts a function in front of another: all callers reach the new instructions, which get the index of the function
   * that they stand for. They have no locals besides its parameters.
   */
  wrap(name: string, instructions: (inner: number) => readonly number[]): void {
    const index = this.#bodyIndex(name);
    this.#functionTypes.push(this.#functionTypes[index]!);
    this.#bodies.push(this.#bodies[index]!);
    this.replaceBody(name, instructions(this.#importedFunctions + this.#bodies.length - 1));
  }

  /** Replaces a run of bytes within a function. It must occur exactly `times` times. */
  edit(name: string, what: string, find: readonly number[], replacement: readonly number[], times = 1): void {
    const index = this.#bodyIndex(name);
    this.#bodies[index] = replaceRuns(this.#bodies[index]!, find, replacement, times, `${what} (in ${name})`);
  }

  /** The edited module. */
  build(): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [this.#bytes.subarray(0, 8)];
    for (const section of this.#sections) {
      if (section.id === SECTION_CUSTOM) continue;
      const content = this.#content(section);
      parts.push(Uint8Array.from([section.id, ...unsigned(content.length)]), content);
    }
    return concatenate(parts);
  }

  #content(section: Section): Uint8Array {
    switch (section.id) {
      case SECTION_FUNCTION:
        return Uint8Array.from([
          ...unsigned(this.#functionTypes.length),
          ...this.#functionTypes.flatMap((type) => unsigned(type)),
        ]);
      case SECTION_GLOBAL:
        return this.#extended(
          section,
          this.#newGlobals.map((g) => [VALUE_TYPE_I32, 1, ...code.i32Const(g.initial), code.end]),
        );
      case SECTION_EXPORT:
        return this.#extended(
          section,
          this.#newExports.map((added) => {
            const name = new TextEncoder().encode(added.name);
            return [...unsigned(name.length), ...name, added.kind, ...unsigned(added.index)];
          }),
        );
      case SECTION_CODE: {
        const sized = this.#bodies.flatMap((body) => [Uint8Array.from(unsigned(body.length)), body]);
        return concatenate([Uint8Array.from(unsigned(this.#bodies.length)), ...sized]);
      }
      default:
        return this.#bytes.subarray(section.start, section.end);
    }
  }

  /** A vector section with entries appended. */
  #extended(section: Section, entries: readonly (readonly number[])[]): Uint8Array {
    const reader = new Reader(this.#bytes, section.start);
    const count = reader.unsigned();
    return concatenate([
      Uint8Array.from(unsigned(count + entries.length)),
      this.#bytes.subarray(reader.at, section.end),
      Uint8Array.from(entries.flat()),
    ]);
  }

  #bodyIndex(name: string): number {
    const index = this.functionIndex(name) - this.#importedFunctions;
    if (index < 0) throw new UnexpectedModuleError(`${name} is imported, it has no body`);
    return index;
  }

  #reader(id: number): Reader | undefined {
    const section = this.#sections.find((s) => s.id === id);
    return section && new Reader(this.#bytes, section.start);
  }

  #readImports(): void {
    const reader = this.#reader(SECTION_IMPORT);
    if (reader === undefined) return;
    for (let left = reader.unsigned(); left > 0; left--) {
      reader.name();
      reader.name();
      const kind = reader.byte();
      if (kind === 0) this.#importedFunctions++;
      if (kind === 0) reader.unsigned();
      else if (kind === 1) reader.skipTable();
      else if (kind === 2) reader.skipLimits();
      else throw new UnexpectedModuleError('an imported global');
    }
  }

  #readFunctionTypes(): void {
    const reader = this.#reader(SECTION_FUNCTION);
    for (let left = reader?.unsigned() ?? 0; left > 0; left--) this.#functionTypes.push(reader!.unsigned());
  }

  #readBodies(): void {
    const reader = this.#reader(SECTION_CODE);
    for (let left = reader?.unsigned() ?? 0; left > 0; left--) {
      const size = reader!.unsigned();
      this.#bodies.push(this.#bytes.subarray(reader!.at, reader!.at + size));
      reader!.at += size;
    }
  }

  #readNames(): void {
    for (const section of this.#sections) {
      if (section.id !== SECTION_CUSTOM) continue;
      const reader = new Reader(this.#bytes, section.start);
      if (reader.name() !== 'name') continue;
      while (reader.at < section.end) {
        const id = reader.byte();
        const size = reader.unsigned();
        const end = reader.at + size;
        if (id === NAME_SUBSECTION_FUNCTIONS) {
          for (let left = reader.unsigned(); left > 0; left--) {
            const index = reader.unsigned();
            this.#functions.set(reader.name(), index);
          }
        }
        reader.at = end;
      }
    }
    if (this.#functions.size === 0) throw new UnexpectedModuleError('the module has no function names');
  }
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new UnexpectedModuleError('the binary ends in the middle of an item');
    return value;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  name(): string {
    const length = this.unsigned();
    const start = this.at;
    this.at += length;
    return new TextDecoder().decode(this.#bytes.subarray(start, this.at));
  }

  skipLimits(): void {
    const hasMaximum = this.byte() & 1;
    this.unsigned();
    if (hasMaximum !== 0) this.unsigned();
  }

  skipTable(): void {
    this.byte();
    this.skipLimits();
  }
}

function replaceRuns(
  body: Uint8Array,
  find: readonly number[],
  replacement: readonly number[],
  times: number,
  what: string,
): Uint8Array {
  const sites: number[] = [];
  for (let at = body.indexOf(find[0]!); at >= 0; at = body.indexOf(find[0]!, at + 1)) {
    if (find.every((byte, i) => body[at + i] === byte)) sites.push(at);
  }
  if (sites.length !== times) {
    throw new UnexpectedModuleError(`${what}: ${sites.length} sites match instead of ${times}`);
  }
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const site of sites) {
    parts.push(body.subarray(from, site), Uint8Array.from(replacement));
    from = site + find.length;
  }
  parts.push(body.subarray(from));
  return concatenate(parts);
}

/** All parts, one after the other, in one array. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
