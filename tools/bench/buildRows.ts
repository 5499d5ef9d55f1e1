/*
 * How long a build takes, and how large its results are. Host time, so the figures depend on the computer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectCompiler, type ProjectImages } from '../build/buildProject.ts';
import { atMost, type BenchRow } from './rows.ts';

export function buildRows(root: string, images: ProjectImages): BenchRow[] {
  const compiler = projectCompiler(root, { now: () => performance.now() });
  const seconds = (): number => {
    const started = performance.now();
    const { diagnostics } = compiler.build();
    if (diagnostics.length > 0) throw new Error('the build found errors');
    return (performance.now() - started) / 1000;
  };
  const row = (name: string, value: number, unit: string): BenchRow => ({ group: 'build', name, value, unit });
  const cold = seconds();
  const edited = afterEdit(join(root, 'kernel', 'lib', 'string.ts'), seconds);
  return [
    atMost(row('everything, cold', cold, 's'), 3),
    atMost(row('after one edit of the kernel', edited, 's'), 0.7),
    row('kernel image, with debug information', images.kernel.length, 'bytes'),
    row('initial RAM disk', images.initrd.length, 'bytes'),
  ];
}

/** Measures with a comment added to a source file, and takes the comment away again. */
function afterEdit(file: string, measure: () => number): number {
  const text = readFileSync(file, 'utf8');
  try {
    writeFileSync(file, `${text}// edited\n`);
    return measure();
  } finally {
    writeFileSync(file, text);
  }
}
