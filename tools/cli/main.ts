/*
 * The front door: finds the subcommand, turns every way of failing into a message and an exit status.
 * 0: success; 1: the run failed; 2: wrong usage.
 */
import { benchCommand } from './commands/bench.ts';
import { buildCommand } from './commands/build.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { serveCommand } from './commands/serve.ts';
import { soakCommand } from './commands/soak.ts';
import { helpText, readArguments, RunError, UsageError, type Command, type Output } from './command.ts';

const commands: readonly Command[] = [buildCommand, runCommand, replayCommand, serveCommand, benchCommand, soakCommand];

/** Runs `pagewright` with the arguments after its name; `root` is the project's folder. Gives the exit status. */
export async function main(args: readonly string[], root: string): Promise<number> {
  const output = terminalOutput();
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    output.write(overview());
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    output.error(
      `pagewright: there is no command '${name}'; the commands are ${commands.map((c) => c.name).join(', ')}`,
    );
    return 2;
  }
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
  output.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const rows = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `usage: pagewright COMMAND [options]\n\n${rows.join('\n')}\n\n'pagewright COMMAND --help' tells more.\n`;
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
