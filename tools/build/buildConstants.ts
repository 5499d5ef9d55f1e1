/*
 * The names that `--define` knows: what the sources ask for with `define('NAME', ...)`, whose name is always a literal.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The build constants of all sources below a folder, sorted. */
export function buildConstants(folder: string): string[] {
  const names = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name] of text.matchAll(/\bdefine\('(\w+)'/g)) names.add(name!);
  }
  return [...names].sort();
}
