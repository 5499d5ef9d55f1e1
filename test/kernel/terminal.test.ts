/*
 * The terminal's line discipline and job control, driven over the console's serial line: terminal.c sets modes and reads,
 * this test types. The same program on a pseudo-terminal of the host, typed at by play.c, says what must come out.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine.ts';
import { createGuest } from '../support/guest.ts';
import { runsI386 } from '../support/i386.ts';

/** What is typed when the program is ready for it. */
const typed = new Map([
  ['line', 'hello\r'],
  ['erase', 'abc\x7f\x7fxy\x7f\x7f\x7f\x7f\x7fok\r'],
  ['kill', 'wrong line\x15right\r'],
  ['word', 'one two  three\x17\x17 x.y_z\x17Q\r'],
  ['tab', 'a\tbc\t\x7f\x7fd\x7f\x7f\x7f\x7f\te\x7ff\r'],
  ['control', 'a\x01b\x7f\x7f\x7f\x02c\r'],
  ['literal', 'a\x16\x03b\x16\nc\x16\x7fd\x16\x16\x7f\r'],
  ['end', '\x04'],
  ['end-after-text', 'abc\x04'],
  ['two', 'l1\rl2\r'],
  ['pieces', 'abcdefgh\r'],
  ['reprint', 'abc\x12d\r'],
  ['interrupt', 'junk\x03'],
  ['quit', 'junk\x1c'],
  ['newlines', 'a\rb\n\r\n'],
  ['high', '\xe1\xe2\r'],
  ['utf8', '\xc3\xa9\xe2\x82\xac\x7fa\x7f\x7fz\r'],
  ['separator', '1x2\r'],
  ['bytes', '\x03\x04\r\n\x7f'],
  ['five', 'abcde'],
  ['few', 'ab'],
  ['interrupt-first', 'q\x03w'],
  ['foreground-interrupt', '\x03'],
  ['foreground-stop', '\x1a'],
]);

/** Enough for the program to have called `read` after it has printed the line. */
const SETTLE_INSTRUCTIONS = 100_000;
const LIMIT_INSTRUCTIONS = 100_000_000;

const folder = mkdtempSync(join(tmpdir(), 'pagewright-terminal-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Compiles test/kernel/terminal/NAME.c and gives the program's path. */
function compile(name: string): string {
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`./terminal/${name}.c`, import.meta.url));
  const gcc = spawnSync('gcc', ['-m32', '-static', '-O1', '-s', '-w', '-o', program, source, '-lutil']);
  if (gcc.error !== undefined) throw gcc.error;
  expect(gcc.status, gcc.stderr.toString()).toBe(0);
  return program;
}

function playOnHost(program: string): string {
  const script = [...typed].flatMap(([name, text]) => [name, Buffer.from(text, 'latin1').toString('hex')]);
  const result = spawnSync(compile('play'), [program, ...script], { timeout: 60_000 });
  if (result.error !== undefined) throw result.error;
  return result.stdout.toString('latin1');
}

function runUntil(machine: Machine, pattern: string): boolean {
  const result = machine.runSync({ untilOutput: { port: 0, pattern }, instructions: LIMIT_INSTRUCTIONS });
  return result.reason === 'output';
}

async function playInGuest(program: string): Promise<string> {
  const machine = await createGuest({ files: new Map([['/terminal', readFileSync(program)]]) });
  try {
    const pieces: Uint8Array[] = [];
    expect(runUntil(machine, 'pagewright:/# ')).toBe(true);
    machine.serial(0).send(Buffer.from('/terminal\n'));
    expect(runUntil(machine, '/terminal\r\n')).toBe(true);
    machine.serial(0).onOutput((bytes) => pieces.push(bytes.slice()));
    const shown = () => Buffer.concat(pieces).toString('latin1');
    while (runUntil(machine, 'READY ') && runUntil(machine, '\n')) {
      machine.runSync({ instructions: SETTLE_INSTRUCTIONS });
      const names = [...shown().matchAll(/READY ([\w-]+)\r?\n/g)];
      const text = typed.get(names.at(-1)![1]!)!;
      machine.serial(0).send(Buffer.from(text, 'latin1'));
      if (names.at(-1)![1] === 'foreground-stop') break;
    }
    expect(runUntil(machine, 'DONE\r\n'), shown()).toBe(true);
    return shown().replace(/pagewright:.*$/s, '');
  } finally {
    await machine.destroy();
  }
}

test('a terminal treats what is typed as Linux does', async () => {
  const program = compile('terminal');
  const there = await playInGuest(program); // to its end, which it says
  if (runsI386) expect(there).toBe(playOnHost(program));
});
