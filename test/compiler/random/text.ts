/*
 * The two texts of a random program: kernel TS and C. Kept side by side, so that one sees at a glance that they say the
 * same. `mix` folds a value into the checksum, which `main` returns.
 */
import {
  bitsOf,
  isSigned,
  RECORDS,
  type Condition,
  type Expression,
  type IntegerType,
  type Program,
  type ProgramFunction,
  type Statement,
  type WideType,
} from './program.ts';

interface Language {
  expression(e: Expression): string;
  condition(c: Condition): string;
  /** A value of type `from` converted to `to`. */
  convert(text: string, from: IntegerType, to: IntegerType): string;
  readonly array: 'ts' | 'c';
}

const cTypes: Readonly<Record<IntegerType, string>> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  u64: 'uint64_t',
  i8: 'int8_t',
  i16: 'int16_t',
  i32: 'int32_t',
  i64: 'int64_t',
};

const ts: Language = {
  array: 'ts',
  convert: (text, from, to) => (from === to ? text : `${to}(${text})`),
  expression(e) {
    switch (e.kind) {
      case 'literal':
        return tsLiteral(e.value, e.type);
      case 'read':
        return e.isBare === true ? e.place.ts : ts.convert(e.place.ts, e.place.type, e.type);
      case 'element':
        return ts.convert(`${e.array.ts}[${indexText(ts, e.index, e.array.length)}]`, e.array.element, e.type);
      case 'convert':
        return `${e.type}(${e.through}(${ts.expression(e.operand)}))`;
      case 'unary':
        return `(${e.operator}${ts.expression(e.operand)})`;
      case 'binary':
        return `(${ts.expression(e.left)} ${e.operator} ${rightOperand(ts, e)})`;
      case 'choice':
        return `(${ts.condition(e.condition)} ? ${ts.expression(e.yes)} : ${ts.expression(e.no)})`;
      case 'call':
        return `${e.callee.name}(${e.args.map((arg, i) => ts.convert(ts.expression(arg), arg.type, e.callee.parameters[i]!.type)).join(', ')})`;
    }
  },
  condition: (c) => conditionText(ts, c),
};

const c: Language = {
  array: 'c',
  convert: (text, _from, to) => `(${cTypes[to]})(${text})`,
  expression(e) {
    switch (e.kind) {
      case 'literal':
        return `(${cTypes[e.type]})${cLiteral(e.value, e.type)}`;
      case 'read':
        return c.convert(e.place.c, e.place.type, e.type);
      case 'element':
        return c.convert(`${e.array.c}[${indexText(c, e.index, e.array.length)}]`, e.array.element, e.type);
      case 'convert':
        return `(${cTypes[e.type]})(${cTypes[e.through]})(${c.expression(e.operand)})`;
      case 'unary':
        return `(${e.operator}${c.expression(e.operand)})`;
      case 'binary': {
        const left = c.expression(e.left);
        const right = rightOperand(c, e);
        if (e.operator !== '>>>') return `(${left} ${e.operator} ${right})`;
        return `(${cTypes[e.type]})((uint32_t)${left} >> ${right})`;
      }
      case 'choice':
        return `(${c.condition(e.condition)} ? ${c.expression(e.yes)} : ${c.expression(e.no)})`;
      case 'call':
        return `${e.callee.name}(${e.args.map((arg, i) => c.convert(c.expression(arg), arg.type, e.callee.parameters[i]!.type)).join(', ')})`;
    }
  },
  condition: (condition) => conditionText(c, condition),
};

/** Shift counts are masked in C, where a large one is undefined; divisors are made odd, small and positive in both. */
function rightOperand(language: Language, e: Extract<Expression, { kind: 'binary' }>): string {
  const right = language.expression(e.right);
  const suffix = bitsOf(e.type) === 64 ? (language.array === 'ts' ? 'n' : 'LL') : '';
  switch (e.operator) {
    case '/':
    case '%':
      return `((${right} & 255${suffix}) | 1${suffix})`;
    case '<<':
    case '>>':
    case '>>>':
      return language.array === 'ts' ? right : `(${right} & ${bitsOf(e.type) - 1})`;
    default:
      return right;
  }
}

function indexText(language: Language, index: Expression, length: number): string {
  return `${language.convert(language.expression(index), index.type, 'u32')} & ${length - 1}`;
}

function conditionText(language: Language, condition: Condition): string {
  switch (condition.kind) {
    case 'compare': {
      const operator =
        language.array === 'ts' ? condition.operator : condition.operator.replace('===', '==').replace('!==', '!=');
      return `(${language.expression(condition.left)} ${operator} ${language.expression(condition.right)})`;
    }
    case 'and':
      return `(${language.condition(condition.left)} && ${language.condition(condition.right)})`;
    case 'or':
      return `(${language.condition(condition.left)} || ${language.condition(condition.right)})`;
    case 'not':
      return `!(${language.condition(condition.operand)})`;
  }
}

function tsLiteral(value: bigint, type: WideType): string {
  return `${type}(${value}${bitsOf(type) === 64 ? 'n' : ''})`;
}

function cLiteral(value: bigint, type: WideType): string {
  const bits = bitsOf(type);
  return `${BigInt.asUintN(bits, value)}${bits === 64 ? 'ULL' : 'U'}`;
}

function statementText(language: Language, statement: Statement, indent: string): string {
  const e = (value: Expression, to: IntegerType): string =>
    language.convert(language.expression(value), value.type, to);
  const block = (body: readonly Statement[]): string =>
    body.map((s) => statementText(language, s, `${indent}  `)).join('');
  switch (statement.kind) {
    case 'assign':
      return `${indent}${statement.target[language.array]} = ${e(statement.value, statement.target.type)};\n`;
    case 'assignElement': {
      const { array } = statement;
      return `${indent}${array[language.array]}[${indexText(language, statement.index, array.length)}] = ${e(statement.value, array.element)};\n`;
    }
    case 'update':
      return `${indent}${updateText(language, statement)};\n`;
    case 'step':
      return `${indent}${statement.target[language.array]}${statement.operator};\n`;
    case 'if':
      return `${indent}if (${language.condition(statement.condition)}) {\n${block(statement.yes)}${indent}} else {\n${block(statement.no)}${indent}}\n`;
    case 'loop': {
      const type = language.array === 'ts' ? `let ${statement.counter}: u32` : `uint32_t ${statement.counter}`;
      return `${indent}for (${type} = 0; ${statement.counter} < ${statement.count}; ${statement.counter}++) {\n${block(statement.body)}${indent}}\n`;
    }
    case 'leave':
      return `${indent}if (${language.condition(statement.condition)}) ${statement.how};\n`;
    case 'switch': {
      const cases = statement.cases.map((body, i) => {
        const label = i === statement.cases.length - 1 ? 'default' : `case ${i}`;
        const end = i % 3 === 2 ? '' : `${indent}    break;\n`; // every third one falls through
        return `${indent}  ${label}: {\n${body.map((s) => statementText(language, s, `${indent}    `)).join('')}${indent}  }\n${end}`;
      });
      return `${indent}switch (${e(statement.value, 'u32')} & 7) {\n${cases.join('')}${indent}}\n`;
    }
    case 'mix': {
      const wide: WideType = bitsOf(statement.value.type) === 64 ? 'u64' : 'u32';
      return `${indent}${wide === 'u64' ? 'mixWide' : 'mix'}(${e(statement.value, wide)});\n`;
    }
  }
}

/** A compound assignment; in C written out, since there it happens in other types. */
function updateText(language: Language, { operator, target, value }: Extract<Statement, { kind: 'update' }>): string {
  const { type } = value;
  const whole = { kind: 'binary', type, operator, left: { kind: 'read', type, place: target }, right: value } as const;
  if (language.array === 'ts') return `${target.ts} ${operator}= ${rightOperand(language, whole)}`;
  return `${target.c} = ${c.convert(c.expression(whole), type, target.type)}`;
}

function inRange(value: bigint, type: IntegerType): bigint {
  return isSigned(type) ? BigInt.asIntN(bitsOf(type), value) : BigInt.asUintN(bitsOf(type), value);
}

/** The program as a module of kernel TS that exports `main(): u32`. */
export function kernelTsText(program: Program): string {
  const literal = (value: bigint, type: IntegerType): string =>
    `${inRange(value, type)}${bitsOf(type) === 64 ? 'n' : ''}`;
  const functionText = (f: ProgramFunction): string =>
    `function ${f.head.name}(${f.head.parameters.map((p) => `${p.name}: ${p.type}`).join(', ')}): ${f.head.returns} {\n` +
    f.locals.map((l) => `  let ${l.name}: ${l.type} = ${literal(l.value, l.type)};\n`).join('') +
    f.body.map((s) => statementText(ts, s, '  ')).join('') +
    `  return ${ts.expression(f.result)};\n}\n`;
  return (
    `class Record {\n${program.structFields.map((f) => `  ${f.name}: ${f.type};\n`).join('')}}\n` +
    `const record = zeroed<Inline<Record>>();\nconst records = zeroed<FixedArray<Inline<Record>, ${RECORDS}>>();\n` +
    'let checksum: u32 = 17;\n' +
    program.globals.map((g) => `let ${g.name}: ${g.type} = ${literal(g.value, g.type)};\n`).join('') +
    program.arrays.map((a) => `const ${a.name} = zeroed<FixedArray<${a.element}, ${a.length}>>();\n`).join('') +
    'function mix(value: u32): void {\n  checksum = ((checksum << 5) ^ (checksum >>> 27) ^ value) * 2654435761;\n}\n' +
    'function mixWide(value: u64): void {\n  mix(u32(value));\n  mix(u32(value >> 32n));\n}\n' +
    program.functions.map(functionText).join('') +
    `export function main(): u32 {\n${program.main.map((s) => statementText(ts, s, '  ')).join('')}  return checksum;\n}\n`
  );
}

/** The program as C that prints the checksum: eight hexadecimal digits. */
export function cText(program: Program): string {
  const functionText = (f: ProgramFunction): string =>
    `static ${cTypes[f.head.returns]} ${f.head.name}(${f.head.parameters.map((p) => `${cTypes[p.type]} ${p.name}`).join(', ') || 'void'}) {\n` +
    f.locals
      .map((l) => `  ${cTypes[l.type]} ${l.name} = (${cTypes[l.type]})${BigInt.asUintN(64, l.value)}ULL;\n`)
      .join('') +
    f.body.map((s) => statementText(c, s, '  ')).join('') +
    `  return ${c.expression(f.result)};\n}\n`;
  return (
    '#include <stdint.h>\n#include <stdio.h>\n' +
    `static struct {\n${program.structFields.map((f) => `  ${cTypes[f.type]} ${f.name};\n`).join('')}} record, records[${RECORDS}];\nstatic uint32_t checksum = 17;\n` +
    program.globals
      .map((g) => `static ${cTypes[g.type]} ${g.name} = (${cTypes[g.type]})${BigInt.asUintN(64, g.value)}ULL;\n`)
      .join('') +
    program.arrays.map((a) => `static ${cTypes[a.element]} ${a.name}[${a.length}];\n`).join('') +
    'static void mix(uint32_t value) {\n  checksum = ((checksum << 5) ^ (checksum >> 27) ^ value) * 2654435761u;\n}\n' +
    'static void mixWide(uint64_t value) {\n  mix((uint32_t)value);\n  mix((uint32_t)(value >> 32));\n}\n' +
    program.functions.map(functionText).join('') +
    `int main(void) {\n${program.main.map((s) => statementText(c, s, '  ')).join('')}  printf("%08x\\n", checksum);\n  return 0;\n}\n`
  );
}
