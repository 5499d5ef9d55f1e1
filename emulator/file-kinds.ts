/*
 * The kinds of files that the machine writes. A version grows whenever a file of the version before would be misread: when
 * the form of the file changes, and when parts of the machine pass on something else.
 */

import type { FileKind } from './container.ts';

export const SNAPSHOT_FILE: FileKind = {
  tag: 'snap',
  name: 'snapshot',
  version: 3,
  madeBy: 'pagewright replay --snapshot',
};

export const RECORDING_FILE: FileKind = {
  tag: 'reco',
  name: 'recording',
  version: 3,
  madeBy: 'pagewright run --record',
};

export const FILE_KINDS: readonly FileKind[] = [SNAPSHOT_FILE, RECORDING_FILE];
