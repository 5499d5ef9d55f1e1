/*
 * File systems that nobody mounts: their files have no names, and are reached by descriptors only (pipes, counters).
 */

import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { newDevice } from './device.ts';
import { freeInode, type SuperBlock, type SuperBlockOperations } from './inode.ts';

/** At boot: fills in the super block of such a file system. `magic` is what fstatfs tells. */
export function initPseudoFs(
  superBlock: SuperBlock,
  operations: SuperBlockOperations,
  typeName: string,
  magic: u32,
): void {
  operations.evictInode = freeInode;
  superBlock.operations = operations;
  superBlock.typeName = typeName;
  superBlock.device = newDevice();
  superBlock.magic = magic;
  superBlock.blockSize = PAGE_SIZE;
}
