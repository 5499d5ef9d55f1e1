/*
 * Calls that race on purpose: processes on CPUs of their own make calls about the same thing at the same time. Whoever
 * comes first, the answers must be such that the calls could have been made one after the other.
 */

import { expect } from 'vitest';
import { text } from '../../emulator/agent/arguments.ts';
import { errnoName, isError } from '../../emulator/agent/errno.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY, PIPE_BUF } from '../../kernel/abi/fcntl.ts';
import { SIGKILL } from '../../kernel/abi/signal.ts';
import { type Context, onEveryTarget } from './support/suite.ts';

const RACERS = 4;
const ROUNDS = 8;

/** The test's process and others, each on a CPU of its own as long as there are enough. */
async function racers({ agent, proc, spawn }: Context): Promise<readonly Process[]> {
  const all = [proc];
  while (all.length < RACERS) all.push(await spawn());
  for (const [i, racer] of all.entries()) racer.bindTo(i % Math.min(agent.info.cpus, 8));
  return all;
}

/** Lets all make a call at once; what became of each: "success", or the name of the error. */
async function race(all: readonly Process[], call: (racer: Process, i: number) => Promise<number>): Promise<string[]> {
  const results = await Promise.all(all.map(call));
  return results.map((value) => (isError(value) ? errnoName(-value) : 'success')).toSorted();
}

/** One wins, the others get `error`. */
const oneOf = (error: string): string[] => [...Array.from({ length: RACERS - 1 }, () => error), 'success'].toSorted();

onEveryTarget(({ syscall, check }) => {
  syscall(['open', 'mkdir', 'link', 'symlink', 'unlink', 'rmdir', 'rename'], () => {
    check('a name is made once, and removed once', async (context) => {
      const all = await racers(context);
      for (let round = 0; round < ROUNDS; round++) {
        const flags = O_CREAT | O_EXCL | O_WRONLY;
        expect(await race(all, (racer) => racer.call('open', text('name'), flags, 0o600))).toEqual(oneOf('EEXIST'));
        expect(await race(all, (racer) => racer.call('unlink', text('name')))).toEqual(oneOf('ENOENT'));
        expect(await race(all, (racer) => racer.call('mkdir', text('name'), 0o700))).toEqual(oneOf('EEXIST'));
        expect(await race(all, (racer) => racer.call('rmdir', text('name')))).toEqual(oneOf('ENOENT'));
        expect(await race(all, (racer) => racer.call('symlink', text('to'), text('name')))).toEqual(oneOf('EEXIST'));
        expect(await race(all, (racer) => racer.call('rename', text('name'), text('new')))).toEqual(oneOf('ENOENT'));
        expect(await race(all, (racer) => racer.call('unlink', text('new')))).toEqual(oneOf('ENOENT'));
      }
    });
    check('links are counted', async (context) => {
      const all = await racers(context);
      await context.proc.open('file', O_CREAT | O_WRONLY, 0o600);
      for (let round = 0; round < ROUNDS; round++) {
        await race(all, (racer, i) => racer.call('link', text('file'), text(`link${i}`)));
        expect((await context.proc.stat('file')).links).toBe(1 + RACERS);
        await race(all, (racer, i) => racer.call('unlink', text(`link${i}`)));
        expect((await context.proc.stat('file')).links).toBe(1);
      }
    });
    check('a directory goes before all names that are made in it, or not at all', async (context) => {
      const all = await racers(context);
      const possible = [
        ['ENOENT', 'ENOENT', 'ENOENT', 'success'],
        ['ENOTEMPTY', 'success', 'success', 'success'],
      ];
      for (let round = 0; round < ROUNDS; round++) {
        await context.proc.mkdir('dir');
        const results = await race(all, (racer, i) =>
          i === round % RACERS ? racer.call('rmdir', text('dir')) : racer.call('mkdir', text(`dir/${i}`), 0o700),
        );
        expect(possible).toContainEqual(results);
        for (let i = 0; i < RACERS; i++) await context.proc.call('rmdir', text(`dir/${i}`));
        await context.proc.call('rmdir', text('dir'));
      }
    });
    check('two directories are not moved into each other', async (context) => {
      const all = (await racers(context)).slice(0, 2);
      for (let round = 0; round < ROUNDS; round++) {
        await context.proc.mkdir('one');
        await context.proc.mkdir('two');
        const moves = [
          ['one', 'two/one'],
          ['two', 'one/two'],
        ] as const;
        const results = await race(all, (racer, i) => racer.call('rename', text(moves[i]![0]), text(moves[i]![1])));
        expect(results).toContain('success');
        expect(results).toHaveLength(2);
        expect(results.filter((result) => result === 'success')).toHaveLength(1);
        for (const path of ['two/one', 'one/two', 'one', 'two']) await context.proc.call('rmdir', text(path));
      }
    });
  });
  syscall(['write', 'read'], () => {
    check('appended records all arrive, each in one piece', async (context) => {
      const all = await racers(context);
      const fds = await Promise.all(all.map((racer) => racer.open('log', O_CREAT | O_WRONLY | O_APPEND, 0o600)));
      const record = (i: number): string => String(i).repeat(100);
      for (let round = 0; round < ROUNDS; round++)
        await Promise.all(all.map((racer, i) => racer.write(fds[i]!, record(i))));
      const log = await context.proc.readAll(await context.proc.open('log', O_RDONLY));
      expect(log).toHaveLength(100 * RACERS * ROUNDS);
      for (let i = 0; i < RACERS; i++) expect(log.split(record(i))).toHaveLength(ROUNDS + 1);
    });
    check('what is written to a pipe by up to PIPE_BUF bytes is not mixed', async (context) => {
      const { proc } = context;
      const [reader, writer] = await proc.pipe();
      const children: Process[] = [];
      for (let i = 0; i < RACERS; i++) {
        const child = await proc.fork();
        child.bindTo(i % Math.min(context.agent.info.cpus, 8));
        children.push(child);
      }
      await proc.close(writer);
      const size = Math.min(PIPE_BUF, 2000);
      const record = (i: number): string => String(i).repeat(size);
      const written = Promise.all(
        children.map(async (child, i) => {
          for (let round = 0; round < ROUNDS; round++) expect(await child.write(writer, record(i))).toBe(size);
          await child.close(writer);
        }),
      );
      const all = await proc.readAll(reader);
      await written;
      expect(all).toHaveLength(size * RACERS * ROUNDS);
      for (let i = 0; i < RACERS; i++) expect(all.split(record(i))).toHaveLength(ROUNDS + 1);
      for (const child of children) await child.kill(SIGKILL);
    });
  });
  syscall(['fork', 'kill', 'wait4'], () => {
    check('a child that many kill at once dies once', async (context) => {
      const all = await racers(context);
      for (let round = 0; round < ROUNDS; round++) {
        const child = await context.proc.fork();
        child.bindTo(round % Math.min(context.agent.info.cpus, 8));
        await child.getpid();
        const results = await race(all, (racer) => racer.call('kill', child.pid, SIGKILL));
        expect(results).toEqual(Array.from({ length: RACERS }, () => 'success')); // a zombie can be killed, too
        const { pid, status } = await context.proc.wait(child.pid);
        expect(pid).toBe(child.pid);
        expect(status).toEqual({ kind: 'killed', signal: SIGKILL, core: false });
        expect(await race(all, (racer) => racer.call('kill', child.pid, SIGKILL))).toEqual(
          Array.from({ length: RACERS }, () => 'ESRCH'),
        );
      }
    });
  });
});
