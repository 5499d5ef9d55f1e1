/*
 * `pagewright run --file`: what of the host's files a guest sees.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const command = [join(root, 'tools', 'cli', 'pagewright.mjs'), 'run', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('programs and folders of the host are in the guest, and the run depends on nothing else of them', () => {
  const script = join(folder, 'hello.sh');
  writeFileSync(script, '#!/bin/sh\necho hello $1\nexit 5\n');
  chmodSync(script, 0o750);
  mkdirSync(join(folder, 'data', 'deep'), { recursive: true });
  writeFileSync(join(folder, 'data', 'deep', 'text'), 'contents\n', { mode: 0o600 });
  symlinkSync('deep/text', join(folder, 'data', 'link'));
  const outcome = () =>
    run(
      ...['--file', script, '--file', `${join(folder, 'data')}:/srv/of/mine/`, '--file', `${script}:/bin/greet`],
      ...[
        '--exec',
        'cat /srv/of/mine/link; ls -l /srv/of/mine/deep',
        '--exec',
        '/tmp/hello.sh one; greet two',
        '--state-hash',
      ],
    );
  const first = outcome();
  expect(first.stdout).toMatch(
    /^contents\n-rw-r--r-- +1 +(root|0) +(root|0) +9 .* text\nhello one\nhello two\nstate-hash \w{64}\n$/,
  );
  expect(first.status).toBe(5);
  chmodSync(script, 0o700);
  writeFileSync(script, '#!/bin/sh\necho hello $1\nexit 5\n'); // another time, and other permissions for others
  expect(outcome()).toEqual(first);
});

test.each([
  [['--file', '/no/such/file', '--exec', 'true'], 1, /cannot read the file \/no\/such\/file: ENOENT/],
  [['--file', '/dev/null', '--exec', 'true'], 1, /--file \/dev\/null: it is neither a file nor a folder/],
  [['--file', '/etc/passwd:/', '--exec', 'true'], 2, /the name in the guest is to be that of the file itself/],
  [['--file', '/etc/passwd', '--kernel', '/no/such/kernel'], 2, /--file is for our own kernel/],
  [['--define', 'LOCK_CHECKER=false', '--kernel', '/no/such/kernel'], 2, /--define is for our own kernel/],
])('%j is refused', (args, status, message) => {
  const outcome = run(...args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.status).toBe(status);
});
