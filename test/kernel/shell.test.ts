/*
 * The shell and the small programs against the host's: each script of test/kernel/shell prints the same, and ends with the
 * same status, in the guest and under dash on this computer.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { replayCommand, runGuest } from '../support/guest.ts';

const folder = join(import.meta.dirname, 'shell');
const scripts = readdirSync(folder).sort();

/** One guest runs all of them, each in an empty directory. */
const commands = [
  'for f in /root/*; do mkdir /tmp/w; cd /tmp/w; printf "=== %s\\n" "${f##*/}"',
  'sh $f a "b c" d >/tmp/out 2>/dev/null </dev/null; status=$?; cat /tmp/out; printf "\\n--- %s\\n" $status; cd /; rm -r /tmp/w; done',
].join('; ');

const guest = new Map<string, string>();

beforeAll(async () => {
  const files = new Map(scripts.map((name) => [`/root/${name}`, readFileSync(join(folder, name))]));
  const options = { exec: [commands], files };
  const { output, result } = await runGuest(options);
  expect(result.reason, replayCommand(options)).toBe('exit');
  for (const part of output.replaceAll('\r', '').split(/^=== /m).slice(1)) {
    const end = part.indexOf('\n');
    guest.set(part.slice(0, end), part.slice(end + 1));
  }
});

function runOnHost(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'pagewright-shell-'));
  try {
    const result = spawnSync('dash', [join(folder, name), 'a', 'b c', 'd'], {
      cwd: directory,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (result.error !== undefined) throw result.error;
    return `${result.stdout}\n--- ${result.status}\n`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('does what the host does', () => {
  test.each(scripts)('%s', (name) => {
    expect(guest.get(name)).toBe(runOnHost(name));
  });
});
