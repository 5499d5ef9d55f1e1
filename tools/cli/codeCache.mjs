/*
 * Loads the TypeScript package from its source and V8's cache of compiled code.
 *
 * The package is CommonJS, nine megabytes of it, which Node would scan for its exports when it is imported, and compile
 * again in every process. Requiring it by hand spares 0.3 seconds of each start; the cache another 0.1, and some more
 * in its first use, for it is made by a thread that has parsed and checked the whole project. A cache that does not fit
 * (another V8, another version) is refused by V8, and counts as none.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/** The package's exports, and a way to keep its code, as compiled by now, for the processes to come. */
function load() {
  const require = createRequire(import.meta.url);
  const path = require.resolve('typescript');
  const { version } = require('typescript/package.json');
  // This file is part of a bundle, and that lies in the cache folder.
  const folder = dirname(fileURLToPath(import.meta.url));
  const cache = join(folder, `typescript-${version}-${process.versions.v8}.code`);
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, 'utf8')}\n})`;
  const script = new Script(wrapped, { filename: path, cachedData });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  const save = () => {
    if (cachedData !== undefined && script.cachedDataRejected !== true) return;
    mkdirSync(folder, { recursive: true });
    const draft = `${cache}.${process.pid}`;
    writeFileSync(draft, script.createCachedData());
    renameSync(draft, cache);
  };
  return { exports: module.exports, save };
}

export const typescript = load();
