/*
 * How long a build takes, and how large its results are. Host time, so the figures depend on the computer.
 */
import { join } from 'node:path';
import { projectCompiler, type ProjectImages } from '../build/buildProject.ts';
import { diskFiles } from '../build/diskFiles.ts';
import { atMost, type BenchRow } from './rows.ts';

export function buildRows(root: string, images: ProjectImages): BenchRow[] {
  const edited = join(root, 'kernel', 'lib', 'string.ts');
  let isEdited = false;
  const readFile = (path: string): string | undefined => {
    const text = diskFiles.readFile(path);
    return isEdited && path === edited ? `${text ?? ''}\nexport const EDITED: u32 = 1;\n` : text;
  };
  const compiler = projectCompiler(root, { files: { readFile }, now: () => performance.now() });
  const seconds = (): number => {
    const started = performance.now();
    const { diagnostics } = compiler.build();
    if (diagnostics.length > 0) throw new Error('the build found errors');
    return (performance.now() - started) / 1000;
  };
  const row = (name: string, value: number, unit: string): BenchRow => ({ group: 'build', name, value, unit });
  const cold = seconds();
  isEdited = true;
  const again = seconds();
  return [
    atMost(row('everything, cold', cold, 's'), 3),
    atMost(row('after one edit of the kernel', again, 's'), 0.7),
    row('kernel image, with debug information', images.kernel.length, 'bytes'),
    row('initial RAM disk', images.initrd.length, 'bytes'),
  ];
}
