/*
 * Around the language: how diagnostics read, and several per run.
 */

import { describe, expect, it } from 'vitest';
import { formatDiagnostics, KernelTsProgram } from '../../tools/compiler/frontend/index.ts';
import { Compiler } from '../../tools/compiler/compile.ts';
import { compile, library, libraryFiles, memoryFiles, summary } from './frontend-support.ts';

describe('diagnostics', () => {
  const source = `let small: u8 = 0;
function take(x: u32): void {}

export function f(x: u32, y: i32): void {
  take(y);
  small = x + 1;
  const flag: boolean = x;
  apply((n) => n + x);
  if (x) return;
}

function apply(operation: (n: u32) => u32): u32 {
  return operation(1);
}
`;
  const found = compile(source).diagnostics();

  it('come several at a time, sorted, with one line for a mismatch of brands', () => {
    expect(found.map(summary)).toEqual([
      'main.ts:5:8 TS2345 i32 is not assignable to u32: convert with u32(...)',
      'main.ts:6:11 PW1102 u32 may not fit u8',
      'main.ts:7:9 TS2322 u32 is not assignable to boolean',
      'main.ts:8:20 PW1301 `x` belongs to the function around: functions capture nothing',
      'main.ts:9:7 PW1110 a condition is a boolean, this is u32',
    ]);
  });

  it('read well', () => {
    const files = memoryFiles({ '/src/main.ts': source });
    const picked = found.filter((diagnostic) => ['PW1102', 'PW1301'].includes(diagnostic.code));
    expect(formatDiagnostics(picked, { files, colour: false, base: '/src' }))
      .toBe(`main.ts:6:11: error PW1102: u32 may not fit u8
    6 |   small = x + 1;
      |           ^^^^^
  hint: convert it: u8(...)

main.ts:8:20: error PW1301: \`x\` belongs to the function around: functions capture nothing
    8 |   apply((n) => n + x);
      |                    ^
  main.ts:4:19: declared here
    4 | export function f(x: u32, y: i32): void {
      |                   ------
  hint: pass it as an argument, or keep it in a struct
`);
    expect(formatDiagnostics(picked.slice(0, 1), { files, colour: true })).toContain('\u001b[31merror\u001b[0m PW1102');
  });

  it('put tsc in the words of kernel TS', () => {
    const program = compile(`
      interface MmapSem { readonly tag: 'mmap' }
      interface VmlistLock { readonly tag: 'vmlist' }
      class Task { state: u32; next: Task | null; }
      class Other { name: string; }
      function needs(held: Held<MmapSem>): void {}
      function take(task: Task): void {}
      function sched(): void {}
      export function f(held: Held<VmlistLock>, wide: u64, task: Task, other: Other): u64 {
        needs(held);
        take(task.next);
        take(other);
        task.state = 1;
        sched();
        if (task.next.state === 2) return wide + task.state;
        return wide;
      }`);
    expect(program.diagnostics().map(({ message, hint }) => [message, hint])).toEqual([
      ['Held<VmlistLock> is not assignable to Held<MmapSem>', 'another lock is held than is needed'],
      ['Task | null is not assignable to Task', 'compare it with null, or write x! where it cannot be'],
      [
        "Other is not assignable to Task. Type 'Other' is missing the following properties from type 'Task': state, next",
        null,
      ],
      ["'task.next' is possibly 'null'.", 'compare it with null, or write x! where it cannot be'],
      [
        "Operator '+' cannot be applied to types 'u64' and 'u32'.",
        'convert one side: u64(...), i64(...), u32(...) or i32(...)',
      ],
    ]);
  });

  it('suggest conversions that exist', () => {
    const program = compile(`
      enum Kind { A, B }
      export function f(x: u64, y: i64, z: u32): Kind {
        if (x < y) return Kind.A;
        return z;
      }`);
    expect(program.diagnostics().map(({ code, hint }) => [code, hint])).toEqual([
      ['PW1104', 'convert one side: u64(...) or i64(...)'],
      ['PW1103', 'convert it: i32(...)'],
    ]);
  });

  it('say what is wrong with the files themselves', () => {
    expect(compile("import { x } from './missing.ts';\n").diagnostics().map(summary)).toEqual([
      "main.ts:1:19 TS2307 Cannot find module './missing.ts' or its corresponding type declarations.",
    ]);
    expect(compile('export function f( {\n').diagnostics().length).toBeGreaterThan(0);
    const files = memoryFiles({});
    const none = new KernelTsProgram({
      files,
      entries: ['/src/none.ts'],
      root: '/src',
      libraryFiles,
      defines: new Map(),
    });
    expect(none.diagnostics().map((diagnostic) => diagnostic.code)).toEqual(['TS6053']);
    expect(() => none.lower('/src/none.ts')).toThrow('a program with errors');
  });
});

describe('the stages behind the front end', () => {
  const found = (text: string): string[] => {
    const files = memoryFiles({ '/src/main.ts': text });
    const images = [{ name: 'main', entry: '/src/main.ts', kind: 'program' as const }];
    const compiler = new Compiler({ files, images, root: '/src', library, defines: new Map() });
    return compiler.build().diagnostics.map(summary);
  };

  it('report all faulty assembly, each line where it stands', () => {
    const text = `/** @naked */ export function start(): void { asm\`frob eax, \${other}\`; }
/** @naked */ export function other(): void {
  asm\`
    push eax, 5
    jmp nowhere
  \`;
}
`;
    expect(found(text).map((line) => line.replace(/(no such form|there is no label 'nowhere').*/, '$1'))).toEqual([
      "main.ts:1:51 PW2001 unknown instruction 'frob'",
      'main.ts:4:5 PW2001 push eax, 5: no such form',
      "main.ts:5:5 PW2001 there is no label 'nowhere'",
    ]);
  });

  it('report a symbol that nobody defines at the function that asks for it', () => {
    const text = '/** @naked */ export function start(): void {\n  asm`call ${main}`;\n}\n';
    expect(found(`${text}function main(): u32 {\n  return linkerSymbol('__nope');\n}\n`)).toEqual([
      "main.ts:4:10 PW2002 main:main refers to '__nope', which is not there",
    ]);
  });
});
