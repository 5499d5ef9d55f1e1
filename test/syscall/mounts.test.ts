/*
 * Mounts. What would change the host is only done to this kernel; the host is only asked to refuse.
 */

import { text } from '../../emulator/agent/arguments.ts';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import { MS_RDONLY, MS_REMOUNT } from '../../kernel/abi/mount.ts';
import { allFail, fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

onEveryTarget(({ target, syscall, check }) => {
  if (target.own) {
    syscall(['mount', 'fchmod', 'fchown', 'fchown32'], () => {
      check('EROFS: made read-only; EBUSY: not while somebody writes', async ({ proc }) => {
        await proc.mkdir('disk');
        await succeeds(proc, 'mount', text('none'), text('disk'), text('tmpfs'), 0, 0);
        const fd = await proc.open('disk/file', O_CREAT | O_WRONLY, 0o600);
        await fails(proc, 'EBUSY', 'mount', text('none'), text('disk'), null, MS_REMOUNT | MS_RDONLY, 0);
        await proc.close(fd);
        await succeeds(proc, 'mount', text('none'), text('disk'), null, MS_REMOUNT | MS_RDONLY, 0);
        const opened = await proc.open('disk/file', O_RDONLY);
        await allFail(proc, 'EROFS', [
          ['fchmod', opened, 0o600],
          ['fchown', opened, 0, 0],
          ['fchown32', opened, 0, 0],
        ]);
        await succeeds(proc, 'mount', text('none'), text('disk'), null, MS_REMOUNT, 0);
        await succeeds(proc, 'fchmod', opened, 0o600);
      });
      check('EINVAL: nothing is mounted there that could be changed', async ({ proc }) => {
        await fails(proc, 'EINVAL', 'mount', text('none'), text('.'), null, MS_REMOUNT, 0);
      });
    });
  }

  syscall(['mount', 'umount', 'umount2'], () => {
    if (target.own) {
      check('put a file system on a directory, and take it away', async ({ proc }) => {
        await proc.mkdir('point');
        await succeeds(proc, 'mount', text('none'), text('point'), text('tmpfs'), 0, 0);
        const fd = await proc.open('point/file', O_CREAT | O_WRONLY, 0o600);
        await fails(proc, 'EBUSY', 'umount2', text('point'), 0);
        await proc.close(fd);
        await succeeds(proc, 'umount2', text('point'), 0);
        await fails(proc, 'ENOENT', 'open', text('point/file'), O_RDONLY, 0);
        await succeeds(proc, 'mount', text('none'), text('point'), text('tmpfs'), 0, 0);
        await succeeds(proc, 'umount', text('point'));
      });
      check('.. leads out of a mounted file system', async ({ proc, directory }) => {
        await proc.mkdir('point');
        await succeeds(proc, 'mount', text('none'), text('point'), text('tmpfs'), 0, 0);
        await proc.chdir('point');
        await proc.chdir('..');
        await succeeds(proc, 'umount', text(`${directory}/point`));
      });
      check('ENODEV: no such kind; ENOTDIR: on a file; ENOENT: on nothing', async ({ proc }) => {
        await proc.open('file', O_CREAT | O_WRONLY, 0o600);
        await fails(proc, 'ENODEV', 'mount', text('none'), text('.'), text('nothing'), 0, 0);
        await fails(proc, 'ENOTDIR', 'mount', text('none'), text('file'), text('tmpfs'), 0, 0);
        await fails(proc, 'ENOENT', 'mount', text('none'), text('nothing'), text('tmpfs'), 0, 0);
        await fails(proc, 'ENOENT', 'umount2', text('nothing'), 0);
      });
      check('ELOOP, ENAMETOOLONG: no place at all', async ({ proc }) => {
        await proc.symlink('circle', 'circle');
        for (const [error, name] of [['ELOOP', 'circle/x'] as const, ['ENAMETOOLONG', 'n'.repeat(256)] as const]) {
          await fails(proc, error, 'mount', text('none'), text(name), text('tmpfs'), 0, 0);
          await fails(proc, error, 'umount', text(name));
          await fails(proc, error, 'umount2', text(name), 0);
        }
      });
      check('EINVAL: nothing mounted there; EFAULT', async ({ proc }) => {
        await fails(proc, 'EINVAL', 'umount2', text('.'), 0);
        for (const wild of wildPointers) {
          await fails(proc, 'EFAULT', 'mount', text('none'), wild, text('tmpfs'), 0, 0);
          await fails(proc, 'EFAULT', 'umount2', wild, 0);
        }
      });
    }
    check('EPERM: not root', async ({ proc }) => {
      if ((await proc.call('geteuid32')) === 0) await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'mount', text('none'), text('/tmp'), text('tmpfs'), 0, 0);
      await fails(proc, 'EPERM', 'umount2', text('/proc'), 0);
      await fails(proc, 'EPERM', 'umount', text('/proc'));
    });
  });
});
