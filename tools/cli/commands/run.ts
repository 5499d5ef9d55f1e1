/*
 * pagewright run: boots our kernel on the machine, or any other that follows the Multiboot Specification.
 *
 * With --exec our kernel runs shell commands, and the status is that of the last one: the commands travel in a second
 * archive that init finds, so that a run depends on nothing but its arguments, and whoever reads finds the end of the
 * input. Without, this terminal becomes the console, or what is piped in is typed at it.
 */
import { KernelReader } from '../../../emulator/inspect/kernelReader.ts';
import { MemoryState } from '../../../emulator/inspect/memoryState.ts';
import { describeMemory, type Report, REPORTS } from '../../../emulator/inspect/report.ts';
import type { Machine, RunResult } from '../../../emulator/machine.ts';
import { Recorder } from '../../../emulator/recording.ts';
import { type Command, type OptionValues, type Output, stringOption, UsageError } from '../command.ts';
import type { LayoutFile } from '../../compiler/output/index.ts';
import { diskOptions } from '../run/disks.ts';
import { imageOptions, namesOtherKernel, sessionWords } from '../run/images.ts';
import { createMachine, openParts, type Parts } from '../run/machine.ts';
import { runQemu } from '../run/qemu.ts';
import { runSession } from '../run/session.ts';
import { settingsOptions } from '../run/settings.ts';
import { checkWritable, restoreSnapshot, saveRecording, saveSnapshot } from '../run/stateFiles.ts';

export const runCommand: Command = {
  name: 'run',
  summary:
    'Boot the kernel, and run commands in it or give it this terminal (Ctrl-] leaves). What is piped in is typed at the ' +
    "shell, and at its end a ^D: the machine powers off, and the shell's status is ours.",
  options: {
    exec: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'COMMANDS',
      help: "run these in the guest's shell, without input; the last one's status is ours",
    },
    console: { type: 'boolean', help: 'the first serial port is this terminal, or the pipe (so it is without --exec)' },
    ...settingsOptions,
    ...imageOptions,
    ...diskOptions,
    'state-hash': { type: 'boolean', help: 'print the hash over memory, CPUs and devices at the end' },
    define: { type: 'string', multiple: true, value: 'N=V', help: 'set a build constant: true, false or a number' },
    qemu: { type: 'boolean', help: 'run the same images under qemu-system-i386 instead' },
    record: { type: 'string', value: 'FILE', help: 'write down what the run depends on, for `pagewright replay`' },
    snapshot: { type: 'string', value: 'FILE', help: 'write the state of the machine to a file when the run ends' },
    restore: {
      type: 'string',
      value: 'FILE',
      help: 'begin in the state of a snapshot; the other options as they were',
    },
    inspect: { type: 'string', value: REPORTS.join('|'), help: "show our kernel's memory as it is when the run ends" },
    check: {
      type: 'boolean',
      help: "look at our kernel's memory from outside at random moments, too, not only when --exec ends; fail if it is wrong",
    },
    json: { type: 'boolean', help: 'print output, status, instructions and hash as JSON' },
  },
  async run(options, _operands, root, output) {
    const values: OptionValues = { ...options, session: sessionWords(options) };
    const report = readReport(values);
    checkUsage(values);
    const parts = openParts(values, root, output);
    if (parts === null) return 1;
    try {
      if (values['qemu'] === true) return runQemu(root, parts.images, parts.disks, parts.settings);
      const machine = await createMachine(parts);
      try {
        const status = await runMachine(machine, parts, values, root, output);
        if (report !== undefined && parts.layout !== null) inspect(machine, parts.layout, report, output);
        return status;
      } finally {
        await machine.destroy();
      }
    } finally {
      parts.disks.close();
    }
  },
};

/** Which view of the kernel's memory is wanted. */
function readReport(values: OptionValues): Report | undefined {
  const name = stringOption(values, 'inspect');
  if (name === undefined) return undefined;
  const report = REPORTS.find((other) => other === name);
  if (report === undefined) throw new UsageError(`--inspect takes ${REPORTS.join(', ')}`);
  if (namesOtherKernel(values)) throw new UsageError('--inspect knows our own kernel only');
  if (values['qemu'] === true || values['json'] === true)
    throw new UsageError('--inspect goes with neither --qemu nor --json');
  return report;
}

/** What --console and --check go with. */
function checkUsage(values: OptionValues): void {
  if (values['console'] === true && values['exec'] !== undefined)
    throw new UsageError('--console does not go with --exec, whose commands have no input');
  if (values['check'] !== true) return;
  if (namesOtherKernel(values)) throw new UsageError('--check knows our own kernel only');
  const others = values['qemu'] === true || values['until'] !== undefined;
  if (others || values['exec'] === undefined)
    throw new UsageError('--check goes with --exec, not with --qemu or --until');
}

function inspect(machine: Machine, layout: LayoutFile, report: Report, output: Output): void {
  const state = new MemoryState(new KernelReader(machine, layout));
  if (state.isThere) output.write(describeMemory(state, report));
  else output.error('pagewright run: nothing to --inspect: the run ended before the kernel had set up its memory');
}

/** The run itself, and the files that it begins with and leaves behind. */
async function runMachine(
  machine: Machine,
  { settings, layout }: Parts,
  values: OptionValues,
  root: string,
  output: Output,
): Promise<number> {
  const [record, snapshot, restore] = ['record', 'snapshot', 'restore'].map((name) => stringOption(values, name));
  if (record !== undefined && restore !== undefined) {
    throw new UsageError('--record records from power-on: it does not go with --restore');
  }
  for (const path of [record, snapshot]) if (path !== undefined) checkWritable(path);
  if (restore !== undefined) restoreSnapshot(restore, machine);
  const recorder = record === undefined ? null : new Recorder(machine);
  let ending: RunResult | undefined;
  try {
    const hear = (result: RunResult) => (ending = result);
    const canCheck = layout !== null && settings.commands.length > 0 && settings.until === undefined;
    const checks = canCheck ? { layout, throughout: values['check'] === true } : undefined;
    return await runSession(machine, settings, output, hear, checks);
  } finally {
    if (recorder !== null) saveRecording(record!, recorder, values, root, ending);
    if (snapshot !== undefined) saveSnapshot(snapshot, machine);
  }
}
