/*
 * Builds Pagewright itself: the kernel from its first instruction in kernel/arch/x86/boot.ts, a program from each file directly in kernel/user.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Compiler, type BuildResult, type CompilerOptions, type ImageSpec } from '../compiler/compile.ts';
import { diskFiles } from './diskFiles.ts';

export type ProjectOptions = Partial<Pick<CompilerOptions, 'defines' | 'level' | 'onPass' | 'onImage' | 'now'>>;

/** The name of the kernel among the images of a build. */
export const KERNEL = 'kernel';

/** A compiler for the project in the folder `root`; keep it to build again quickly after an edit. */
export function projectCompiler(root: string, options: ProjectOptions = {}): Compiler {
  const kernel = join(root, 'kernel');
  return new Compiler({
    ...options,
    files: diskFiles,
    root: kernel,
    library: join(root, 'tools', 'compiler', 'library'),
    images: projectImages(kernel),
    defines: options.defines ?? new Map(),
  });
}

function projectImages(kernel: string): ImageSpec[] {
  const folder = join(kernel, 'user');
  const programs = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort();
  return [
    { name: KERNEL, entry: join(kernel, 'arch', 'x86', 'boot.ts'), kind: 'kernel' },
    ...programs.map((file) => ({ name: file.slice(0, -3), entry: join(folder, file), kind: 'program' as const })),
  ];
}

/** The images of the programs alone, by name. */
export function programsOf(result: BuildResult): Map<string, Uint8Array> {
  const programs = [...result.images].filter(([name]) => name !== KERNEL);
  return new Map(programs.map(([name, image]) => [name, image.elf]));
}
