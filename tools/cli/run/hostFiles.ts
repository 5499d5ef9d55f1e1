/*
 * --file: files of the host in the guest's root file system, in an archive of their own.
 *
 * Only what programs can see in the guest goes into the archive, so that a run depends on the contents, and not on when or
 * by whom the host's files were made: files are the superuser's, without a time, and executable or not.
 */
import { type Dirent, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, join, posix, resolve } from 'node:path';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../../kernel/abi/stat.ts';
import { type ArchiveEntry, writeArchive } from '../../image/newc.ts';
import { RunError, UsageError } from '../command.ts';

/** Where files go that are given without a place. */
const USUAL_FOLDER = '/tmp';

/**
 * The archive with what `texts` name: `PATH` (a file or a folder), which goes to /tmp, or `PATH:PLACE`, its name in the
 * guest. Throws UsageError, or RunError if something cannot be read.
 *
 * @param present folders of the guest's root file system that are there, without a leading slash
 */
export function hostFilesArchive(texts: readonly string[], present: readonly string[]): Uint8Array {
  const known = new Set(present);
  const entries: ArchiveEntry[] = [];
  for (const text of texts) {
    const { path, place } = parse(text);
    entries.push(...foldersAbove(place, known), ...explained(path, () => entriesOf(path, place.slice(1))));
  }
  return writeArchive(entries);
}

/** The last colon before an absolute path separates the two. */
function parse(text: string): { readonly path: string; readonly place: string } {
  const found = /^(.+):(\/.*)$/s.exec(text);
  const [path, wanted] = found === null ? [text, `${USUAL_FOLDER}/${basename(resolve(text))}`] : [found[1]!, found[2]!];
  const place = posix.normalize(wanted).replace(/\/$/, '');
  if (place === '') throw new UsageError(`--file ${text}: the name in the guest is to be that of the file itself`);
  return { path, place };
}

/** The folders that `place` needs and nobody has made. */
function foldersAbove(place: string, known: Set<string>): ArchiveEntry[] {
  const names = place.split('/').slice(1, -1);
  const paths = names.map((_, i) => names.slice(0, i + 1).join('/')).filter((path) => !known.has(path));
  for (const path of paths) known.add(path);
  return paths.map(folder);
}

function folder(path: string): ArchiveEntry {
  return { path, mode: S_IFDIR | 0o755 };
}

/** A file, or a folder with all that is in it, in the order of their names. */
function entriesOf(path: string, place: string): ArchiveEntry[] {
  const status = statSync(path);
  if (status.isFile()) return [file(path, place, status.mode)];
  if (!status.isDirectory()) throw new RunError(`--file ${path}: it is neither a file nor a folder`);
  const items = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    folder(place),
    ...items.flatMap((item) => entriesOfItem(item, join(path, item.name), `${place}/${item.name}`)),
  ];
}

function entriesOfItem(item: Dirent, path: string, place: string): ArchiveEntry[] {
  if (!item.isSymbolicLink()) return entriesOf(path, place);
  return [{ path: place, mode: S_IFLNK | 0o777, data: new TextEncoder().encode(readlinkSync(path)) }];
}

function file(path: string, place: string, mode: number): ArchiveEntry {
  return { path: place, mode: S_IFREG | ((mode & 0o100) === 0 ? 0o644 : 0o755), data: readFileSync(path) };
}

function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof RunError) throw error;
    throw new RunError(`cannot read the file ${path}: ${(error as Error).message}`);
  }
}
