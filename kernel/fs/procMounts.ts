/*
 * The list of mounted file systems, as /proc/PID/mounts has it: source, place, type, options.
 */

import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from '../abi/mount.ts';
import { ENOMEM } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type SuperBlock } from './inode.ts';
import { lockMounts, nextSuperBlock } from './mount.ts';
import { tellPath } from './procLookup.ts';
import { type ProcText } from './procText.ts';

/** Writes a line per mount. 0 or -ENOMEM. */
export function describeMounts(text: ProcText, _pid: u32): i32 {
  const path = kmalloc(PATH_MAX);
  if (path === null) return -ENOMEM;
  {
    using mounts = lockMounts();
    for (let at = nextSuperBlock(null, mounts); at !== null; at = nextSuperBlock(at, mounts)) {
      describeMount(text, at, path);
    }
  }
  kfree(path);
  return 0;
}

function describeMount(text: ProcText, superBlock: SuperBlock, path: Ptr<u8>): void {
  const length = tellPath(superBlock.root, path, PATH_MAX - 1);
  if (length < 0) return;
  path[length] = 0;
  text.print('%s %s %s ', superBlock.typeName, path, superBlock.typeName);
  text.print((superBlock.flags & MS_RDONLY) !== 0 ? 'ro' : 'rw');
  if ((superBlock.flags & MS_NOSUID) !== 0) text.print(',nosuid');
  if ((superBlock.flags & MS_NODEV) !== 0) text.print(',nodev');
  if ((superBlock.flags & MS_NOEXEC) !== 0) text.print(',noexec');
  text.print(' 0 0\n');
}
