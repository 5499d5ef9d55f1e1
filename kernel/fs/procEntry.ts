/*
 * The lists that procfs's directories are made of.
 */

import { assert } from '../lib/panic.ts';
import { strcmp } from '../lib/string.ts';
import { type ProcText } from './procText.ts';

export const ENTRY_FILE: u32 = 0;
export const ENTRY_LINK: u32 = 1;
export const ENTRY_DIRECTORY: u32 = 2;
/** A process's memory (procMem.ts). */
export const ENTRY_MEMORY: u32 = 3;

/** Writes a file's text, or a link's target. `pid` is that of the directory, 0 for the system's. 0 or -errno. */
type Writer = (text: ProcText, pid: u32) => i32;

/** Takes the number that was written to a file: 0 or -errno (-EINVAL: out of range). */
type Setter = (value: u32) => i32;

export class ProcEntry {
  name: string;
  kind: u32;
  /** Permissions of a file. */
  mode: u32;
  /** Only who may look into the process may open the file. */
  isPrivate: boolean;
  write: Writer | null;
  /** Null: the file cannot be written to. */
  set: Setter | null;
  directory: ProcDirectory | null;
}

const MAX_ENTRIES: u32 = 32;

export class ProcDirectory {
  entries: FixedArray<Inline<ProcEntry>, 32>;
  count: u32;

  addFile(name: string, mode: u32, write: Writer): void {
    const entry = this.add(name, ENTRY_FILE);
    entry.mode = mode;
    entry.write = write;
  }

  /** A file for those who may look into the process. */
  addPrivate(name: string, mode: u32, write: Writer): void {
    this.addFile(name, mode, write);
    this.entries[this.count - 1].isPrivate = true;
  }

  /** A file with one number, which the superuser may change. */
  addSetting(name: string, write: Writer, set: Setter): void {
    this.addFile(name, 0o644, write);
    this.entries[this.count - 1].set = set;
  }

  addMemory(name: string): void {
    this.add(name, ENTRY_MEMORY).mode = 0o600;
  }

  addLink(name: string, write: Writer): void {
    this.add(name, ENTRY_LINK).write = write;
  }

  addDirectory(name: string, directory: ProcDirectory): void {
    this.add(name, ENTRY_DIRECTORY).directory = directory;
  }

  /** The entry of that name, or null. */
  find(name: Ptr<u8>): ProcEntry | null {
    for (let i: u32 = 0; i < this.count; i++) {
      const entry: ProcEntry = this.entries[i];
      if (strcmp(bytes(entry.name), name) === 0) return entry;
    }
    return null;
  }

  private add(name: string, kind: u32): ProcEntry {
    assert(this.count < MAX_ENTRIES, 'procfs: too many entries in a directory');
    const entry: ProcEntry = this.entries[this.count];
    entry.name = name;
    entry.kind = kind;
    this.count++;
    return entry;
  }
}
