/*
 * What `npm start`, `npm test` and `npm run check` do on a machine that has only Node and npm.
 *
 * Idea. This file depends on nothing but Node, so that it can run before anything is installed. It installs the npm
 * packages when they are missing or older than the lock file, and, for the tests, the system programs that they call.
 * Then it hands over.
 */
import { Buffer } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The system programs that tests call, each with the Debian package that holds it and a way to see that it works. */
const systemPrograms = [
  { package: 'gcc', works: () => succeeds('gcc', ['--version']) },
  { package: 'gcc-multilib', works: () => findsLibrary('libgcc.a') && findsLibrary('libc.a') },
  { package: 'binutils', works: () => succeeds('objdump', ['--version']) },
  { package: 'gdb', works: () => succeeds('gdb', ['--version']) },
  { package: 'qemu-system-x86', works: () => succeeds('qemu-system-i386', ['--version']) },
  { package: 'qemu-user', works: () => runsI386() || succeeds('qemu-i386', ['--version']) },
  { package: 'e2fsprogs', works: () => succeeds('mke2fs', ['-V']) || existsSync('/usr/sbin/mke2fs') },
  { package: 'cpio', works: () => succeeds('cpio', ['--version']) },
  { package: 'chromium', works: () => succeeds('chromium', ['--version']) },
];

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** A program for the i386 that ends at once: the ELF header, its segment, and `xor ebx, ebx; lea eax, [ebx + 1]; int 0x80`. */
const smallestProgram =
  '7f454c4601010100000000000000000002000300010000005480040834000000000000000000000034002000010000000000000' +
  '0010000000000000000800408008004085b0000005b000000050000000010000031db8d4301cd80';

/** Whether this Linux runs programs for the i386: not all do that are themselves guests. */
function runsI386() {
  const folder = mkdtempSync(join(tmpdir(), 'pagewright-'));
  try {
    const program = join(folder, 'program');
    writeFileSync(program, Buffer.from(smallestProgram, 'hex'), { mode: 0o755 });
    return succeeds(program, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether gcc finds a library for 32-bit programs: it answers with a path, or else with the bare name. */
function findsLibrary(name) {
  const answer = spawnSync('gcc', ['-m32', `-print-file-name=${name}`], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.trim() !== name && existsSync(answer.stdout.trim());
}

/** Runs a program with this terminal and gives its exit status; a status other than 0 ends everything with it. */
function run(command, args, env = process.env) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (result.error !== undefined) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** What is run here takes any Node from 20 on; vitest and eslint are more particular. */
function requireNodeFor(tool) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isEnough = major === 20 ? minor >= 19 : major === 22 ? minor >= 13 : major >= 24;
  if (!isEnough) fail(`${tool} need Node 20.19, 22.13, 24 or later; this is ${process.version}`);
}

function installPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  run('npm', ['ci', '--no-fund', '--no-audit']);
}

function installSystemPrograms() {
  const missing = systemPrograms.filter((program) => !program.works()).map((program) => program.package);
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const byHand = `sudo apt-get update && sudo apt-get ${install.join(' ')}`;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot || !succeeds('apt-get', ['--version']))
    fail(`The tests need programs that are missing here. Install them with:\n  ${byHand}`);
  run('apt-get', ['update', '-q']);
  run('apt-get', install, { ...process.env, DEBIAN_FRONTEND: 'noninteractive' });
  const still = systemPrograms.filter((program) => !program.works()).map((program) => program.package);
  if (still.length > 0) fail(`Installed, but still not usable: ${still.join(', ')}`);
}

/**
 * The type checks, linters and structural checks. eslint takes as long as all others together: they run beside it, one
 * after the other. All are run, whatever one of them finds.
 */
async function check() {
  const bin = (name) => join('node_modules', '.bin', name);
  const stockTsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const nativeTsc = join('node_modules', 'typescript-native', 'bin', 'tsc');
  const quick = [
    [
      'kernel under tsc 6',
      process.execPath,
      [stockTsc, '-p', 'kernel', '--noEmit', '--composite', 'false', '--emitDeclarationOnly', 'false'],
    ],
    ['everything under native tsc 7', process.execPath, [nativeTsc, '-b']],
    ['prettier', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
    ['knip', bin('knip'), []],
    ['import direction and cycles', process.execPath, [join('tools', 'cli', 'imports.mjs')]],
  ];
  const slow = [['eslint', bin('eslint'), ['.', '--max-warnings', '0']]];
  const passed = await Promise.all([quick, slow].map(checkOneByOne));
  if (passed.includes(false)) process.exit(1);
}

/** Says whether all steps passed. What a step prints appears when it ends. */
async function checkOneByOne(steps) {
  let passed = true;
  for (const [title, command, args] of steps) {
    const { status, output } = await collect(command, args);
    console.log(`check: ${title}${status === 0 ? '' : ': FAILED'}`);
    process.stdout.write(output);
    if (status !== 0) passed = false;
  }
  return passed;
}

function collect(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ status: 1, output: `cannot run ${command}: ${error.message}\n` }));
    child.on('close', (status) => resolve({ status: status ?? 1, output: Buffer.concat(chunks) }));
  });
}

const [task, ...rest] = process.argv.slice(2);
const sourceFolders = ['kernel', 'emulator', 'tools', 'test'];
if (!sourceFolders.every((folder) => readdirSync(root).includes(folder))) fail(`${root} is not a whole checkout`);
if (task === 'test') requireNodeFor('the tests');
if (task === 'check') requireNodeFor('the checks');
installPackages();
switch (task) {
  case 'start':
    run(process.execPath, [join('tools', 'cli', 'pagewright.mjs'), 'run', ...rest]);
    break;
  case 'test':
    installSystemPrograms();
    run(process.execPath, [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...rest]);
    break;
  case 'check':
    await check();
    break;
  default:
    fail('usage: node tools/cli/setup.mjs start|test|check');
}
