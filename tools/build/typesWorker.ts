/*
 * A second thread of a large build: it looks at the types, while the first one makes code. It answers with its findings
 * and with names for the texts that it has read.
 *
 * The first build of all has also something to do for the edits to come: the types of a few changed files are checked in the
 * main thread, by TypeScript's own checker, and V8 has to compile that once. So where V8's cache has no code of it yet
 * (tools/cli/codeCache.mjs), and this thread has not used it anyhow, it does so when it has answered, if there is time.
 */
import { readdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { workerData, type MessagePort } from 'node:worker_threads';
import { diskFiles } from './diskFiles.ts';
import { nativeName } from './nativeName.ts';
import { filesWithoutFaults } from './nativeTypes.ts';
import { HAS_ANSWERED, HAS_STARTED, type TypeFindings, type TypesRequest } from './typesThread.ts';

const { port, signal, ...request } = workerData as TypesRequest & {
  readonly port: MessagePort;
  readonly signal: Int32Array;
};

/** Files are read after the native tsc has read them: what changes in between does not have the hash of before. */
function checkNatively(): TypeFindings | null {
  const paths = filesWithoutFaults([...request.libraryFiles, ...request.entries]);
  if (paths === null) return null;
  return {
    diagnostics: [],
    names: new Map(paths.map((path) => [path, nativeName(path, diskFiles.readFile(path) ?? '')])),
  };
}

async function checkHere(entries: readonly string[]): Promise<TypeFindings> {
  const { KernelTsProgram } = await import('../compiler/frontend/index.ts'); // large
  const texts = new Map<string, string>();
  const readFile = (path: string): string | undefined => {
    const text = diskFiles.readFile(path);
    if (text !== undefined) texts.set(path, text);
    return text;
  };
  const program = new KernelTsProgram({ ...request, entries, files: { readFile }, part: 'types' });
  const diagnostics = program.diagnostics();
  return { diagnostics, names: new Map([...texts].map(([path, text]) => [path, nativeName(path, text)])) };
}

function hasCodeOfTypeScript(): boolean {
  const folder = dirname(fileURLToPath(import.meta.url)); // where bundles and V8's code are
  return readdirSync(folder).some((name) => /^typescript-.*\.code$/.test(name));
}

async function prepareForEdits(): Promise<void> {
  if (hasCodeOfTypeScript()) return;
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW); // elsewhere not of the thread alone
  await checkHere(request.entries.slice(-1));
}

function tell(state: number): void {
  Atomics.store(signal, 0, state);
  Atomics.notify(signal, 0);
}

let native: TypeFindings | null;
try {
  tell(HAS_STARTED);
  native = checkNatively();
  port.postMessage(native ?? (await checkHere(request.entries)));
} finally {
  tell(HAS_ANSWERED); // without an answer, the other side does the work itself
}
if (native !== null) await prepareForEdits();
