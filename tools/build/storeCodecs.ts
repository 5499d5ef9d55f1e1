/*
 * How the values of the compiler's store become bytes, and bytes become values: shelf by shelf, in blocks of some values.
 *
 * A block has several parts if not all of a value is wanted every time: bodies of functions, details of files.
 */
import { deserialize, serialize } from 'node:v8';
import type { FrameChange } from '../compiler/backend/machine/types.ts';
import type { FileDetail, FileDigest } from '../compiler/incremental/digest.ts';
import type { FileUnits } from '../compiler/incremental/keys.ts';
import type { StoredCode } from '../compiler/incremental/lines.ts';
import type { ExpandedOutline } from '../compiler/incremental/stages.ts';
import type { CompileStore, StoredFunction } from '../compiler/incremental/store.ts';
import type { Need } from '../compiler/frontend/records.ts';
import type { EncodedBody, EncodedFunction } from '../compiler/ir/codec.ts';
import type { Reference } from '../compiler/ir/outline.ts';
import type { FunctionOptions, SourceLocation, ValueType } from '../compiler/ir/types.ts';
import type { BuiltImage, LayoutFile } from '../compiler/output/index.ts';
import {
  anything,
  bytes,
  flag,
  integers,
  listOf,
  name,
  number,
  numbers,
  oneOf,
  optional,
  orNull,
  type Packer,
  record,
  shared,
  text,
  Unpacker,
  type Form,
} from './forms.ts';

export interface Codec<T> {
  /** So many values make a block. Default: LARGEST_BLOCK. */
  readonly blockLength?: number;
  /** Gives what makes the parts of a block; its bytes are there until the packer makes others. */
  pack(values: readonly T[], packer: Packer): readonly (() => Uint8Array)[];
  /** Gives what finds the values of a block by their numbers. */
  unpack(part: (n: number) => Buffer): (n: number) => T;
}

/** Makes the thing when it is asked for the first time. */
function later<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}

// ---------------------------------------------------------------------------------------------------------------------
// Forms of what is on the shelves.

const type: Form<ValueType> = oneOf('i32', 'i64', 'void');
const texts = listOf(text);
const bigNumber: Form<bigint> = {
  write: (value, to) => to.text(value.toString()),
  read: (from) => BigInt(from.text()),
};
const references = listOf(record<Reference>({ symbol: text, isCall: flag }));
const options = record<FunctionOptions>({
  section: orNull(name),
  align: number,
  inline: orNull(flag),
  isExported: flag,
});

/** Of all kinds: what a need does not have is not there. */
const need = shared(
  record({
    kind: oneOf<Need['kind']>('function', 'global', 'class', 'text'),
    id: text,
    symbol: text,
    unit: optional(text),
    classes: optional(texts),
    text: optional(text),
  }),
) as Form<Need>;

const header = record<Omit<StoredFunction, 'code'> & { readonly code: Omit<EncodedFunction, 'body'> }>({
  code: record({
    name: text,
    parameters: listOf(type),
    returns: type,
    options,
    debug: record({
      name: text,
      location: record<SourceLocation>({ file: name, line: number, column: number, inlinedAt: optional(anything()) }),
    }),
    asm: orNull(anything()),
  }),
  references,
  needs: listOf(need),
  line: number,
});

const body = record<EncodedBody>({
  slots: listOf(record({ name: text, size: number, align: number })),
  valueLimit: number,
  blockLimit: number,
  code: integers,
  texts,
  wide: listOf(bigNumber),
  signatures: listOf(listOf(type)),
  locations: integers,
});

const unit = record({ name, hash: text, mentions: numbers, line: number, column: number });

const imports = listOf(record({ local: name, path: name, name }));

const detail = record<FileDetail>({
  names: texts,
  declarations: listOf(
    record({
      names: texts,
      isClass: flag,
      shape: text,
      mentions: numbers,
      shapeSpans: numbers,
      units: listOf(unit),
    }),
  ),
  imports,
  exports: listOf(record({ name, local: name })),
  passedOn: imports,
  links: numbers,
});

const digest = record<Omit<FileDigest, 'detail'>>({
  hash: text,
  modules: listOf(record({ path: text, isTypeOnly: flag })),
  classes: texts,
  passesOn: flag,
  outside: text,
});

type Argument = ExpandedOutline['calls'][number]['args'][number];
type Leaf = Exclude<Argument, number | null>;

const scalar: Form<number | bigint> = {
  write(value, to) {
    flag.write(typeof value === 'bigint', to);
    if (typeof value === 'bigint') bigNumber.write(value, to);
    else to.number(value);
  },
  read: (from) => (flag.read(from) ? bigNumber.read(from) : from.number()),
};

const leaf = record<Leaf>({ op: oneOf('const', 'symbol'), type, value: scalar, symbol: text, offset: number });

const NO_ARGUMENT = -1;
const LEAF = -2;

/** A number is that of a parameter. */
const argument: Form<Argument> = {
  write(value, to) {
    if (typeof value === 'number') to.number(value);
    else if (value === null) to.number(NO_ARGUMENT);
    else {
      to.number(LEAF);
      leaf.write(value, to);
    }
  },
  read(from) {
    const found = from.number();
    if (found >= 0) return found;
    return found === LEAF ? leaf.read(from) : null;
  },
};

const expanded = record<ExpandedOutline>({
  key: text,
  name: text,
  references,
  isNaked: flag,
  isThere: listOf(flag),
  isUsed: listOf(flag),
  calls: listOf(record({ callee: text, args: listOf(argument) })),
  options,
  parameterCount: number,
  size: number,
  frame: number,
  isCopyable: flag,
});

const finished = record<StoredCode>({
  code: record({
    name: text,
    section: orNull(name),
    align: number,
    bytes,
    frame: orNull(
      record({
        size: number,
        pushes: numbers,
        depths: listOf(
          record<FrameChange>({
            at: number,
            depth: number,
            saved: optional(number),
            restored: optional(number),
            isBody: optional({ write: () => undefined, read: () => true as const }),
          }),
        ),
      }),
    ),
    exceptions: listOf(record({ from: number, to: number })),
    isExported: flag,
    debugName: text,
    tables: listOf(record({ name: text, targets: numbers })),
  }),
  units: listOf(record({ unit: text, file: name })),
  places: integers,
  symbols: texts,
  fixups: integers,
});

const units = record<FileUnits>({ names: texts, keys: texts, owners: texts, lines: integers, columns: integers });

// ---------------------------------------------------------------------------------------------------------------------

function packed<T>(form: Form<T>): Codec<T> {
  return {
    pack: (values, packer) => [() => packer.pack(values, form)],
    unpack(part) {
      const unpacker = new Unpacker(part(0));
      return (n) => unpacker.value(n, form);
    },
  };
}

/** `rest`: what of the values many have no need for. It is read when somebody wants it of one of them. */
function packedApart<T extends Short, Short, Rest>(
  short: Form<Short>,
  rest: Form<Rest>,
  restOf: (value: T) => Rest,
  withRest: (value: Short, rest: () => Rest) => T,
): Codec<T> {
  return {
    pack: (values, packer) => [() => packer.pack(values, short), () => packer.pack(values.map(restOf), rest)],
    unpack(part) {
      const shorts = new Unpacker(part(0));
      const rests = later(() => new Unpacker(part(1)));
      return (n) => {
        const found = later(() => rests().value(n, rest));
        return withRest(shorts.value(n, short), found);
      };
    },
  };
}

function serialized<T>(): Codec<T> {
  return {
    pack: (values) => [() => serialize(values)],
    unpack(part) {
      const values = deserialize(part(0)) as T[];
      return (n) => values[n]!;
    },
  };
}

/** The same bytes as what they were when they were stored. */
function bytesOf({ buffer, byteLength, byteOffset }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const asImage: Codec<BuiltImage> = {
  blockLength: 1,
  pack(values) {
    const { elf, layoutText, stripped } = values[0]!;
    return [() => elf, () => stripped, () => Buffer.from(layoutText ?? '')];
  },
  unpack(part) {
    const text = part(2); // read now, lest damage is found when the build is over
    const parse = later(() => JSON.parse(text.toString()) as LayoutFile);
    const image = {
      elf: bytesOf(part(0)),
      stripped: bytesOf(part(1)),
      get layoutText() {
        return text.length === 0 ? null : text.toString();
      },
      get layout() {
        return text.length === 0 ? null : parse();
      },
    };
    return () => image;
  },
};

type Shelves = Omit<CompileStore, 'endBuild' | 'nameOf' | 'prepareEnd'>;
type ValueOf<S> = S extends { find(key: string): infer T | undefined } ? T : never;

export const codecs: { readonly [Name in keyof Shelves]: Codec<ValueOf<Shelves[Name]>> } = {
  digests: packedApart(
    digest,
    detail,
    (value) => value.detail,
    (value, rest) => ({
      ...value,
      get detail() {
        return rest();
      },
    }),
  ),
  worlds: serialized(),
  lastWorlds: serialized(),
  units: packed(units),
  checked: serialized(),
  facts: serialized(),
  functions: packedApart(
    header,
    body,
    ({ code }) => code.body,
    (value, rest) => {
      const code = {
        ...value.code,
        get body() {
          return rest();
        },
      };
      return { ...value, code };
    },
  ),
  globals: serialized(),
  classes: serialized(),
  expanded: packed(expanded),
  finished: packed(finished),
  images: asImage,
  plans: { ...serialized(), blockLength: 1 },
};
