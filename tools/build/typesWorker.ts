/*
 * A second thread of a large build: it looks at the types, while the first one makes code. It answers with its findings
 * and with names for the texts that it has read.
 *
 * It begins early, and has until the code is done. So it may have no more of the computer than the others leave: of two
 * processors, it and the threads that V8 optimises and collects garbage in would take a third of a second away from the
 * first thread.
 */
import { constants, setPriority } from 'node:os';
import { workerData, type MessagePort } from 'node:worker_threads';
import { diskFiles } from './diskFiles.ts';
import { nativeName } from './nativeName.ts';
import { filesWithoutFaults } from './nativeTypes.ts';
import { HAS_ANSWERED, HAS_STARTED, type TypeFindings, type TypesRequest } from './typesThread.ts';

/** Files are read after the native tsc has read them: what changes in between does not have the hash of before. */
function checkNatively({ entries, libraryFiles }: TypesRequest): TypeFindings | null {
  const paths = filesWithoutFaults([...libraryFiles, ...entries]);
  if (paths === null) return null;
  return {
    diagnostics: [],
    names: new Map(paths.map((path) => [path, nativeName(path, diskFiles.readFile(path) ?? '')])),
  };
}

async function checkHere(request: TypesRequest): Promise<TypeFindings> {
  const { KernelTsProgram } = await import('../compiler/frontend/index.ts'); // large
  const texts = new Map<string, string>();
  const readFile = (path: string): string | undefined => {
    const text = diskFiles.readFile(path);
    if (text !== undefined) texts.set(path, text);
    return text;
  };
  const program = new KernelTsProgram({ ...request, files: { readFile }, part: 'types' });
  const diagnostics = program.diagnostics();
  return { diagnostics, names: new Map([...texts].map(([path, text]) => [path, nativeName(path, text)])) };
}

interface Question extends TypesRequest {
  readonly port: MessagePort;
  readonly signal: Int32Array;
}

async function answer({ port, signal, ...request }: Question): Promise<void> {
  const tell = (state: number): void => {
    Atomics.store(signal, 0, state);
    Atomics.notify(signal, 0);
  };
  try {
    tell(HAS_STARTED);
    port.postMessage(checkNatively(request) ?? (await checkHere(request)));
  } finally {
    tell(HAS_ANSWERED); // without an answer, the other side does the work itself
  }
}

/** On Linux every thread has a priority of its own, which the programs that it starts inherit; elsewhere, only processes. */
function stepBack(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW);
}

stepBack();
void answer(workerData as Question);
