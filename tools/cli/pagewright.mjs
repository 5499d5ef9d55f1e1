#!/usr/bin/env -S -u NODE_EXTRA_CA_CERTS GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=33554432 node --v8-pool-size=1 --min-semi-space-size=8 --max-semi-space-size=8 --initial-old-space-size=1024 --no-allocation-site-pretenuring
/*
 * The `pagewright` command. The command line is written in TypeScript; this launcher bundles it when a source is newer
 * than the last bundle (a tenth of a second; `npm ci` has that done ahead, by prepare.mjs), and runs it.
 * `pagewright build` has a bundle of its own, which is one script: that is what people wait for after every edit, and V8
 * keeps compiled code of scripts only (codeCache.mjs). All the other commands are in one that a build need not wait for.
 *
 * The first line gives V8 little room for young objects, which is in the processor's cache then, much for old ones, among
 * which a build has hardly any garbage, and one thread beside ours: the usual four would take more than one of two cores.
 * Nor shall it move the making of long-lived objects to where those live: it would throw away compiled code each time.
 * Node would read the certificates that NODE_EXTRA_CA_CERTS names before it did anything else, and nobody here wants any.
 * GLIBC_TUNABLES has memory outside of V8's heap come in large pages, where Linux offers them, and many at a time: half of the
 * page faults are spared, which in some virtual machines take ten microseconds each.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
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
const buildBundle = join(folder, 'build.cjs');
const mainBundle = join(folder, 'main.mjs');

/** The record of a bundle: what went into it, and what it consists of. */
const recordOf = (file) => `${file}.json`;

function readRecord(file) {
  try {
    const { inputs, outputs } = JSON.parse(readFileSync(recordOf(file), 'utf8'));
    return { inputs: Object.entries(inputs), outputs: [...outputs] };
  } catch {
    return null; // there is none, or that is not how it was written
  }
}

/** Whether a bundle is there, and the files that went into it are all as they were. */
function isFresh(file) {
  const record = readRecord(file);
  if (record === null || !record.outputs.every((name) => existsSync(join(folder, name)))) return false;
  return record.inputs.every(([path, time]) => timeOf(path) === time);
}

/** When a file changed last, by its path in the project or from the root; undefined if it is not there. */
function timeOf(path) {
  return statSync(resolve(root, path), { throwIfNoEntry: false })?.mtimeMs;
}

/** What is in place of the package `typescript`: it is loaded when somebody wants something of it. `load` names how. */
const whenWanted = (load) => `export default new Proxy({}, { get: (_, name) => ${load}[name] });`;

/** Wherever the package is imported, the bundle takes it from codeCache.mjs, which stays outside. */
const cachedTypeScript = {
  name: 'cached-typescript',
  setup(build) {
    build.onResolve({ filter: /^typescript$/ }, () => ({ path: 'typescript', namespace: 'cached' }));
    build.onResolve({ filter: /codeCache/ }, () => ({ path: '../../tools/cli/codeCache.mjs', external: true }));
    build.onLoad({ filter: /.*/, namespace: 'cached' }, () => ({
      contents: `import { requireTypeScript } from 'codeCache';\n${whenWanted('requireTypeScript()')}`,
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
    build.onLoad({ filter: /.*/, namespace: 'cached' }, () => ({
      contents: whenWanted("require('typescript')"),
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
  // Fields are set by the constructor, not defined one by one in a function of their own: a build makes millions of objects.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  logLevel: 'error',
  write: false,
  metafile: true,
};

/** `pagewright build`: all that there is to wait for before the first build. */
const asScript = {
  ...bundling,
  entryPoints: { build: 'tools/cli/buildBundle.ts' },
  outdir: folder,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [buildAlone],
  supported: { 'dynamic-import': false }, // a script has none
  define: { 'import.meta.url': 'bundleUrl' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
};

/** All other commands. */
const asModules = {
  ...bundling,
  entryPoints: { main: 'tools/cli/main.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  splitting: true,
  format: 'esm',
  plugins: [cachedTypeScript],
};

/** esbuild collects no garbage meanwhile: of the little that it does for us, that would be a third. */
async function makeBundle(options) {
  const { GOGC } = process.env;
  process.env.GOGC = 'off';
  try {
    const { build, stop } = await import('esbuild');
    const bundle = await build(options);
    await stop(); // whoever needs it for longer gets one that collects it
    return bundle;
  } finally {
    if (GOGC === undefined) delete process.env.GOGC;
    else process.env.GOGC = GOGC;
  }
}

/** Makes the bundle that begins with `file`, unless the one that is there will do. */
async function refresh(file, options) {
  if (isFresh(file)) return;
  const started = Date.now();
  const { metafile, outputFiles: files } = await makeBundle(options);
  writeBundles(files);
  // What a plug-in has made up (`cached:typescript`) is no file that could change.
  const sources = Object.keys(metafile.inputs).filter((path) => existsSync(join(root, path)));
  const inputs = [...sources, 'package-lock.json', 'tools/cli/pagewright.mjs'].map((path) => {
    const time = timeOf(path);
    return [path, time < started ? time : 0]; // perhaps it was read before it changed
  });
  const outputs = files.map(({ path }) => basename(path));
  replace(recordOf(file), JSON.stringify({ inputs: Object.fromEntries(inputs), outputs }));
  forgetOldFiles();
}

/** Others may be loading bundles, or writing the same: each file is whole at any time, and there before it is imported. */
function writeBundles(files) {
  const entries = [buildBundle, mainBundle];
  const rank = ({ path }) => entries.indexOf(path);
  mkdirSync(folder, { recursive: true });
  for (const { contents, path } of files.sort((a, b) => rank(a) - rank(b))) replace(path, contents);
}

function replace(path, contents) {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

/** Parts of earlier bundles, and code made of them, go when nobody can be loading them any more. */
function forgetOldFiles() {
  const hourAgo = Date.now() - 3_600_000;
  const kept = [buildBundle, mainBundle].flatMap((file) => readRecord(file)?.outputs ?? []);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!/\.(mjs|draft)$|^bundle-/.test(name) || kept.includes(name)) continue;
    if (timeOf(path) < hourAgo) rmSync(path, { force: true }); // unless another one has removed it
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
await (isBuild ? refresh(buildBundle, asScript) : refresh(mainBundle, asModules));
const { main } = isBuild ? await loadBuild() : await import(pathToFileURL(mainBundle).href);
process.exitCode = await main(process.argv.slice(2), root);
// Node would give back all memory piece by piece, a tenth of a second. What a reader has not taken yet is to arrive, though.
if (isBuild && [process.stdout, process.stderr].every((stream) => stream.writableLength === 0)) process.exit();
