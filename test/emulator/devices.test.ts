/*
 * The interrupt controllers and clocks, by kernels that print facts about them. Most of the kernels state only what every
 * PC does; those print the same under QEMU.
 */

import { describe, expect, test } from 'vitest';
import { buildKernel, runKernel, runUnderQemu } from './support.ts';

describe.each(['apic', 'nmi', 'iret', 'ioapic', 'pic', 'paging', 'wakeups', 'calendar'])('%s', (name) => {
  const kernel = buildKernel(name);

  test('prints the same as under QEMU', async () => {
    const { output, reason, exitCode } = await runKernel(kernel);
    expect({ reason, exitCode }).toEqual({ reason: 'exit', exitCode: 0 });
    expect(output).toMatch(/done\n$/);
    expect(output).toBe(runUnderQemu(name));
  });

  test('does the same compiled and interpreted', async () => {
    const [fast, exact] = [await runKernel(kernel, { mode: 'fast' }), await runKernel(kernel, { mode: 'exact' })];
    expect(fast).toEqual(exact);
  });
});

test('the local APIC keeps to the manual where QEMU does not', async () => {
  const { output } = await runKernel(buildKernel('apic-sdm'), { cpus: 2 });
  expect(output).toBe(
    [
      'at first 0',
      'interrupts 1',
      'send and receive illegal vector 96',
      'interrupts 2',
      'not again 2',
      'illegal register 128',
      'cleared 0',
      'masked 2',
      'still recorded 96',
      'entries masked 1',
      'stay masked 1',
      'unmasked again 1',
      'edge at lint0 1',
      'controller 128',
      'remote irr 1',
      'in tmr 1',
      'level at lint0 1',
      'remote irr 0',
      'nmi at lint0 1',
      'flat broadcast 1',
      'cluster broadcast 1',
      'all clusters 1',
      'others in them 0',
      'base fee00900',
      'x2apic and deadline timer 0',
      'moved 1',
      'nobody ffffffff',
      'back 1',
      'faults 3',
      'in cpuid 1',
      'disabled, in cpuid 0',
      'disabled ffffffff',
      'as after reset 1',
      'nobody took it 0',
      'later 1',
      'two NMIs in a row 400',
      '',
    ].join('\n'),
  );
});

test('all clocks tell the same time', async () => {
  const { output } = await runKernel(buildKernel('clocks'));
  expect(output).toBe(
    [
      'tsc 1',
      'local apic 1',
      'acpi 1',
      'pit counter 0 1',
      'pit status 52',
      'rtc periods, though none interrupts 1',
      'rtc 1',
      'date 20000101',
      'slept 1',
      'for 1',
      'done',
      '',
    ].join('\n'),
  );
});
