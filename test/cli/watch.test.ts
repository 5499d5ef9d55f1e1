/*
 * `pagewright build --watch`, in a small project of its own: the command line is this one's, the kernel a few lines.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnostic } from '../../tools/compiler/frontend/index.ts';

const root = join(import.meta.dirname, '..', '..');

/** What a build prints as JSON. */
interface Report {
  readonly ok: boolean;
  readonly programs: Readonly<Record<string, number>>;
  readonly diagnostics: readonly Diagnostic[];
}

const kernel = `
  /** @section .multiboot @align 4 @export */
  export const header = table<u32, 3>(0x1badb002, 0, 0xe4524ffe);
  /** @naked @export */
  export function start(): void { asm\`call \${main}; hlt\`; }
  function main(): u32 { return 1; }`;

const program = (body: string): string => `
  /** @naked @export */
  export function start(): void { asm\`call \${main}; hlt\`; }
  function main(): u32 { ${body} }`;

let project: string;
let child: ChildProcessWithoutNullStreams;
let lines: Interface;
let errors = '';

function write(path: string, text: string): void {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** What the first build says that gives something of this kind: a save may count as two changes. */
async function report(expected: (report: Report) => boolean): Promise<Report> {
  for (;;) {
    const [line] = (await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error(`the watch has ended: ${errors}`))),
    ])) as [string];
    const found = JSON.parse(line) as Report;
    if (expected(found)) return found;
  }
}

const programFile = (name: string): Buffer => readFileSync(join(project, 'dist', 'bin', name));

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'watch-'));
  for (const part of ['tools', 'emulator', 'package.json', 'package-lock.json', 'tsconfig.json', 'kernel/abi']) {
    cpSync(join(root, part), join(project, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  write('kernel/arch/x86/boot.ts', kernel);
  write('kernel/user/one.ts', program('return 1;'));
  write('images/initramfs.json', '{"folders":["bin"],"modes":{},"devices":[],"files":[],"programs":"bin"}');
  const command = join(project, 'tools', 'cli', 'pagewright.mjs');
  child = spawn(process.execPath, [command, 'build', '--watch', '--json']);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  lines = createInterface(child.stdout);
});

afterAll(() => {
  child.kill('SIGKILL');
  rmSync(project, { recursive: true });
});

test('builds again after every change, until the compiler itself is another', async () => {
  await report(({ ok, programs }) => ok && Object.keys(programs).join() === 'one');
  const first = programFile('one');
  const isFirst = (): boolean => programFile('one').equals(first);

  write('kernel/user/one.ts', program('return 2;'));
  await report(({ ok }) => ok && !isFirst());

  write('kernel/user/one.ts', program('return two;'));
  const { diagnostics } = await report(({ ok }) => !ok);
  expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining("'two'")]);

  // As editors save: a draft first, which takes the place of the file.
  write('kernel/user/one.draft', program('return 1;'));
  renameSync(join(project, 'kernel/user/one.draft'), join(project, 'kernel/user/one.ts'));
  await report(({ ok }) => ok && isFirst());

  write('kernel/lib/new/three.ts', 'export function three(): u32 { return 3; }');
  write('kernel/user/two.ts', `import { three } from '../lib/new/three.ts';\n${program('return three();')}`);
  await report(({ ok, programs }) => ok && Object.keys(programs).join() === 'one,two');
  const second = programFile('two');
  write('kernel/lib/new/three.ts', 'export function three(): u32 { return 33; }');
  await report(({ ok }) => ok && !programFile('two').equals(second));

  const ended = once(child, 'exit');
  write('tools/compiler/hash.ts', `${readFileSync(join(project, 'tools/compiler/hash.ts'), 'utf8')}\n// new\n`);
  expect(await ended).toEqual([1, null]);
  expect(errors).toBe('pagewright build: the compiler itself has changed; start anew\n');
});
