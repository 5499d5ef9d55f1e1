#!/usr/bin/env -S node --min-semi-space-size=32 --max-semi-space-size=64
/*
 * The `pagewright` command. The command line is written in TypeScript; this launcher bundles it when a source is newer
 * than the last bundle (some ten milliseconds), and runs it.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, '.cache', 'cli');
const bundle = join(folder, 'main.mjs');
const inputsFile = join(folder, 'inputs.json');

/** Whether no file that went into the bundle has changed since. */
function isFresh() {
  if (!existsSync(bundle) || !existsSync(inputsFile)) return false;
  const built = statSync(bundle).mtimeMs;
  const inputs = JSON.parse(readFileSync(inputsFile, 'utf8'));
  return inputs.every((path) => existsSync(join(root, path)) && statSync(join(root, path)).mtimeMs <= built);
}

/** Wherever the package `typescript` is imported, the bundle takes it from codeCache.mjs, which stays outside. */
const cachedTypeScript = {
  name: 'cached-typescript',
  setup(build) {
    build.onResolve({ filter: /^typescript$/ }, () => ({ path: 'typescript', namespace: 'cached' }));
    build.onResolve({ filter: /codeCache/ }, () => ({ path: '../../tools/cli/codeCache.mjs', external: true }));
    build.onLoad({ filter: /.*/, namespace: 'cached' }, () => ({
      contents: "import { typescript } from 'codeCache';\nexport default typescript;",
      loader: 'js',
    }));
  },
};

async function rebuild() {
  const { build } = await import('esbuild');
  const bundling = build({
    absWorkingDir: root,
    entryPoints: { main: 'tools/cli/main.ts', typesWorker: 'tools/build/typesWorker.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    plugins: [cachedTypeScript],
    sourcemap: true,
    metafile: true,
    logLevel: 'error',
  });
  await import('./codeCache.mjs'); // which the bundle is going to need, and esbuild is another process
  const result = await bundling;
  forgetOldChunks(Object.keys(result.metafile.outputs).map((path) => join(root, path)));
  // What a plug-in has made up (`cached:typescript`) is no file that could change.
  const files = Object.keys(result.metafile.inputs).filter((path) => existsSync(join(root, path)));
  const inputs = [...files, 'package-lock.json'];
  writeFileSync(inputsFile, JSON.stringify(inputs));
}

/** Parts of earlier bundles go when nobody can be loading them any more. */
function forgetOldChunks(outputs) {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!/\.mjs(\.map)?$/.test(name) || outputs.includes(path)) continue;
    if (statSync(path).mtimeMs < hourAgo) rmSync(path, { force: true });
  }
}

if (!existsSync(join(root, 'node_modules'))) {
  console.error(
    'pagewright: its packages are not installed; run `npm ci` (or `npm start`) in the project folder first',
  );
  process.exit(1);
}
if (!isFresh()) await rebuild();
const { main } = await import(pathToFileURL(bundle).href);
process.exitCode = await main(process.argv.slice(2), root);
