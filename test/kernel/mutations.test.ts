/*
 * Damaged files: programs for execve and archives for the boot, changed at random by a seed. Whatever they say, the kernel
 * lives, and what is left of the system works.
 */
import { expect, test } from 'vitest';
import { Random } from '../../emulator/random.ts';
import { S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG } from '../../kernel/abi/stat.ts';
import { writeArchive } from '../../tools/image/newc.ts';
import { builtFile, createGuest, replayCommand, runGuest } from '../support/guest.ts';

const PROGRAMS = 120;
const ARCHIVES = 12;
/** Bytes of an ELF file that say how it is loaded: its header, and the table of segments behind it. */
const ELF_HEADERS = 52 + 4 * 32;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** A copy with a few bytes changed, within the first `extent`. */
function mutate(original: Uint8Array, extent: number, random: Random): Uint8Array {
  const copy = original.slice();
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(Math.min(extent, copy.length));
    copy[at] = random.below(2) === 0 ? INTERESTING[random.below(INTERESTING.length)]! : random.below(256);
  }
  return random.below(8) === 0 ? copy.slice(0, random.below(copy.length)) : copy;
}

test('no program file brings the kernel down', async () => {
  const random = new Random(2024);
  const program = builtFile('bin/true');
  const files = new Map<string, Uint8Array>();
  for (let i = 0; i < PROGRAMS; i++) files.set(`/root/p${i}`, mutate(program, ELF_HEADERS, random));
  // What still runs may do anything, but not for long.
  const commands = ['for p in /root/p*; do timeout -s KILL 0.1 $p </dev/null; done 2>/dev/null', 'echo alive'];
  const options = { exec: commands, files };
  const { output, status } = await runGuest(options);
  expect(output, replayCommand(options)).toMatch(/alive\n$/);
  expect(status).toBe(0);
});

/** A small archive with all kinds of entries. */
function archive(): Uint8Array {
  const data = new TextEncoder().encode('some text\n');
  return writeArchive([
    { path: 'tmp/a', mode: S_IFDIR | 0o755 },
    { path: 'tmp/a/file', mode: S_IFREG | 0o644, data },
    { path: 'tmp/a/link', mode: S_IFLNK | 0o777, data: new TextEncoder().encode('file') },
    { path: 'tmp/a/device', mode: S_IFCHR | 0o600, device: { major: 1, minor: 3 } },
    { path: 'tmp/b', mode: S_IFREG | 0o755, data: new Uint8Array(5000) },
  ]);
}

test('no archive brings the kernel down', async () => {
  const random = new Random(99);
  const original = archive();
  for (let i = 0; i < ARCHIVES; i++) {
    const damaged = mutate(original, original.length, random);
    const machine = await createGuest({ exec: ['ls -lR /tmp >/dev/null 2>&1; echo alive'], archive: damaged });
    const console: Uint8Array[] = [];
    machine.serial(0).onOutput((bytes) => console.push(bytes.slice()));
    const result = await machine.run({ instructions: 500e6 });
    await machine.destroy();
    expect(Buffer.concat(console).toString(), `archive ${i} of seed 99`).toMatch(/alive\n$/);
    expect(result.reason).toBe('exit');
  }
});
