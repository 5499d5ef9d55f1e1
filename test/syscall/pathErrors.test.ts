/*
 * What every call that takes a path says when there is something wrong with the path. All calls are asked the same, so
 * that one that looks at things in another order than the rest is seen.
 */

import { type Argument, text } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { O_CREAT, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import { MS_RDONLY, MS_REMOUNT } from '../../kernel/abi/mount.ts';
import {
  changingCalls,
  makingCalls,
  newNameCalls,
  type PathCall,
  pathCalls,
  readingCalls,
  removingCalls,
  writingCalls,
} from './support/pathCalls.ts';
import { allFail, becomeNobody, type Call, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const PATH_MAX = 4096;

async function makeFile(proc: Process, name: string): Promise<void> {
  await proc.close(await proc.open(name, O_CREAT | O_WRONLY, 0o700));
}

/** The calls with this path. */
function withPath(calls: readonly PathCall[], path: Argument): Call[] {
  return calls.map(({ name, args }) => [name, ...args(path)]);
}

const calls = [...pathCalls, ...newNameCalls('file')];

onEveryTarget(({ target, syscall, check }) => {
  syscall(
    pathCalls.map(({ name }) => name),
    () => {
      check('ENOENT: a directory on the way, or the name itself, is not there', async ({ proc }) => {
        await makeFile(proc, 'file');
        await allFail(proc, 'ENOENT', withPath(calls, text('nothing/x')));
        await allFail(proc, 'ENOENT', withPath([...readingCalls, ...changingCalls, ...removingCalls], text('nothing')));
        await allFail(proc, 'ENOENT', withPath(calls, text('')));
      });
      check('ENOTDIR: something on the way is no directory', async ({ proc }) => {
        await makeFile(proc, 'file');
        await allFail(proc, 'ENOTDIR', withPath(calls, text('file/x')));
      });
      check('ELOOP: links on the way lead in a circle', async ({ proc }) => {
        await makeFile(proc, 'file');
        await proc.symlink('circle', 'circle');
        await allFail(proc, 'ELOOP', withPath(calls, text('circle/x')));
      });
      check('ENAMETOOLONG: a name, or all of the path', async ({ proc }) => {
        await makeFile(proc, 'file');
        await allFail(proc, 'ENAMETOOLONG', withPath(calls, text('n'.repeat(256))));
        const long = await proc.mmap({ length: 2 * PATH_MAX });
        await proc.poke(long, new TextEncoder().encode('./'.repeat(PATH_MAX / 2) + '\0'));
        await allFail(proc, 'ENAMETOOLONG', withPath(calls, long));
      });
      check('EFAULT: no string there', async ({ proc }) => {
        await makeFile(proc, 'file');
        for (const wild of wildPointers) await allFail(proc, 'EFAULT', withPath(calls, wild));
      });
      check('EACCES: a directory on the way may not be searched', async ({ proc }) => {
        await proc.mkdir('locked');
        await makeFile(proc, 'locked/x');
        await makeFile(proc, 'file');
        await succeeds(proc, 'chmod', text('.'), 0o777);
        await succeeds(proc, 'chown32', text('file'), 1000, 1000);
        await succeeds(proc, 'chmod', text('locked'), 0o600);
        await becomeNobody(proc);
        await allFail(proc, 'EACCES', withPath(calls, text('locked/x')));
      });
      check('EACCES: a directory that may not be changed', async ({ proc }) => {
        await proc.mkdir('foreign');
        await makeFile(proc, 'foreign/x');
        await makeFile(proc, 'file');
        await succeeds(proc, 'chmod', text('.'), 0o777);
        await succeeds(proc, 'chown32', text('file'), 1000, 1000);
        await succeeds(proc, 'chmod', text('foreign'), 0o755);
        await becomeNobody(proc);
        await allFail(proc, 'EACCES', withPath([...makingCalls, ...newNameCalls('file')], text('foreign/y')));
        const removing = removingCalls.filter(({ name }) => !/^(rmdir|link)/.test(name));
        await allFail(proc, 'EACCES', withPath(removing, text('foreign/x')));
      });
      if (target.own) {
        check('EROFS: mounted for reading', async ({ proc }) => {
          await proc.mkdir('disk');
          await succeeds(proc, 'mount', text('none'), text('disk'), text('tmpfs'), 0, 0);
          await proc.mkdir('disk/x');
          await makeFile(proc, 'disk/file');
          await succeeds(proc, 'mount', text('none'), text('disk'), text('tmpfs'), MS_REMOUNT | MS_RDONLY, 0);
          const inside = newNameCalls('disk/file');
          const removing = removingCalls.filter(({ name }) => ['rmdir', 'unlink', 'unlinkat'].includes(name));
          await allFail(proc, 'EROFS', withPath([...makingCalls, ...inside], text('disk/new')));
          await allFail(proc, 'EROFS', withPath([...changingCalls, ...writingCalls, ...removing], text('disk/file')));
          await succeeds(proc, 'mount', text('none'), text('disk'), text('tmpfs'), MS_REMOUNT, 0);
        });
      }
    },
  );
});
