/*
 * Around the language: how diagnostics read, several per run, and building again after an edit.
 */

import { describe, expect, it } from 'vitest';
import {
  formatDiagnostics,
  KernelTsProgram,
  mergeDiagnostics,
  type Diagnostic,
} from '../../tools/compiler/frontend/index.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import { compile, libraryFiles, memoryFiles, summary } from './frontend-support.ts';

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

describe('a build in two parts', () => {
  it.each([
    ['export function start(): u32 { return 5; }'],
    ['export function start(x: u32, y: i32): u8 { const z = x + y; return x; }'],
    ['export function start(x: u32): void { missing(x); if (x) return; }'],
    ['export function start(: u32'],
    ["import { a } from './b.ts'; export function start(): u32 { return a + 1.5; }"],
  ])('has the findings of a whole one: %s', (text) => {
    const files = memoryFiles({ '/src/main.ts': text });
    const options = { files, entries: ['/src/main.ts'], root: '/src', libraryFiles, defines: new Map() };
    const [all, types, code] = (['all', 'types', 'code'] as const).map(
      (part) => new KernelTsProgram({ ...options, part }),
    );
    expect(mergeDiagnostics(types!.diagnostics(), code!.diagnostics())).toEqual(all!.diagnostics());
    if (all!.diagnostics().length > 0) return;
    expect(printModule(code!.lower('/src/main.ts'))).toBe(printModule(all!.lower('/src/main.ts')));
    expect(() => types!.lower('/src/main.ts')).toThrow('only the types');
  });
});

describe('building again', () => {
  const original: Readonly<Record<string, string>> = {
    '/src/lib.ts': `
      export const STEP = 4;
      export function step(x: u32): u32 { return x + STEP; }
      export function twice<T extends number>(x: T): T { return x; }`,
    '/src/a.ts': `
      import { step } from './lib.ts';
      export function start(): u32 { return step(1); }`,
    '/src/b.ts': `
      import { type Point } from './types.ts';
      export function start(p: Point): u32 { return p.x; }`,
    '/src/types.ts': 'export class Point { x: u32; }',
  };
  const entries = ['/src/a.ts', '/src/b.ts'];

  function build(files: Readonly<Record<string, string>>, previous?: KernelTsProgram, smp = false): KernelTsProgram {
    const defines = new Map([['SMP', smp]]);
    const program = new KernelTsProgram({
      files: memoryFiles(files),
      entries,
      root: '/src',
      libraryFiles,
      defines,
      previous,
    });
    program.diagnostics();
    return program;
  }

  /** The same as without the build before, whatever was reused. */
  function rebuilt(files: Readonly<Record<string, string>>, previous: KernelTsProgram): readonly Diagnostic[] {
    const program = build(files, previous);
    const fresh = build(files);
    expect(program.diagnostics()).toEqual(fresh.diagnostics());
    if (fresh.diagnostics().length === 0) {
      for (const entry of entries) expect(printModule(program.lower(entry))).toBe(printModule(fresh.lower(entry)));
    }
    return program.diagnostics();
  }

  const first = build(original);

  it('knows which programs an edit touches', () => {
    const body = build({ ...original, '/src/lib.ts': original['/src/lib.ts']!.replace('x + STEP', 'x - STEP') }, first);
    expect(entries.map((entry) => body.isUnchanged(entry))).toEqual([false, true]);
    const type = build({ ...original, '/src/types.ts': 'export class Point { y: u32; x: u32; }' }, first);
    expect(entries.map((entry) => type.isUnchanged(entry))).toEqual([true, false]);
    const same = build({ ...original }, first);
    expect(entries.map((entry) => same.isUnchanged(entry))).toEqual([true, true]);
    expect(entries.map((entry) => first.isUnchanged(entry))).toEqual([false, false]);
    expect(build(original, first, true).isUnchanged('/src/a.ts')).toBe(false);
  });

  it('gives what a build from nothing gives', () => {
    const edits: [string, string, string, number][] = [
      ['/src/lib.ts', 'x + STEP', 'x * STEP', 0],
      ['/src/lib.ts', 'STEP = 4', 'STEP = 5', 0],
      ['/src/lib.ts', 'x + STEP', 'x + STOP', 1],
      ['/src/lib.ts', 'step(x: u32)', 'step(x: boolean)', 2],
      ['/src/types.ts', 'x: u32', 'x: u8', 0],
      ['/src/types.ts', 'x: u32', 'x: i32', 1],
      ['/src/types.ts', 'x: u32', 'y: u32', 1],
      ['/src/a.ts', 'step(1)', 'step(1) + 1n', 1],
    ];
    for (const [path, from, to, count] of edits) {
      expect(rebuilt({ ...original, [path]: original[path]!.replace(from, to) }, first), to).toHaveLength(count);
    }
  });

  it('forgets errors once they are mended, and keeps those that are not', () => {
    const text = original['/src/a.ts']!;
    const wrong = build({ ...original, '/src/a.ts': text.replace('step(1)', 'step(-1)') }, first);
    expect(wrong.diagnostics().map((one) => one.code)).toEqual(['PW1106']);
    expect(rebuilt({ ...original, '/src/a.ts': text.replace('step(1)', 'step(-2)') }, wrong)).toHaveLength(1);
    const other = {
      ...original,
      '/src/a.ts': text.replace('step(1)', 'step(-1)'),
      '/src/types.ts': 'export class Point { x: i32; }',
    };
    const both = build(other, wrong);
    expect(both.diagnostics()).toEqual(build(other).diagnostics());
    expect(rebuilt(original, both)).toEqual([]);
  });
});
