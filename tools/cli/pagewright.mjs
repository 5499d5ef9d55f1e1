#!/usr/bin/env -S node --min-semi-space-size=16 --max-semi-space-size=16 --initial-old-space-size=1024
/*
 * The `pagewright` command. The command line is written in TypeScript; this launcher bundles it when a source is newer
 * than the last bundle (some ten milliseconds), and runs it. `pagewright build` is bundled once more, by itself and as one
 * script: that is what people wait for after every edit, and V8 keeps compiled code of scripts only (codeCache.mjs).
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/**
 * A build runs for some seconds, spread over a great many functions, and what V8 spends on inlining some into others does
 * not come back: with these limits, in bytes of bytecode, a build of everything takes a quarter less of CPU time. V8 looks
 * at them more than once while it optimises in its other threads, and ends the process when they have become less in
 * between; so they are set here, before anything has run often enough, and never again.
 */
const isBuild = process.argv[2] === 'build';
if (isBuild) {
  setFlagsFromString('--max-inlined-bytecode-size=50');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=100');
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = join(root, '.cache', 'cli');
const bundle = join(folder, 'main.mjs');
const buildBundle = join(folder, 'build.cjs');
const inputsFile = join(folder, 'inputs.json');

/** Whether no file that went into the bundle has changed since. */
function isFresh() {
  if (![bundle, buildBundle, inputsFile].every((path) => existsSync(path))) return false;
  const built = statSync(bundle).mtimeMs;
  const inputs = JSON.parse(readFileSync(inputsFile, 'utf8'));
  return inputs.every((path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs <= built);
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

/** All commands but `build` stay outside of its bundle, where nobody asks for them. */
const buildAlone = {
  name: 'build-alone',
  setup(build) {
    build.onResolve({ filter: /^\.\/commands\// }, ({ path }) => {
      return path.endsWith('/build.ts') ? undefined : { path, external: true };
    });
    build.onResolve({ filter: /^typescript$/ }, ({ namespace, path }) => {
      return namespace === 'cached' ? { path, external: true } : { path, namespace: 'cached' };
    });
    // As an ordinary import it would be copied, name by name.
    build.onLoad({ filter: /.*/, namespace: 'cached' }, () => ({
      contents: "const typescript = require('typescript');\nexport default typescript;",
      loader: 'js',
    }));
  },
};

const bundling = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
};

async function rebuild() {
  const { build } = await import('esbuild');
  const bundles = Promise.all([
    build({
      ...bundling,
      entryPoints: { main: 'tools/cli/main.ts', typesWorker: 'tools/build/typesWorker.ts' },
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      splitting: true,
      format: 'esm',
      plugins: [cachedTypeScript],
      metafile: true,
    }),
    build({
      ...bundling,
      entryPoints: ['tools/cli/main.ts'],
      outfile: buildBundle,
      format: 'cjs',
      plugins: [buildAlone],
      supported: { 'dynamic-import': false }, // a script has none
      define: { 'import.meta.url': 'bundleUrl' },
      banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    }),
  ]);
  await import('./codeCache.mjs'); // which the bundle is going to need, and esbuild is another process
  const [result] = await bundles;
  forgetOldChunks(Object.keys(result.metafile.outputs).map((path) => join(root, path)));
  // What a plug-in has made up (`cached:typescript`) is no file that could change.
  const files = Object.keys(result.metafile.inputs).filter((path) => existsSync(join(root, path)));
  const inputs = [...files, 'package-lock.json'];
  writeFileSync(inputsFile, JSON.stringify(inputs));
}

/** Parts of earlier bundles, and code made of them, go when nobody can be loading them any more. */
function forgetOldChunks(outputs) {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!/\.mjs(\.map)?$|^bundle-/.test(name) || outputs.includes(path)) continue;
    if (statSync(path).mtimeMs < hourAgo) rmSync(path, { force: true });
  }
}

async function loadBuild() {
  const { loadBundle } = await import('./codeCache.mjs');
  return loadBundle(buildBundle);
}

if (!existsSync(join(root, 'node_modules'))) {
  console.error(
    'pagewright: its packages are not installed; run `npm ci` (or `npm start`) in the project folder first',
  );
  process.exit(1);
}
if (!isFresh()) await rebuild();
const { main } = isBuild ? await loadBuild() : await import(pathToFileURL(bundle).href);
process.exitCode = await main(process.argv.slice(2), root);
