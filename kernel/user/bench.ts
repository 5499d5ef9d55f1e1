/*
 * bench WHAT COUNT: does one thing COUNT times, for measuring what it costs in guest instructions.
 *
 *   null    getpid, the cheapest call
 *   fork    fork, exit in the child, wait in the parent
 *   exec    the same, but the child executes /bin/true first
 *   fault   touches a fresh page of anonymous memory
 */

import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../abi/mman.ts';
import { SYS_mmap2, SYS_munmap } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { printError } from './lib/output.ts';
import { execve, exitNow, fork, getpid, wait4 } from './lib/processCalls.ts';
import { stringsEqual, parseNumber, type StringList } from './lib/strings.ts';

const PAGE_SIZE: u32 = 4096;

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  const count = zeroed<FixedArray<i32, 1>>();
  if (argc !== 3 || !parseNumber(argv[2]!, count)) return usage();
  for (let i = 0; i < count[0]; i++) {
    if (stringsEqual(argv[1]!, bytes('null'))) getpid();
    else if (stringsEqual(argv[1]!, bytes('fork'))) forkAndWait(false);
    else if (stringsEqual(argv[1]!, bytes('exec'))) forkAndWait(true);
    else if (stringsEqual(argv[1]!, bytes('fault'))) touchFreshPage();
    else return usage();
  }
  return 0;
}

function usage(): i32 {
  printError('usage: bench null|fork|exec|fault COUNT\n');
  return 1;
}

const nothing = zeroed<FixedArray<Ptr<u8> | null, 1>>();

function forkAndWait(executes: boolean): void {
  const pid = fork();
  if (pid === 0) {
    if (executes) execve(bytes('/bin/true'), nothing, nothing);
    exitNow(0);
  }
  wait4(pid, null, 0);
}

function touchFreshPage(): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const address = int80(SYS_mmap2, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, flags, 0xffffffff, 0);
  ptr<u8>(u32(address))[0] = 1;
  int80(SYS_munmap, u32(address), PAGE_SIZE, 0, 0, 0, 0);
}
