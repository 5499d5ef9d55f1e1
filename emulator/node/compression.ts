/*
 * zlib, for the files of snapshots and recordings.
 */

import { deflateSync, inflateSync } from 'node:zlib';
import type { Compression } from '../container.ts';

export const zlib: Compression = {
  deflate: (bytes) => deflateSync(bytes, { level: 6 }),
  inflate: (bytes) => Uint8Array.from(inflateSync(bytes)), // a Buffer, whose slices would share its memory
};
