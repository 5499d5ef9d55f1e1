/*
 * The kernel on boards that differ: where interrupts come by APIC, where there are only the 8259s of 1984, and where
 * memory is short.
 */
import { expect, test } from 'vitest';
import { runQemu } from '../support/qemu.ts';

const commands = ['torture --iterations 1', 'sleep 1', 'cat /proc/interrupts'];

test('a PC with APICs: no interrupt takes the old way', () => {
  const { output, status } = runQemu(['-machine', 'pc', '-m', '16'], commands);
  expect(status, output).toBe(0);
  expect(output).toMatch(/ 4: +[1-9][0-9]* +IO-APIC/);
  expect(output).not.toContain('XT-PIC');
});

test('a board without an I/O APIC: the 8259s carry all, the 8254 ticks', () => {
  const { output, status } = runQemu(['-machine', 'isapc', '-cpu', 'pentium3', '-m', '16'], commands);
  expect(status, output).toBe(0);
  expect(output).toContain('no I/O APIC where the MP table says, using the 8259');
  expect(output).toMatch(/ 0: +[1-9][0-9]* +XT-PIC/);
  expect(output).toMatch(/ 4: +[1-9][0-9]* +XT-PIC/);
});

test.each(['8', '64', '1024'])('a PC with %s MiB', (megabytes) => {
  const { output, status } = runQemu(['-machine', 'pc', '-m', megabytes], ['free', 'torture --iterations 1']);
  expect(status, output).toBe(0);
});

test.each(['4', '4,sockets=4', '8,sockets=2,cores=2,threads=2'])('a PC with CPUs as -smp %s', (cpus) => {
  const commands = ['torture --iterations 1 --jobs 4', 'cat /proc/cpuinfo /proc/interrupts'];
  const { output, status } = runQemu(['-machine', 'pc', '-m', '16', '-smp', cpus], commands);
  expect(status, output).toBe(0);
  expect(output.match(/^processor\t: /gm)).toHaveLength(parseInt(cpus, 10));
  expect(output).toMatch(/^RES:.* [1-9][0-9]* .*Rescheduling interrupts$/m);
});
