/*
 * Where Node finds v86's core: in the package, beside its JavaScript.
 */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The contents of build/v86.wasm of the installed package. */
export async function readCore(): Promise<Uint8Array> {
  const library = createRequire(import.meta.url).resolve('v86');
  return readFile(join(dirname(library), 'v86.wasm'));
}
