/*
 * The front door: finds the subcommand, turns every way of failing into a message and an exit status.
 * 0: success; 1: the run failed; 2: wrong usage; 141: whoever read the output has gone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { helpText, isSystemError, readArguments, RunError, UsageError, type Command, type Output } from './command.ts';

/** Commands are loaded when they are wanted: a build has no need of the machine. In the order of the overview. */
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['build', async () => (await import('./commands/build.ts')).buildCommand],
  ['run', async () => (await import('./commands/run.ts')).runCommand],
  ['replay', async () => (await import('./commands/replay.ts')).replayCommand],
  ['serve', async () => (await import('./commands/serve.ts')).serveCommand],
  ['bench', async () => (await import('./commands/bench.ts')).benchCommand],
  ['soak', async () => (await import('./commands/soak.ts')).soakCommand],
  ['races', async () => (await import('./commands/races.ts')).racesCommand],
]);

/** What a shell reports for a program that SIGPIPE ended. */
const STATUS_BROKEN_PIPE = 141;

/** Runs `pagewright` with the arguments after its name; `root` is the project's folder. Gives the exit status. */
export async function main(args: readonly string[], root: string): Promise<number> {
  process.stdout.on('error', endWithoutReader);
  const output = terminalOutput();
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    output.write(await overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    output.write(`pagewright ${versionOf(root)}\n`);
    return 0;
  }
  const load = commands.get(name);
  if (load === undefined) {
    output.error(`pagewright: there is no command '${name}'; the commands are ${[...commands.keys()].join(', ')}`);
    return 2;
  }
  const command = await load();
  try {
    const { values, operands } = readArguments(command, rest);
    if (values['help'] === true) {
      output.write(helpText(command));
      return 0;
    }
    return await command.run(values, operands, root, output);
  } catch (error) {
    return explain(command, error, output);
  }
}

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

/** `head` has seen enough. Without this, Node would show where the write failed. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(STATUS_BROKEN_PIPE);
}

function explain(command: Command, error: unknown, output: Output): number {
  if (error instanceof UsageError) {
    output.error(`pagewright ${command.name}: ${error.message}`);
    output.error(`try 'pagewright ${command.name} --help'`);
    return 2;
  }
  if (error instanceof RunError) {
    output.error(`pagewright ${command.name}: ${error.message}`);
    return 1;
  }
  if (isSystemError(error)) {
    output.error(`pagewright ${command.name}: ${error.message}`);
    return 1;
  }
  output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

async function overview(): Promise<string> {
  const all = await Promise.all([...commands.values()].map((load) => load()));
  const width = Math.max(...all.map((command) => command.name.length));
  const rows = all.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `usage: pagewright COMMAND [options]\n\n${rows.join('\n')}\n\n'pagewright COMMAND --help' tells more; 'pagewright --version' tells the version.\n`;
}

function terminalOutput(): Output {
  let shown = false;
  const clear = (): void => {
    if (shown) process.stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    write(text) {
      clear();
      process.stdout.write(text);
    },
    error(line) {
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress(line) {
      if (!process.stderr.isTTY) return;
      clear();
      if (line !== '') process.stderr.write(line);
      shown = line !== '';
    },
  };
}
