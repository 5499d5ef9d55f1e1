/*
 * What a panic tells: each `crash=` of kernel/lib/crashTest.ts, on the machine and under QEMU. The report names what
 * happened, the function, and the chain of calls.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT_STATUS_PANIC } from '../../kernel/abi/bootInfo.ts';
import { builtFile, runGuest } from '../support/guest.ts';

/** By kind: what must stand in the report, one after the other. */
const reports: readonly (readonly [string, readonly RegExp[]])[] = [
  [
    'panic',
    [
      /panic: asked for by the command line, depth 3\n/,
      /in lib\/crashTest:inner\+/,
      /crashTest:inner\+/,
      /crashTest:middle\+/,
      /crashTest:outer\+/,
      /main:kernelMain\+/,
    ],
  ],
  ['assert', [/panic: assertion failed: zero is one\n/, /kernelMain\+/]],
  ['divide', [/panic: divide error/, /eax 00000001/]],
  ['read', [/panic: page fault: read from 00000004 by the kernel: null pointer\n/, /cr2 00000004/]],
  ['write', [/panic: page fault: write to c01[0-9a-f]{5} by the kernel: not allowed\n/]],
  ['execute', [/panic: page fault: read from dead0000 by the kernel: no page there\n/, /eip dead0000/, /kernelMain\+/]],
  [
    'overflow',
    [
      /panic: kernel stack overflow \(stack ends at [0-9a-f]{8}\)\n/,
      /in lib\/crashTest:recurse\+/,
      /\.\.\. and [0-9]+ times more\n/,
      /kernelMain\+/,
    ],
  ],
  ['deadlock', [/panic: lock checker: taken again by its holder: crash\n/, /reportSelfDeadlock\+/]],
];

/** Each pattern is there, behind the one before. */
function expectInOrder(text: string, patterns: readonly RegExp[]): void {
  let rest = text;
  for (const pattern of patterns) {
    const match = pattern.exec(rest);
    expect(match, `${String(pattern)} in\n${text}`).not.toBeNull();
    rest = rest.slice(match!.index + match![0].length);
  }
}

describe.each(['fast', 'exact'] as const)('on the machine, in %s mode', (mode) => {
  test.each(reports)('%s', async (kind, patterns) => {
    const { output, result } = await runGuest({ exec: ['true'], commandLine: `crash=${kind}`, mode });
    expect(result.reason).toBe('exit');
    expect(result.exitCode).toBe(EXIT_STATUS_PANIC);
    expectInOrder(output.replaceAll('\r', ''), patterns);
  });
});

describe('under QEMU', () => {
  /** The console's output until the kernel ends the run. */
  function runQemu(kind: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'pagewright-panic-'));
    try {
      const kernel = join(folder, 'kernel.elf');
      writeFileSync(kernel, builtFile('kernel.elf'));
      const exitDevice = 'isa-debug-exit,iobase=0xf4,iosize=4';
      const args = ['-kernel', kernel, '-m', '16', '-serial', 'stdio', '-display', 'none', '-no-reboot'];
      const all = [...args, '-device', exitDevice, '-append', `crash=${kind}`];
      const qemu = spawnSync('qemu-system-i386', all, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
      if (qemu.error !== undefined) throw qemu.error;
      expect(qemu.status, qemu.stderr).toBe(2 * EXIT_STATUS_PANIC + 1);
      return qemu.stdout.replaceAll('\r', '');
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test.each(reports)('%s', (kind, patterns) => {
    expectInOrder(runQemu(kind), patterns);
  });
});
