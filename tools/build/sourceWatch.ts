/*
 * Tells when files in some folders change.
 *
 * The system tells of one folder at a time, so each folder of the trees is watched by itself, and new ones are looked for
 * whenever something has changed. A save is several events, and editors make drafts and rename them: a change is told when
 * it has been quiet for a moment. What has changed is not told: a build finds that out quickly, and better.
 */
import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** In milliseconds: a save is over when so much time has gone by without an event. */
const QUIET = 20;

export class SourceWatch {
  readonly #roots: readonly string[];
  /** By the path of the folder. */
  readonly #watchers = new Map<string, FSWatcher>();
  /** Something has changed since it was told last. */
  #hasChanged = false;
  #quiet: NodeJS.Timeout | null = null;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;
  /** What the system said when it could not watch. Told to whoever waits next. */
  #error: Error | null = null;

  /** Throws the system's error if a folder of `roots` cannot be watched. */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
    this.#watchTrees();
  }

  /**
   * Waits until something has changed; not at all, if that was after the last time. Rejects with the system's error if it
   * does not let so many folders be watched. One may wait at a time.
   */
  change(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#quiet === null) this.#tell();
    });
  }

  close(): void {
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Throws the system's error. */
  #watchTrees(): void {
    for (const root of this.#roots) this.#watchTree(root);
  }

  #watchTree(folder: string): void {
    try {
      if (!this.#watchers.has(folder)) this.#watchFolder(folder);
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory()) this.#watchTree(join(folder, entry.name));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // else it has gone meanwhile
    }
  }

  #watchFolder(folder: string): void {
    const watcher = watch(folder, (_, name) => this.#note(name === null ? folder : join(folder, name)));
    watcher.on('error', () => this.#forget(folder)); // what was in it counts as changed
    this.#watchers.set(folder, watcher);
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #note(path: string): void {
    this.#hasChanged = true;
    // What was a folder may be one again, and then the old watcher hears nothing of it.
    this.#forget(path);
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#settle(), QUIET);
  }

  #settle(): void {
    this.#quiet = null;
    try {
      this.#watchTrees();
    } catch (error) {
      this.#error = error as Error;
    }
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#waiting;
    if (waiting === null || (!this.#hasChanged && this.#error === null)) return;
    this.#waiting = null;
    this.#hasChanged = false;
    if (this.#error !== null) waiting.reject(this.#error);
    else waiting.resolve();
  }
}
