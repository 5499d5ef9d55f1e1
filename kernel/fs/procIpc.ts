/*
 * /proc/sysvipc: the segments of shared memory.
 *
 * @source proc(5)
 */

import { type ShmStatus } from '../abi/ipc.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { fillStatus, highestPlace, lockSegments, segmentAt } from '../ipc/shm.ts';
import { residentPages, swappedPages } from '../mm/sharedMemory.ts';
import { type ProcDirectory } from './procEntry.ts';
import { type ProcText } from './procText.ts';

const sysvipc = zeroed<Inline<ProcDirectory>>();

/** Fills in what belongs to /proc. */
export function addIpcEntries(root: ProcDirectory): void {
  root.addDirectory('sysvipc', sysvipc);
  sysvipc.addFile('shm', 0o444, writeSegments);
}

/** What is told of one segment. */
class Line {
  id: u32;
  resident: u32; // bytes
  swapped: u32; // bytes
  status: Inline<ShmStatus>;
}

/** The first segment from `place` on; the next place to look at, or 0: there is none. */
function takeLine(line: Line, place: u32): u32 {
  using held = lockSegments();
  for (let at = place; at <= highestPlace(held); at++) {
    const segment = segmentAt(at, held);
    if (segment === null) continue;
    line.id = segment.id;
    line.resident = residentPages(segment.object) * PAGE_SIZE;
    line.swapped = swappedPages(segment.object) * PAGE_SIZE;
    fillStatus(line.status, segment, held);
    return at + 1;
  }
  return 0;
}

function writeSegments(text: ProcText, _pid: u32): i32 {
  const line = zeroed<Inline<Line>>();
  text.print('       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid');
  text.print('      atime      dtime      ctime        rss       swap\n');
  for (let place = takeLine(line, 0); place !== 0; place = takeLine(line, place)) {
    const status = line.status;
    const permissions = status.shm_perm;
    text.print('%10d %10u  %4o %10u', permissions.key, line.id, permissions.mode, status.shm_segsz);
    text.print(' %5u %5u  %5u', status.shm_cpid, status.shm_lpid, status.shm_nattch);
    text.print(' %5u %5u %5u %5u', permissions.uid, permissions.gid, permissions.cuid, permissions.cgid);
    text.print(' %10u %10u %10u', status.shm_atime, status.shm_dtime, status.shm_ctime);
    text.print(' %10u %10u\n', line.resident, line.swapped);
  }
  return 0;
}
