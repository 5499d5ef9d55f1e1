/*
 * Memory under pressure: programs that together want more than there is go on, with the right contents, as long as there
 * is swap space; when that is full as well, one of them goes, and nobody else.
 *
 * After each run the host looks at the kernel's lists, trees, page tables and counts.
 */
import { describe, expect, test } from 'vitest';
import { type GuestOptions, replayCommand, runGuest } from '../support/guest.ts';

const MIB = 1 << 20;

async function expectWell(options: GuestOptions): Promise<string> {
  const run = await runGuest(options);
  const message = `${run.output}\n${run.findings.join('\n')}\n${run.result.reason}\n${replayCommand(options)}`;
  expect(run.status, message).toBe(0);
  expect(run.findings, message).toEqual([]);
  return run.output;
}

describe('three times the memory', () => {
  test.each([
    { cpus: 1, seed: 1 },
    { cpus: 2, seed: 2 },
    { cpus: 4, seed: 3 },
  ])('on $cpus CPUs, seed $seed', async ({ cpus, seed }) => {
    const exec = ['torture --vm 40M --threads 6 --instructions 40M'];
    expect(await expectWell({ cpus, seed, swapBytes: 64 * MIB, exec })).toContain('all well');
  });
});

test('swapoff brings everything back', async () => {
  const exec = [
    'torture --vm 20M --threads 2 --instructions 60M &',
    'sleep 0.2; swapoff /dev/hdd; echo off $?',
    'wait; cat /proc/swaps',
  ];
  const output = await expectWell({ cpus: 2, seed: 5, memoryBytes: 48 * MIB, swapBytes: 32 * MIB, exec });
  expect(output).toContain('off 0');
  expect(output).not.toContain('/dev/hdd');
});

test('memory and swap full: one program goes, and nobody else', async () => {
  const exec = ['torture --bomb memory; echo status $?', 'torture --iterations 1', 'swapoff /dev/hdd; echo off $?'];
  const output = await expectWell({ cpus: 2, seed: 1, swapBytes: 8 * MIB, exec });
  expect(output).toContain('status 0');
  expect(output).toContain('all well');
  expect(output).toContain('off 0');
});

test('areas are told apart by what is on them', async () => {
  const exec = [
    'swapoff /dev/hdd; echo $?',
    'mkswap /dev/hdd',
    'swapon -p 7 /dev/hdd; swapon /dev/hdd; echo again $?',
    'swapon -s',
    'swapon /dev/null; swapon /dev/hdx; swapoff /dev/null',
    'swapoff /dev/hdd && cp /bin/sh /dev/hdd; swapon /dev/hdd; true',
  ];
  const output = await expectWell({ swapBytes: MIB, exec });
  expect(output).toMatch(/swap area of 1020 KiB/);
  expect(output).toMatch(/swapon: \/dev\/hdd: Device or resource busy\r?\nagain 1/);
  expect(output).toMatch(/\/dev\/hdd +partition\t1020\t\t0\t\t7/);
  expect(output).toMatch(/swapon: \/dev\/null: Invalid argument/);
  expect(output).toMatch(/swapon: \/dev\/hdx: No such file or directory/);
  expect(output).toMatch(/swapoff: \/dev\/null: Invalid argument/);
  expect(output).toMatch(/swapon: \/dev\/hdd: Invalid argument/);
});
