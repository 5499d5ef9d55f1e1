/*
 * How long a build takes, and how large its results are. Host time, so the figures depend on the computer, and on what
 * else it does; the CPU time of all threads stands beside it, which depends less. (It is without that of the native tsc, which
 * nobody waits for as a child: a second for everything on a slow computer.)
 *
 * What is measured is the command itself, `pagewright build`, in a copy of the sources. *Cold* is the first build of a
 * fresh clone after `npm ci`, which bundles the command line and has V8 compile most of it (prepare.mjs): nothing is known
 * of the sources. Without a .cache folder, the build has to bundle first. Each edit is made after a build, and differs from
 * those before; the last row is that of one process that watches.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ProjectImages } from '../build/buildProject.ts';
import { atMost, type BenchRow } from './rows.ts';

/** What a build reads. */
const parts = ['kernel', 'emulator', 'tools', 'images', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** Every measurement is the best of so many. */
const REPEATS = 3;

interface Cost {
  readonly seconds: number;
  /** Of all threads, in user mode and in the system, in seconds. */
  readonly cpu: number;
}

/** Changes a file of the copy; `n` makes each edit another one. */
type Edit = (root: string, n: number) => void;

const edits: readonly (readonly [name: string, edit: Edit])[] = [
  ['after an edit in a function of the kernel', editFunction('kernel/mm/buddy.ts')],
  ['after an edit in a function of a program', editFunction('kernel/user/cat.ts')],
  ['after another declaration in the kernel', addDeclaration('kernel/lib/string.ts')],
];

export async function buildRows(root: string, images: ProjectImages): Promise<BenchRow[]> {
  const copy = mkdtempSync(join(tmpdir(), 'pagewright-'));
  try {
    for (const part of parts) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const forget = (): void => rmSync(join(copy, '.cache'), { recursive: true, force: true });
    const cold = best(() => {
      forget();
      run(copy, 'npm run --silent prepare');
      return build(copy);
    });
    const rows = rowsOf('everything, cold', cold, 3);
    const unbundled = best(() => {
      forget();
      return build(copy);
    });
    rows.push(row('everything, without a .cache folder', unbundled.seconds, 's'));
    for (const [name, edit] of edits) {
      const cost = best((n) => {
        edit(copy, n);
        return build(copy);
      });
      rows.push(...rowsOf(name, cost, 0.7));
    }
    return [
      ...rows,
      atMost(row('after an edit in a function of the kernel, watched', await watched(copy), 's'), 0.7),
      row('kernel image, with debug information', images.kernel.length, 'bytes'),
      row('initial RAM disk', images.initrd.length, 'bytes'),
    ];
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function row(name: string, value: number, unit: string): BenchRow {
  return { group: 'build', name, value, unit };
}

function rowsOf(name: string, { cpu, seconds }: Cost, goal: number): BenchRow[] {
  return [atMost(row(name, seconds, 's'), goal), row(`${name}: CPU`, cpu, 's')];
}

/** The shortest time and the least CPU time, perhaps of different runs. */
function best(measure: (n: number) => Cost): Cost {
  const costs = Array.from({ length: REPEATS }, (_, n) => measure(n));
  return {
    seconds: Math.min(...costs.map(({ seconds }) => seconds)),
    cpu: Math.min(...costs.map(({ cpu }) => cpu)),
  };
}

/** Runs `pagewright build` in a folder. The shell's `times` tells what its children have used. */
function build(root: string): Cost {
  const started = performance.now();
  const stdout = run(root, 'tools/cli/pagewright.mjs build >&2 && times');
  const seconds = (performance.now() - started) / 1000;
  const children = stdout.trim().split('\n').at(-1) ?? '';
  const cpu = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);
  return { seconds, cpu };
}

/** Gives what the script says. */
function run(root: string, script: string): string {
  const { status, stderr, stdout } = spawnSync('sh', ['-c', script], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return stdout;
}

/** The shortest time, in seconds, from an edit to what `pagewright build --watch` says of it. */
async function watched(root: string): Promise<number> {
  const child = spawn(process.execPath, ['tools/cli/pagewright.mjs', 'build', '--watch', '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextBuild = async (): Promise<void> => {
    const line = (await lines.next()) as IteratorResult<string, undefined>;
    const isBuilt = line.done !== true && (JSON.parse(line.value) as { ok: boolean }).ok;
    if (!isBuilt) throw new Error('the build that watches has failed');
  };
  const edit = editFunction('kernel/mm/buddy.ts');
  const seconds: number[] = [];
  try {
    await nextBuild();
    for (let n = 0; n < REPEATS; n++) {
      const started = performance.now();
      edit(root, n + REPEATS);
      await nextBuild();
      seconds.push((performance.now() - started) / 1000);
    }
  } finally {
    child.kill();
  }
  return Math.min(...seconds);
}

function editFunction(path: string): Edit {
  return (root, n) => {
    change(
      join(root, path),
      /^(?:export )?function \w+\([^)]+\): \w+ \{\n/m,
      (head) => `${head}  const edited${n} = ${n};\n`,
    );
  };
}

function addDeclaration(path: string): Edit {
  return (root, n) => change(join(root, path), /$/, () => `\nexport const EDITED_${n}: u32 = ${n};\n`);
}

function change(file: string, pattern: RegExp, replace: (found: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = before.replace(pattern, replace);
  if (after === before) throw new Error(`${file} has nothing to edit`);
  writeFileSync(file, after);
}
