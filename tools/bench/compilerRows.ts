/*
 * The quality of the compiler's code, in guest instructions: each program of `programs/` against equal C under gcc, both
 * as bare kernels on the same machine. What entering main and leaving the machine costs is the same and counts for both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { buildBare } from '../build/bare.ts';
import { diskFiles } from '../build/diskFiles.ts';
import type { BenchRow } from './rows.ts';

const LIMIT = 1e9;
const gccLevels = ['-O0', '-O1', '-O2'] as const;

/** Enters C's benchMain as the bare kernel of kernel TS enters main, but without paging. */
const cStart = `
__asm__(".text\\n.align 4\\n.long 0x1badb002, 0, 0xe4524ffe\\n.globl _start\\n_start: mov $stack + 65536, %esp\\ncall benchMain\\nmov $0xf4, %edx\\nout %eax, %dx\\n"
        "1: hlt\\njmp 1b\\n.bss\\n.align 16\\nstack: .skip 65536\\n.text\\n");
`;

/** Rows for all programs, then their geometric means. */
export async function compilerRows(root: string): Promise<BenchRow[]> {
  const folder = join(root, 'tools', 'bench', 'programs');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => name.slice(0, -'.c'.length));
  const temporary = mkdtempSync(join(tmpdir(), 'pagewright-bench-'));
  const rows: BenchRow[] = [];
  const ratios = new Map<string, number[]>(gccLevels.map((level) => [level, []]));
  try {
    for (const name of names) {
      const ours = await countOurs(root, join(folder, `${name}.ts`));
      for (const level of gccLevels) {
        const theirs = await countC(temporary, join(folder, `${name}.c`), level);
        if (theirs.result !== ours.result) throw new Error(`${name}: the compilers disagree about its result`);
        const ratio = ours.instructions / theirs.instructions;
        ratios.get(level)!.push(ratio);
        rows.push({
          group: 'code',
          name,
          value: ours.instructions,
          unit: 'instructions',
          against: `gcc ${level}`,
          ratio,
        });
      }
    }
  } finally {
    rmSync(temporary, { recursive: true });
  }
  for (const [level, of] of ratios) {
    const ratio = Math.exp(of.reduce((sum, r) => sum + Math.log(r), 0) / of.length);
    rows.push({ group: 'code', name: 'geometric mean', value: ratio, unit: '', against: `gcc ${level}`, ratio });
  }
  return rows;
}

interface Count {
  readonly instructions: number;
  readonly result: number;
}

function countOurs(root: string, program: string): Promise<Count> {
  const library = join(root, 'tools', 'compiler', 'library');
  return count(buildBare({ files: diskFiles, program, library, kind: 'kernel' }).elf);
}

async function countC(folder: string, source: string, level: string): Promise<Count> {
  const file = join(folder, 'program.c');
  const image = join(folder, 'program.elf');
  writeFileSync(file, cStart + readFileSync(source, 'utf8'));
  const options = [
    '-m32',
    level,
    '-fwrapv',
    '-ffreestanding',
    '-fno-pie',
    '-no-pie',
    '-nostdlib',
    '-static',
    '-fcf-protection=none',
  ];
  const link = ['-Wl,-Ttext-segment=0x100000', '-Wl,--build-id=none', '-Wl,-z,noseparate-code'];
  execFileSync('gcc', [...options, '-fno-asynchronous-unwind-tables', ...link, '-o', image, file, '-lgcc']);
  return count(readFileSync(image));
}

async function count(kernel: Uint8Array): Promise<Count> {
  const machine = await Machine.create({ wasm: readCore, memoryBytes: 8 << 20, seed: 1, kernel });
  try {
    const { reason, exitCode, instructions } = machine.runSync({ instructions: LIMIT });
    if (reason !== 'exit') throw new Error(`a bench program did not end by itself (${reason})`);
    return { instructions, result: (exitCode ?? 0) >>> 0 };
  } finally {
    await machine.destroy();
  }
}
