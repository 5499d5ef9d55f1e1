/*
 * The interactive shell, typed at over the console's serial line: jobs that are interrupted, stopped and taken up again,
 * lines that are corrected, prompts of unfinished commands.
 */
import { expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine.ts';
import { createGuest } from '../support/guest.ts';

const PROMPT = 'pagewright:/# ';
const LIMIT_INSTRUCTIONS = 400e6;
const PAUSE_INSTRUCTIONS = 4e6;

/** A shell at its prompt. */
class Session {
  readonly #machine: Machine;
  #output = '';

  private constructor(machine: Machine) {
    this.#machine = machine;
    machine.serial(0).onOutput((bytes) => (this.#output += Buffer.from(bytes).toString('latin1')));
  }

  static async open(commandLine: string): Promise<Session> {
    const session = new Session(await createGuest({ commandLine }));
    session.#runUntil(PROMPT);
    return session;
  }

  /** Types, and runs until the guest has printed `pattern`. Returns what it printed, without the carriage returns. */
  type(text: string, pattern = PROMPT): string {
    // A person is slower than a shell: what was typed before has begun by now.
    this.#machine.runSync({ instructions: PAUSE_INSTRUCTIONS });
    return this.answer(text, pattern);
  }

  /** The same at once, as a terminal does that is asked: a guest that waits for a time would not wait for a person. */
  answer(text: string, pattern = PROMPT): string {
    this.#output = '';
    this.#machine.serial(0).send(Buffer.from(text, 'latin1'));
    this.#runUntil(pattern);
    return this.#output.replaceAll('\r', '');
  }

  #runUntil(pattern: string): void {
    const result = this.#machine.runSync({ untilOutput: { port: 0, pattern }, instructions: LIMIT_INSTRUCTIONS });
    expect(result.reason, `waiting for '${pattern}' after:\n${this.#output}`).toBe('output');
  }

  close(): Promise<void> {
    return this.#machine.destroy();
  }
}

async function withSession(body: (session: Session) => void, commandLine = ''): Promise<void> {
  const session = await Session.open(commandLine);
  try {
    body(session);
  } finally {
    await session.close();
  }
}

test('^C ends what runs, and drops the line that is typed', () =>
  withSession((shell) => {
    shell.type('sleep 1000\n', 'sleep 1000\r\n');
    expect(shell.type('\x03')).toMatch(/^\^C\n/);
    expect(shell.type('echo $?\n')).toContain('\n130\n');
    shell.type('echo nev', 'echo nev');
    expect(shell.type('\x03')).toMatch(/\^C\n/);
    expect(shell.type('while :; do :; done\n\x03')).toContain('^C');
    expect(shell.type('echo alive\n')).toContain('\nalive\n');
  }));

test('^Z stops a job; fg, bg, jobs, kill and wait know it', () =>
  withSession((shell) => {
    shell.type('cat\n', 'cat\r\n');
    expect(shell.type('\x1a')).toMatch(/\[1\] Stopped {2}cat\n/);
    expect(shell.type('jobs\n')).toMatch(/\[1\] \+ Stopped {2}cat\n/);
    shell.type('fg\n', 'fg\r\ncat\r\n');
    expect(shell.type('hello\n', 'hello\r\nhello\r\n')).toBeDefined();
    expect(shell.type('\x04')).not.toContain('Stopped');
    shell.type('sleep 1000 | cat\n', 'cat\r\n');
    expect(shell.type('\x1a')).toMatch(/\[1\] Stopped {2}sleep 1000 \| cat\n/);
    expect(shell.type('bg; jobs\n')).toMatch(/\[1\] \+ Running {2}sleep 1000 \| cat\n/);
    shell.type('fg %sleep\n', 'sleep\r\nsleep 1000 | cat\r\n');
    expect(shell.type('\x03')).toContain('^C');
    expect(shell.type('sleep 500 & sleep 600 &\n')).toMatch(/\[1\] \d+\n\[2\] \d+\n/);
    expect(shell.type('jobs\n')).toMatch(/\[1\] - Running {2}sleep 500\n\[2\] \+ Running {2}sleep 600\n/);
    expect(shell.type('kill %1; wait %1; echo $?\n')).toContain('\n143\n');
    expect(shell.type('kill %sleep; wait; jobs\n')).not.toContain('Running');
    expect(shell.type('(exit 3) & wait $!; echo $?\n')).toContain('\n3\n');
    expect(shell.type('fg %7\n')).toContain('no such job');
  }));

test('a job in the background does not read the terminal', () =>
  withSession((shell) => {
    shell.type('cat &\n');
    expect(shell.type('jobs\n')).toMatch(/\[1\] \+ Stopped {2}cat\n/);
    shell.type('fg %1\n', 'fg %1\r\ncat\r\n');
    expect(shell.type('\x03')).toContain('^C');
  }));

test('lines are corrected by the terminal, and unfinished commands go on', () =>
  withSession((shell) => {
    expect(shell.type('echo wromg\x7f\x7f\x7f ong\x7f\x7f\x7f\x7fong\n')).toContain('\nwrong\n');
    expect(shell.type('rm -rf /\x15echo safe\n')).toContain('\nsafe\n');
    expect(shell.type('echo one two\x17three\n')).toContain('\none three\n');
    shell.type('for i in a b\n', '> ');
    shell.type('do echo "<$i', '<$i');
    shell.type('\n', '> ');
    expect(shell.type('>"; done\n')).toContain('\n<a\n>\n<b\n>\n');
    expect(shell.type('if )\n')).toContain('syntax error');
    expect(shell.type('PS1="$ "\n', '$ ')).toBeDefined();
  }));

test('stty shows and changes the terminal', () =>
  withSession((shell) => {
    expect(shell.type('stty size\n')).toContain('\n40 132\n');
    expect(shell.type('stty rows 24 cols 80 -echoe ixany; stty -a\n')).toMatch(
      /\nrows 24; columns 80;\nintr = \^C; .*erase = \^\?;[^]* ixany [^]* -echoe /,
    );
    expect(shell.type('stty raw sane; stty\n')).toMatch(/ -ixany [^]*\nopost [^]* icanon [^]* echoe /);
    expect(shell.type('stty nonsense; echo $?; stty rows; stty </dev/null\n')).toMatch(
      /invalid argument: nonsense\n1\n.*invalid argument: rows\n.*standard input: Inappropriate ioctl/,
    );
  }, 'rows=40 columns=132'));

test('resize asks the terminal for its size', () =>
  withSession((shell) => {
    shell.type('resize; stty size\n', '\x1b[6n');
    expect(shell.answer('\x1b[31;97R')).toMatch(/COLUMNS=97;\nLINES=31;\n[^]*\n31 97\n/);
    shell.type('resize; stty size\n', '\x1b[6n');
    expect(shell.answer('')).toMatch(/does not tell its size[^]*\n31 97\n/);
  }));
