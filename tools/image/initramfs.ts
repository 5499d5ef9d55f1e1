/*
 * The initial root file system: a recipe (images/initramfs.json) and the programs of a build become a cpio archive.
 */
import { S_IFCHR, S_IFDIR, S_IFREG } from '../../kernel/abi/stat.ts';
import { writeArchive, type ArchiveEntry } from './newc.ts';

/** The recipe's form. Paths are relative to the root; modes are octal text, as people write them. */
export interface InitramfsRecipe {
  readonly folders: readonly string[];
  /** Permissions of folders that differ from 0755. */
  readonly modes: Readonly<Record<string, string>>;
  readonly devices: readonly {
    readonly path: string;
    readonly mode: string;
    readonly major: number;
    readonly minor: number;
  }[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The folder that the programs go to. */
  readonly programs: string;
}

/** The archive of a recipe with these programs (name to ELF image). */
export function buildInitramfs(recipe: InitramfsRecipe, programs: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: ArchiveEntry[] = recipe.folders.map((path) => {
    return { path, mode: S_IFDIR | parseInt(recipe.modes[path] ?? '0755', 8) };
  });
  for (const { path, mode, major, minor } of recipe.devices) {
    entries.push({ path, mode: S_IFCHR | parseInt(mode, 8), device: { major, minor } });
  }
  for (const { path, text } of recipe.files) {
    entries.push({ path, mode: S_IFREG | 0o644, data: new TextEncoder().encode(text) });
  }
  for (const [name, data] of programs) {
    entries.push({ path: `${recipe.programs}/${name}`, mode: S_IFREG | 0o755, data });
  }
  return writeArchive(entries);
}

/** The archive that makes init run these shell commands, one after the other, and switch the machine off. */
export function commandsArchive(commands: readonly string[]): Uint8Array {
  const text = commands.map((command) => `${command}\0`).join('');
  return writeArchive([
    { path: 'etc', mode: S_IFDIR | 0o755 },
    { path: 'etc/exec', mode: S_IFREG | 0o600, data: new TextEncoder().encode(text) },
  ]);
}
