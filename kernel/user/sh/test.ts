/*
 * test, also called `[`: questions about files, strings and numbers, answered by the exit status (0 yes, 1 no, 2 the
 * question makes no sense). As POSIX has it, the number of arguments decides what is meant.
 */

import { R_OK, W_OK, X_OK } from '../../abi/fcntl.ts';
import { S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, type Stat64 } from '../../abi/stat.ts';
import { SYS_access } from '../../abi/syscallNumbers.ts';
import { MINUS } from '../lib/characters.ts';
import { lstat, stat } from '../lib/fileCalls.ts';
import { printError } from '../lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from '../lib/strings.ts';

const YES = 0;
const NO = 1;
const ERROR = 2;

/** `test` with its arguments, or `[` with a `]` at the end. */
export function testBuiltin(argc: u32, argv: StringList): i32 {
  let count = argc;
  if (stringsEqual(argv[0]!, bytes('['))) {
    if (!stringsEqual(argv[argc - 1]!, bytes(']'))) {
      printError('sh: [: no ]\n');
      return ERROR;
    }
    count--;
  }
  return question(count - 1, argv.add(1));
}

function question(count: u32, argv: StringList): i32 {
  if (count === 0) return NO;
  if (count === 1) return answer(argv[0]![0] !== 0);
  if (count === 3) {
    const result = binary(argv[0]!, argv[1]!, argv[2]!);
    if (result !== ERROR) return result;
  }
  if (stringsEqual(argv[0]!, bytes('!'))) {
    const result = question(count - 1, argv.add(1));
    return result === ERROR ? ERROR : YES + NO - result;
  }
  if (count === 2 && argv[0]![0] === MINUS) return unary(argv[0]!, argv[1]!);
  printError('sh: test: cannot make sense of this\n');
  return ERROR;
}

function answer(yes: boolean): i32 {
  return yes ? YES : NO;
}

function unary(operator: Ptr<u8>, operand: Ptr<u8>): i32 {
  if (stringsEqual(operator, bytes('-n'))) return answer(operand[0] !== 0);
  if (stringsEqual(operator, bytes('-z'))) return answer(operand[0] === 0);
  if (stringsEqual(operator, bytes('-r'))) return answer(mayAccess(operand, R_OK));
  if (stringsEqual(operator, bytes('-w'))) return answer(mayAccess(operand, W_OK));
  if (stringsEqual(operator, bytes('-x'))) return answer(mayAccess(operand, X_OK));
  const status = zeroed<Inline<Stat64>>();
  const link = stringsEqual(operator, bytes('-L'));
  const there = (link ? lstat(operand, status) : stat(operand, status)) === 0;
  const type = status.st_mode & S_IFMT;
  if (link) return answer(there && type === S_IFLNK);
  if (stringsEqual(operator, bytes('-e'))) return answer(there);
  if (stringsEqual(operator, bytes('-f'))) return answer(there && type === S_IFREG);
  if (stringsEqual(operator, bytes('-d'))) return answer(there && type === S_IFDIR);
  if (stringsEqual(operator, bytes('-c'))) return answer(there && type === S_IFCHR);
  if (stringsEqual(operator, bytes('-p'))) return answer(there && type === S_IFIFO);
  if (stringsEqual(operator, bytes('-s'))) return answer(there && status.st_size > 0n);
  printError('sh: test: %s: unknown operator\n', operator);
  return ERROR;
}

function mayAccess(path: Ptr<u8>, mode: u32): boolean {
  return int80(SYS_access, u32(path), mode, 0, 0, 0, 0) === 0;
}

/** ERROR if the operator is none with two operands; nothing has been said then. */
function binary(left: Ptr<u8>, operator: Ptr<u8>, right: Ptr<u8>): i32 {
  if (stringsEqual(operator, bytes('='))) return answer(stringsEqual(left, right));
  if (stringsEqual(operator, bytes('!='))) return answer(!stringsEqual(left, right));
  const a = zeroed<FixedArray<i32, 1>>();
  const b = zeroed<FixedArray<i32, 1>>();
  if (!parseNumber(left, a) || !parseNumber(right, b)) return ERROR;
  if (stringsEqual(operator, bytes('-eq'))) return answer(a[0] === b[0]);
  if (stringsEqual(operator, bytes('-ne'))) return answer(a[0] !== b[0]);
  if (stringsEqual(operator, bytes('-lt'))) return answer(a[0] < b[0]);
  if (stringsEqual(operator, bytes('-le'))) return answer(a[0] <= b[0]);
  if (stringsEqual(operator, bytes('-gt'))) return answer(a[0] > b[0]);
  if (stringsEqual(operator, bytes('-ge'))) return answer(a[0] >= b[0]);
  return ERROR;
}
