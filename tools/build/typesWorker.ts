/*
 * A second thread of a large build: tsc's checker, while the first one makes code. It answers with its findings and with
 * the hashes of what it has read, so that nobody takes its word for other texts.
 */
import { workerData, type MessagePort } from 'node:worker_threads';
import { KernelTsProgram } from '../compiler/frontend/index.ts';
import type { TypeFindings } from '../compiler/incremental/build.ts';
import { hashText } from '../compiler/hash.ts';
import { diskFiles } from './diskFiles.ts';
import type { TypesRequest } from './typesThread.ts';

const { defines, entries, libraryFiles, port, root, signal } = workerData as TypesRequest & {
  readonly port: MessagePort;
  readonly signal: Int32Array;
};

function check(): TypeFindings {
  const texts = new Map<string, string>();
  const readFile = (path: string): string | undefined => {
    const text = diskFiles.readFile(path);
    if (text !== undefined) texts.set(path, text);
    return text;
  };
  const files = { readFile };
  const program = new KernelTsProgram({ files, entries, root, libraryFiles, defines, part: 'types' });
  const diagnostics = program.diagnostics();
  return { diagnostics, hashes: new Map([...texts].map(([path, text]) => [path, hashText(text)])) };
}

try {
  port.postMessage(check());
} finally {
  // Without an answer, the other side does the work itself.
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
}
