/*
 * Keeps what builds have made, by the hash of all that went into it.
 *
 * The images fall into two groups that share no cause but the ABI: the kernel, and the programs. A group's key covers
 * every source file that it may read, the compiler's own sources and the build constants, so that an entry never has to
 * be doubted; a group that has not changed is not compiled again.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from '../compiler/compile.ts';
import type { LayoutFile } from '../compiler/output/index.ts';

/** Entries kept on disk; the ones used last stay. */
const ENTRIES = 12;

export type ImageGroup = 'kernel' | 'programs';

/** The folders below the project's that a group's images depend on. */
const sources: Readonly<Record<ImageGroup, { readonly folders: readonly string[]; readonly except: string | null }>> = {
  kernel: { folders: ['kernel', 'tools/compiler'], except: 'kernel/user' },
  programs: { folders: ['kernel/user', 'kernel/abi', 'tools/compiler'], except: null },
};

/** The key of a group as the sources are now. */
export function groupKey(root: string, group: ImageGroup, defines: ReadonlyMap<string, number | boolean>): string {
  const hash = createHash('sha256');
  for (const folder of sources[group].folders) {
    for (const path of sourceFiles(root, folder, sources[group].except)) {
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0');
    }
  }
  for (const name of [...defines.keys()].sort()) hash.update(`${name}=${String(defines.get(name))}\0`);
  return `${group}-${hash.digest('hex').slice(0, 32)}`;
}

function sourceFiles(root: string, folder: string, except: string | null): string[] {
  if (folder === except) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sourceFiles(root, path, except);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
}

export class BuildCache {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = join(root, '.cache', 'build');
  }

  /** The images stored under a key, or null. A damaged entry counts as none. */
  read(key: string): Map<string, BuiltImage> | null {
    const folder = join(this.#folder, key);
    if (!existsSync(folder)) return null;
    try {
      const names = readdirSync(folder).filter((name) => name.endsWith('.elf'));
      const images = names.sort().map((name): [string, BuiltImage] => {
        const base = name.slice(0, -'.elf'.length);
        const layout = JSON.parse(readFileSync(join(folder, `${base}.json`), 'utf8')) as LayoutFile;
        const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(folder, file)));
        return [base, { elf: read(name), stripped: read(`${base}.stripped`), layout }];
      });
      const now = new Date();
      utimesSync(folder, now, now);
      return new Map(images);
    } catch {
      return null;
    }
  }

  /** Stores images under a key. The entry appears whole or not at all, also when several builds store it at once. */
  write(key: string, images: ReadonlyMap<string, BuiltImage>): void {
    const folder = join(this.#folder, key);
    const draft = `${folder}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    for (const [name, image] of images) {
      writeFileSync(join(draft, `${name}.elf`), image.elf);
      writeFileSync(join(draft, `${name}.stripped`), image.stripped);
      writeFileSync(join(draft, `${name}.json`), JSON.stringify(image.layout));
    }
    rmSync(folder, { recursive: true, force: true });
    try {
      renameSync(draft, folder);
    } catch {
      rmSync(draft, { recursive: true, force: true }); // another build has just stored the same
    }
    this.#forgetOldEntries();
  }

  #forgetOldEntries(): void {
    const entries = readdirSync(this.#folder).map((name) => {
      const path = join(this.#folder, name);
      return { path, used: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
    });
    entries.sort((a, b) => b.used - a.used);
    for (const { path } of entries.slice(ENTRIES)) rmSync(path, { recursive: true, force: true });
  }
}
