/*
 * A name for the compiler as it is: its sources, its parser, and what runs it.
 *
 * Reading and hashing all the sources takes longer than to see that none has been touched. So the name is kept beside the
 * store, with the sizes and times of change of the files that it was made from.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface KnownVersion {
  readonly stamp: string;
  readonly version: string;
}

export function compilerVersion(root: string): string {
  const files = [...sourceFiles(join(root, 'tools', 'compiler')), join(root, 'package-lock.json')];
  const memo = join(root, '.cache', 'compiler-version.json');
  const stamp = stampOf(files);
  const known = readKnown(memo);
  if (known?.stamp === stamp) return known.version;
  const hash = createHash('sha256').update(process.versions.v8);
  for (const path of files) hash.update(`${path}\0`).update(readFileSync(path));
  const version = hash.digest('hex').slice(0, 32);
  keep(memo, { stamp, version });
  return version;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sourceFiles(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
}

function stampOf(files: readonly string[]): string {
  const hash = createHash('sha256').update(process.versions.v8);
  for (const path of files) {
    const { ctimeMs, ino, mtimeMs, size } = statSync(path);
    hash.update(`${path} ${ino} ${size} ${mtimeMs} ${ctimeMs}\n`);
  }
  return hash.digest('hex');
}

function readKnown(memo: string): KnownVersion | null {
  try {
    return JSON.parse(readFileSync(memo, 'utf8')) as KnownVersion;
  } catch {
    return null;
  }
}

function keep(memo: string, known: KnownVersion): void {
  const draft = `${memo}.${process.pid}`;
  mkdirSync(dirname(memo), { recursive: true });
  writeFileSync(draft, JSON.stringify(known));
  renameSync(draft, memo);
}
