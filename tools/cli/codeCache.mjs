/*
 * Loads scripts with V8's cache of their compiled code: `pagewright build` itself, and, when something needs it, the TypeScript
 * package. A usual build does not need it; whatever there is to complain about does.
 *
 * The package is CommonJS, nine megabytes of it, which Node would scan for its exports when it is imported, and compile
 * again in every process. Requiring it by hand spares 0.3 seconds, and the cache another 0.1 and more, for it has the code
 * of what a process before has used. Not every build uses the same; so the cache is made a second time, by a process that
 * has built something.
 * V8 takes no cache that was made by another V8, or under other flags, so these are part of its name. One that does not fit
 * all the same is refused, and counts as none.
 */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag, getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

// What has been compiled shall still be there when the cache is made.
setFlagsFromString('--no-flush-bytecode');

/** The cache is made so often. */
const GENERATIONS = 2;
/** In bytes: a process that builds nothing compiles less bytecode than this, and is spared the making of a cache. */
const LEAST_COMPILED = 250_000;
/** What it has compiled may be something else: a second cache has to be larger than the first by this factor. */
const GROWTH = 1.02;

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.cache', 'cli');
const own = createRequire(import.meta.url);

/** The scripts of this process. */
class Scripts {
  /** How much bytecode there was when everything had been loaded. */
  #loaded = 0;
  /** How to make the caches that are wanted. */
  #saves = [];

  constructor() {
    process.once('exit', () => {
      const isWanted = this.#saves.length > 0; // to find out how much there is takes ten milliseconds
      if (isWanted && bytecodeSize() - this.#loaded >= LEAST_COMPILED) for (const save of this.#saves) save();
    });
  }

  /** Gives what a CommonJS module exports. `nameOf` makes a name for its text: V8 itself compares no more than the length. */
  load(path, nameOf, require) {
    const bytes = readFileSync(path);
    const made = `${nameOf(bytes)}-${process.versions.v8}-${cachedDataVersionTag().toString(16)}`;
    const cacheOf = (generation) => join(folder, `${made}.${generation}.code`);
    let generation = GENERATIONS;
    while (generation > 0 && !existsSync(cacheOf(generation))) generation--;
    const cachedData = generation > 0 ? readFileSync(cacheOf(generation)) : undefined;
    const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8'); // perhaps megabytes; looking for UTF-8 takes twice as long
    const wrapped = `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
    const script = new Script(wrapped, { filename: path, cachedData });
    const module = { exports: {} };
    script.runInThisContext()(module.exports, require, module, path, dirname(path));
    if (script.cachedDataRejected === true) generation = 0;
    const leastLength = generation === 0 ? 0 : cachedData.length * GROWTH;
    if (generation < GENERATIONS) this.#saves.push(() => save(script, cacheOf(generation + 1), leastLength));
    if (this.#saves.length > 0) this.#loaded = bytecodeSize();
    return module.exports;
  }
}

function bytecodeSize() {
  return getHeapCodeStatistics().bytecode_and_metadata_size;
}

function save(script, cache, leastLength) {
  const code = script.createCachedData();
  if (code.length < leastLength) return;
  const draft = `${cache}.${process.pid}.draft`; // others may be making the same
  mkdirSync(dirname(cache), { recursive: true });
  writeFileSync(draft, code);
  renameSync(draft, cache);
}

const scripts = new Scripts();

function loadTypeScript() {
  const path = own.resolve('typescript');
  const { version } = own('typescript/package.json');
  return scripts.load(path, () => `typescript-${version}`, createRequire(path));
}

let typescript = null;

/** The TypeScript package. */
export function requireTypeScript() {
  return (typescript ??= loadTypeScript());
}

/** A bundle of ours, which is CommonJS and asks for `typescript` by that name. */
export function loadBundle(path) {
  const require = createRequire(path);
  const nameOf = (bytes) => `bundle-${createHash('sha1').update(bytes).digest('hex')}`;
  return scripts.load(path, nameOf, (name) => (name === 'typescript' ? requireTypeScript() : require(name)));
}
