/*
 * What `npm ci` runs: makes the bundles of the command line, and has V8 compile the one of `pagewright build` ahead, so that the
 * first build need not wait for either.
 *
 * V8 keeps the code of what has run (codeCache.mjs). Most of the compiler runs when it looks at one program. The command is run
 * as people run it, by its first line, for V8 takes no code that was made under other flags; on Windows, which knows no such
 * lines, it is not worth while. Whatever goes wrong with this, a build without it is only slower.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const command = join(root, 'tools', 'cli', 'pagewright.mjs');
const folder = join(root, '.cache', 'cli');

const { status } = spawnSync(process.execPath, [command, '--version'], { stdio: 'inherit' });
if (status === 0 && process.platform !== 'win32') {
  spawnSync(command, ['build', '--check', '--fresh', 'sh'], { stdio: 'ignore' });
  for (const name of readdirSync(folder).filter(isFirst)) keep(name);
}
process.exitCode = status ?? 1;

/** A cache that would be made a second time, by the next process that builds something. */
function isFirst(name) {
  return name.startsWith('bundle-') && name.endsWith('.1.code');
}

/** There is hardly anything to add. */
function keep(name) {
  renameSync(join(folder, name), join(folder, name.replace(/1\.code$/, '2.code')));
}
