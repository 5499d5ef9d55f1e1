/*
 * What the tests of the back end share: programs in the text form of the IR, linked and run on this computer.
 *
 * Programs run with a time limit and a limit on what they may print: faulty code must not be able to hang or flood us.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCode } from '../../tools/compiler/backend/index.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { linkKernel, type LinkedImage, linkUserProgram } from '../../tools/compiler/output/index.ts';
import { i386Command } from '../support/i386.ts';

/** A folder that goes away with `remove`. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'backend-'));
  #count = 0;

  /** Writes an executable and gives its path. */
  write(bytes: Uint8Array, name = `program${this.#count++}`): string {
    const path = join(this.folder, name);
    writeFileSync(path, bytes, { mode: 0o755 });
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export interface RunResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: Buffer;
  readonly errors: string;
}

/** Runs a program of this computer; for tools too. */
export function run(path: string, args: readonly string[] = [], timeout = 20_000): RunResult {
  const result = spawnSync(path, args, { timeout, maxBuffer: 1 << 22, killSignal: 'SIGKILL' });
  return {
    status: result.status,
    signal: result.signal,
    output: result.stdout,
    errors: result.stderr.toString(),
  };
}

/** Runs a program for the i386. */
export function runI386(path: string): RunResult {
  const [command, ...args] = i386Command(path);
  return run(command, args);
}

/** What a tool prints. Throws if it fails. */
export function tool(path: string, ...args: string[]): string {
  const { errors, output, signal, status } = run(path, args, 60_000);
  if (status !== 0) throw new Error(`${path} ended with ${status ?? signal ?? '?'}: ${errors}`);
  return output.toString();
}

export function compileProgram(text: string): LinkedImage {
  return linkUserProgram(generateCode(parseChecked(text)));
}

export function compileKernel(text: string): LinkedImage {
  return linkKernel(generateCode(parseChecked(text)));
}

function parseChecked(text: string): IrModule {
  const module = parseModule(text);
  assertValid(module, 'the test');
  return module;
}

/** `start` that calls @main and exits with what it returns. */
export const exitWithMain = `entry @start
function @start(): void exported naked {
  asm {
    "xor ebp, ebp\\n"
    "call " @main "\\n"
    "mov ebx, eax\\n"
    "mov eax, 1\\n"
    "int 0x80\\n"
  }
}
`;
