/*
 * What the lock checker reports: each kind of broken rule in kernel/sync/lockTest.ts. The report names the classes and the
 * places of both sides, and ends in a panic.
 */
import { expect, test } from 'vitest';
import { EXIT_STATUS_PANIC } from '../../kernel/abi/bootInfo.ts';
import { replayCommand, runGuest } from '../support/guest.ts';

/** By kind: what must stand in the report, one after the other. `%` is a place: a function and an offset. */
const reports: readonly (readonly [string, readonly string[]])[] = [
  [
    'order',
    [
      'lock checker: order of locks inverted: "testA" is taken while "testB" is held',
      'taken: testA at lockTest:takeBThenA%',
      'held: testB at lockTest:takeBThenA%',
      'but the other order has been seen:',
      'testA -> testB: testA at lockTest:takeAThenB%, testB at lockTest:takeAThenB%',
      'panic: lock checker: order of locks inverted: testA',
      'calls, innermost first:',
      'lockTest:runTest%',
    ],
  ],
  [
    'circle',
    [
      'order of locks inverted: "testA" is taken while "testC" is held',
      'taken: testA at lockTest:takeCThenA%',
      'held: testC at lockTest:takeCThenA%',
      'testA -> testB: testA at lockTest:takeAThenB%, testB at lockTest:takeAThenB%',
      'testB -> testC: testB at lockTest:takeBThenC%, testC at lockTest:takeBThenC%',
    ],
  ],
  [
    'mutex-order',
    [
      'order of locks inverted: "testMutexA" is taken while "testMutexB" is held',
      'testMutexA -> testMutexB: testMutexA at lockTest:takeMutexes%, testMutexB at lockTest:takeMutexes%',
      'locks of task # (lockTest):',
      'held: testMutexB at lockTest:',
    ],
  ],
  [
    'class',
    [
      'two locks of class "testB" at once, in no declared order',
      'taken: testB at lockTest:',
      'held: testB at lockTest:',
    ],
  ],
  [
    'address',
    [
      'locks of class "testB" are to be taken by address, lowest first',
      'the lock at # after that at #',
      'taken: testB at lockTest:',
      'held: testB at lockTest:',
    ],
  ],
  ['address-free', ['"testB" ought to be held', 'wanted: testB at lockTest:']],
  [
    'self',
    [
      '"testA" is taken again by its holder, who would wait for ever',
      'taken: testA at lockTest:',
      'held: testA at lockTest:',
    ],
  ],
  ['mutex-self', ['"testMutexA" is taken again by its holder', 'taken: testMutexA', 'held: testMutexA at lockTest:']],
  [
    'irq',
    [
      '"testA" is taken in interrupts, and held with interrupts on',
      'in an interrupt: testA at lockTest:takeA%',
      'with interrupts on: testA at lockTest:',
      'take it with acquireIrqSave',
    ],
  ],
  [
    'irq-first',
    [
      '"testA" is taken in interrupts, and held with interrupts on',
      'in an interrupt: testA at lockTest:takeA%',
      'with interrupts on: testA at lockTest:',
      '-- vector',
    ],
  ],
  [
    'irq-order',
    [
      '"testB", held with interrupts on, is waited for under "testA", which interrupts take',
      'in an interrupt: testA at lockTest:takeA%',
      'with interrupts on: testB at lockTest:',
      'testA -> testB: testA at lockTest:takeAThenB%, testB at lockTest:takeAThenB%',
      'take both with acquireIrqSave',
    ],
  ],
  [
    'irq-exposed',
    [
      '"testA" is taken in interrupts, and held with interrupts on',
      'in an interrupt: testA at lockTest:takeA%',
      'with interrupts on: testA at lockTest:',
    ],
  ],
  [
    'sleep-spin',
    [
      'something that may sleep is called with a spinlock held',
      'at proc/',
      'spinlocks of CPU #:',
      'held: testA at lockTest:',
      'panic: lock checker: sleep: with a spinlock held',
    ],
  ],
  ['sleep-mutex', ['called with a spinlock held', 'at lockTest:', 'held: testA at lockTest:']],
  ['sleep-irq', ['called in an interrupt', 'at lockTest:sleepInInterrupt%', '-- vector']],
  ['sleep-off', ['called with interrupts off', 'at lockTest:']],
  ['copy', ['called with a spinlock held', 'held: testA at lockTest:']],
  [
    'copy-order',
    [
      'order of locks inverted: "testMutexA" is taken while "mmapSem" is held',
      'testMutexA -> mmapSem: testMutexA at lockTest:',
    ],
  ],
  [
    'irq-sequence',
    [
      '"testSequence" is taken in interrupts, and held with interrupts on',
      'in an interrupt: testSequence at lockTest:readSequence%',
      'with interrupts on: testSequence at',
    ],
  ],
  ['kernel-spin', ['called with a spinlock held', 'held: testA at lockTest:']],
  ['kernel-exit', ['the big kernel lock is still held by a task that ends, 1 deep']],
  ['rwsem-again', ['"testRwsem" is taken again by its holder', 'held: testRwsem at lockTest:', 'to read']],
  ['rwsem-release', ['"testRwsem" at # is released, and nobody holds it', 'released: testRwsem at lockTest:']],
  ['rwsem-write', ['"testRwsem" ought to be held', 'wanted: testRwsem at lockTest:']],
  ['release', ['"testA" at # is released, and nobody holds it', 'released: testA at lockTest:']],
  ['mutex-release', ['"testMutexA" at # is released, and nobody holds it', 'released: testMutexA at lockTest:']],
  [
    'mutex-foreign',
    [
      '"testMutexA" at # is released by another than its owner',
      'released: testMutexA at lockTest:',
      'the owner is task # (holder)',
    ],
  ],
  ['exit', ['"testMutexA" is still held by a task that ends', 'held: testMutexA at lockTest:']],
  ['user', ['"testMutexA" is still held on return to user mode', 'held: testMutexA at lockTest:']],
  ['free', ['"testMutexA" at # is freed while it is held', 'held: testMutexA at lockTest:', 'by task # (lockTest)']],
  ['free-foreign', ['is freed while it is held', 'held: testMutexA at lockTest:holdGiven%', 'by task # (holder)']],
  ['again', ['"testA" at # is initialised again while it is held', 'held: testA at lockTest:', 'by CPU #']],
  ['not-held', ['"testA" ought to be held', 'wanted: testA at lockTest:']],
  ['mutex-not-held', ['"testMutexA" ought to be held', 'wanted: testMutexA at lockTest:']],
  ['many', ['"testMany" is one lock too many', 'taken: testMany at lockTest:', 'locks of task', 'held: testMany']],
  ['no-class', ['the lock at # has no class: call its init() first', 'at lockTest:']],
  ['long', ['"testA" was held for # cycles, the limit is 100000', 'held: testA at lockTest:']],
];

/** The same for what takes two CPUs. */
const reportsOfTwo: typeof reports = [
  [
    'stuck',
    [
      'CPU # waits for "testA", which CPU # does not release',
      'spinlocks of CPU #:',
      'held: testA at lockTest:holdForEver%',
      'panic: lock checker: never released: testA',
    ],
  ],
  [
    'foreign',
    ['"testA" at # is released by another than its owner', 'released: testA at lockTest:', 'the owner is CPU #'],
  ],
];

/** `%` stands for an offset, `#` for a number, the folder of the test's functions is left out. */
function patternOf(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const named = escaped.replaceAll('lockTest:', 'sync/lockTest:');
  return new RegExp(named.replaceAll('%', '\\+[0-9a-f]+').replaceAll('#', '[0-9a-f]+'));
}

async function runTest(kind: string, cpus: number): Promise<{ readonly text: string; readonly status: unknown }> {
  const options = { exec: ['sleep 1'], commandLine: `lock-test=${kind}`, cpus };
  const { output, result } = await runGuest(options);
  expect(result.reason, replayCommand(options)).toBe('exit');
  return { text: output.replaceAll('\r', ''), status: result.exitCode };
}

/** Each kind on one CPU, and every other one on two, the rest on four. */
const runs = [
  ...reports.flatMap(([kind, lines], index) => [1, index % 2 === 0 ? 2 : 4].map((cpus) => ({ kind, lines, cpus }))),
  ...reportsOfTwo.flatMap(([kind, lines]) => [2, 4].map((cpus) => ({ kind, lines, cpus }))),
];

test.each(runs)('$kind on $cpus CPUs', async ({ kind, lines, cpus }) => {
  const { text, status } = await runTest(kind, cpus);
  expect(status, text).toBe(EXIT_STATUS_PANIC);
  let rest = text;
  for (const line of lines) {
    const match = patternOf(line).exec(rest);
    expect(match, `${line} in\n${text}`).not.toBeNull();
    rest = rest.slice(match!.index + match![0].length);
  }
});

test.each([1, 2, 4])('all rules kept on %i CPUs: no report', async (cpus) => {
  const { text, status } = await runTest('clean', cpus);
  expect(text).toContain('lock-test: clean');
  expect(text).not.toContain('lock checker');
  expect(status).toBe(0);
});
