/*
 * The compiler's virtual file system over a folder of this machine's disk.
 */
import { readFileSync } from 'node:fs';
import type { VirtualFileSystem } from '../compiler/frontend/index.ts';

/** Reads files as they are at the moment of the call. A folder, or a file that cannot be read, is one that is not there. */
export const diskFiles: VirtualFileSystem = {
  readFile(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};
