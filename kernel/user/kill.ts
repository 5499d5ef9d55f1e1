/*
 * kill [-SIGNAL] PID...: sends a signal (TERM by default), given by name or number, to processes, or to process groups
 * (negative numbers; put `--` in front if no signal is given). kill -l lists the names.
 */

import { SIGTERM } from '../abi/signal.ts';
import { MINUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { print, printError } from './lib/output.ts';
import { kill } from './lib/processCalls.ts';
import { NAMED_SIGNALS, parseSignal, signalName } from './lib/signalNames.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

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
  let signal: u32 = SIGTERM;
  let first: u32 = 1;
  if (argc > 1 && argv[1]![0] === MINUS) {
    const option = argv[1]!.add(1);
    if (stringsEqual(option, bytes('l'))) return list();
    first = 2;
    if (!stringsEqual(option, bytes('-'))) {
      signal = parseSignal(option);
      if (signal === 0 && !stringsEqual(option, bytes('0'))) {
        printError('kill: %s: no such signal\n', option);
        return 1;
      }
    }
  }
  if (first >= argc) {
    printError('usage: kill [-SIGNAL] PID...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i = first; i < argc; i++) status |= killOne(argv[i]!, signal);
  return status;
}

function killOne(text: Ptr<u8>, signal: u32): i32 {
  const pid = zeroed<FixedArray<i32, 1>>();
  if (!parseNumber(text, pid)) {
    printError('kill: %s: not a process\n', text);
    return 1;
  }
  const error = kill(pid[0], signal);
  return error < 0 ? complain('kill', text, error) : 0;
}

function list(): i32 {
  for (let signal: u32 = 1; signal <= NAMED_SIGNALS; signal++) print('%2u %s\n', signal, signalName(signal));
  return 0;
}
