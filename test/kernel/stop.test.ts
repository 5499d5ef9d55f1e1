/*
 * A panic on a machine with several CPUs: all of them stop, whatever they do, and tell where they were, one after the
 * other.
 */
import { expect, test } from 'vitest';
import { EXIT_STATUS_PANIC } from '../../kernel/abi/bootInfo.ts';
import { runGuest } from '../support/guest.ts';

test.each(['fast', 'exact'] as const)('CPUs that spin with interrupts off are stopped, too: %s', async (mode) => {
  const run = await runGuest({ cpus: 4, mode, exec: ['true'], commandLine: 'crash=stuck' });
  const output = run.output.replaceAll('\r', '');
  expect(run.result.exitCode, output).toBe(EXIT_STATUS_PANIC);
  const reports = output.split(/\nstopped /);
  expect(reports[0]).toMatch(/panic: asked for by the command line, the other CPUs spin\nin main:kernelMain.*CPU 0/);
  expect(reports).toHaveLength(4);
  for (const [i, report] of reports.slice(1).entries()) {
    expect(report).toMatch(
      new RegExp(`^in lib/crashTest:spinForEver\\+[0-9a-f]+, CPU ${i + 1}, task [0-9]+ \\(crash\\)\n`),
    );
    expect(report).toMatch(/^calls, innermost first:\n {2}.*crashTest:spinForEver.*\n {2}.*runKernelThread/m);
  }
});

test.each(Array.from({ length: 4 }, (_, seed) => seed + 1))(
  'CPUs that panic at once: one reports, seed %i',
  async (seed) => {
    const options = { cpus: 4, mode: 'exact', seed, exec: ['true'], commandLine: 'crash=together' } as const;
    const run = await runGuest(options);
    const output = run.output.replaceAll('\r', '');
    expect(run.result.exitCode, output).toBe(EXIT_STATUS_PANIC);
    expect(output.match(/^panic: /gm)).toHaveLength(1);
    expect(output).not.toContain('while reporting another panic');
    const who = [...output.matchAll(/, CPU ([0-9]), task/g)].map((match) => Number(match[1]));
    expect(who.toSorted()).toEqual([0, 1, 2, 3]);
    const late = output.match(/^panic at the same time: asked for by the command line, number [0-9]$/gm) ?? [];
    expect(new Set(late).size).toBe(late.length);
  },
);
