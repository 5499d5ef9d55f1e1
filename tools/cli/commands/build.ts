/*
 * pagewright build: sources to a kernel image and an initial RAM disk.
 *
 * Writes dist/kernel.elf (or FILE), dist/kernel.layout.json, dist/initrd.cpio and the programs in dist/bin. With --watch
 * it does so again whenever a source has changed, until somebody ends it: a process that has built once is quicker. With
 * --check it only looks whether anything is wrong.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { buildConstants } from '../../build/buildConstants.ts';
import {
  BuildError,
  buildProject,
  checkProject,
  imageNames,
  type ProjectImages,
  type ProjectOptions,
} from '../../build/buildProject.ts';
import { compilerVersion } from '../../build/compilerVersion.ts';
import { diskFiles } from '../../build/diskFiles.ts';
import { SourceWatch } from '../../build/sourceWatch.ts';
import { formatDiagnostics } from '../../compiler/frontend/index.ts';
import { printModule } from '../../compiler/ir/print.ts';
import { passNames } from '../../compiler/passes/optimise.ts';
import { buildPage } from '../../web/buildPage.ts';
import {
  isSystemError,
  listOption,
  parseDefines,
  RunError,
  stringOption,
  UsageError,
  type Command,
  type OptionValues,
  type Output,
} from '../command.ts';

export const buildCommand: Command = {
  name: 'build',
  summary: 'Compile the kernel and all programs.',
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'where the kernel goes (default dist/kernel.elf)' },
    define: { type: 'string', multiple: true, value: 'N=V', help: 'set a build constant: true, false or a number' },
    dump: { type: 'string', value: 'PASS', help: "print the kernel's IR after a pass (frontend, inline, gvn, ...)" },
    web: { type: 'boolean', help: 'also write the page to dist/web' },
    watch: { type: 'boolean', help: 'build again whenever a source changes; Ctrl-C ends' },
    fresh: { type: 'boolean', help: 'compile everything, also what has not changed' },
    check: { type: 'boolean', help: 'look for faults, and write nothing; with names of images, in these' },
    json: { type: 'boolean', help: 'print sizes, timings and diagnostics as JSON' },
  },
  operands: '[IMAGE...]',
  async run(values, operands, root, output) {
    const dump = stringOption(values, 'dump');
    const known = ['frontend', ...passNames()];
    if (dump !== undefined && !known.includes(dump)) {
      throw new UsageError(`there is no pass '${dump}'; the passes are ${known.join(', ')}`);
    }
    const asJson = values['json'] === true;
    const onPass: ProjectOptions['onPass'] = (image, pass, module) => {
      if (image === 'kernel' && pass === dump) output.write(printModule(module));
    };
    const options = {
      defines: parseDefines(listOption(values, 'define')),
      isFresh: values['fresh'] === true,
      ...(dump === undefined ? {} : { onPass }),
    };
    const file = resolve(stringOption(values, 'output') ?? join(root, 'dist', 'kernel.elf'));
    const names = imagesToCheck(values, operands, root);
    const build = async (): Promise<boolean> => {
      if (names !== null) return check(root, names, options, output, asJson);
      const images = buildOrExplain(root, options, output, asJson);
      if (images === null) return false;
      writeImages(root, file, images);
      if (values['web'] === true) await buildPage(root, join(root, 'dist', 'web'), images);
      if (dump === undefined)
        output.write(asJson ? `${JSON.stringify(summary(file, images))}\n` : describe(file, images));
      return true;
    };
    if (values['watch'] === true) return await buildOnChanges(root, build, output);
    return (await build()) ? 0 : 1;
  },
};

/** The names of the images that --check is about; null without it. Throws UsageError. */
function imagesToCheck(values: OptionValues, operands: readonly string[], root: string): readonly string[] | null {
  if (values['check'] !== true) {
    if (operands.length > 0) throw new UsageError(`unexpected argument '${operands[0]!}': names are for --check`);
    return null;
  }
  if (values['output'] !== undefined || values['web'] === true) {
    throw new UsageError('--check writes nothing: leave out --output and --web');
  }
  const known = imageNames(root);
  const unknown = operands.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no image '${unknown}'; the images are ${known.join(', ')}`);
  }
  return operands.length > 0 ? operands : known;
}

/** Tells whether the images can be compiled. */
function check(
  root: string,
  names: readonly string[],
  options: ProjectOptions,
  output: Output,
  asJson: boolean,
): boolean {
  const checked = explaining(root, options, output, asJson, (all) => {
    checkProject(root, names, all);
    return names.length;
  });
  if (checked === null) return false;
  const count = `${checked} image${checked === 1 ? '' : 's'}`;
  output.write(asJson ? `${JSON.stringify({ ok: true, images: names })}\n` : `no faults in ${count}\n`);
  return true;
}

/** Builds now, and after each change, whatever becomes of it. Throws what the first build throws, and RunError. */
async function buildOnChanges(root: string, build: () => Promise<boolean>, output: Output): Promise<never> {
  const version = compilerVersion(root);
  const watch = new SourceWatch(['kernel', 'images', join('tools', 'compiler')].map((folder) => join(root, folder)));
  try {
    await build();
    for (;;) {
      output.progress('waiting for a change; Ctrl-C ends');
      await watch.change();
      // This process would go on with the old one, and keep its results as the new one's.
      if (compilerVersion(root) !== version) throw new RunError('the compiler itself has changed; start anew');
      await build().catch((error: unknown) => {
        if (!isSystemError(error) && !(error instanceof UsageError)) throw error;
        output.error(`pagewright build: ${error.message}`); // the next change may mend it
      });
    }
  } finally {
    watch.close();
  }
}

/** What no source asks for is most likely misspelt. */
function checkDefines(root: string, defines: ProjectOptions['defines']): void {
  if (defines === undefined || defines.size === 0) return;
  const known = buildConstants(join(root, 'kernel'));
  for (const name of defines.keys()) {
    if (!known.includes(name)) {
      throw new UsageError(`there is no build constant '${name}'; the constants are ${known.join(', ')}`);
    }
  }
}

/** Builds the project, showing progress; on faults prints them and gives null. Throws UsageError for an unknown constant. */
export function buildOrExplain(
  root: string,
  options: ProjectOptions,
  output: Output,
  asJson = false,
): ProjectImages | null {
  return explaining(root, options, output, asJson, (all) => buildProject(root, all));
}

/** Does the work with all that there is to help, and shows progress; prints faults, and gives null then. */
function explaining<T>(
  root: string,
  options: ProjectOptions,
  output: Output,
  asJson: boolean,
  work: (options: ProjectOptions) => T,
): T | null {
  checkDefines(root, options.defines);
  output.progress('reading the sources');
  try {
    const result = work({
      ...options,
      now: () => performance.now(),
      onImage: (name) => output.progress(`compiling ${name}`),
    });
    output.progress('');
    return result;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    if (asJson) output.write(`${JSON.stringify({ ok: false, diagnostics: error.diagnostics })}\n`);
    else {
      output.error(formatDiagnostics(error.diagnostics, { files: diskFiles, colour: process.stderr.isTTY }));
      output.error(`pagewright build: ${error.message}`);
    }
    return null;
  }
}

function writeImages(root: string, kernelFile: string, images: ProjectImages): void {
  const dist = join(root, 'dist');
  mkdirSync(join(dist, 'bin'), { recursive: true });
  mkdirSync(dirname(kernelFile), { recursive: true });
  replace(kernelFile, images.kernel);
  replace(join(dist, 'kernel.layout.json'), Buffer.from(images.layoutText));
  replace(join(dist, 'initrd.cpio'), images.initrd);
  for (const [name, elf] of images.programs) replace(join(dist, 'bin', name), elf, 0o755);
}

/** Writes a file, unless it is like that already: looking costs less than writing. */
function replace(file: string, bytes: Uint8Array, mode = 0o644): void {
  if (!isThere(file, bytes)) writeFileSync(file, bytes, { mode });
}

function isThere(file: string, bytes: Uint8Array): boolean {
  try {
    return statSync(file).size === bytes.length && readFileSync(file).equals(bytes);
  } catch {
    return false;
  }
}

function summary(file: string, images: ProjectImages) {
  const programs = Object.fromEntries([...images.programs].map(([name, elf]) => [name, elf.length]));
  const milliseconds = Object.fromEntries(Object.entries(images.timings).map(([stage, ms]) => [stage, Math.round(ms)]));
  return {
    ok: true,
    kernel: { file, bytes: images.kernel.length },
    initrdBytes: images.initrd.length,
    programs,
    milliseconds,
  };
}

function describe(file: string, images: ProjectImages): string {
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1024)} KB`;
  const seconds = Object.values(images.timings).reduce((sum, ms) => sum + ms, 0) / 1000;
  return (
    `${relative(process.cwd(), file)}  ${kilobytes(images.kernel.length)}\n` +
    `dist/initrd.cpio  ${kilobytes(images.initrd.length)}, ${images.programs.size} programs\n` +
    (seconds === 0 ? 'nothing has changed\n' : `compiled in ${seconds.toFixed(2)} s\n`)
  );
}
