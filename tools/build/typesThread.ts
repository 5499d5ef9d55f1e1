/*
 * Has tsc's checker run in a thread of its own (typesWorker.ts).
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Diagnostic, KernelTsOptions } from '../compiler/frontend/index.ts';
import type { CheckTypes } from '../compiler/incremental/checking.ts';
import { nativeName } from './nativeName.ts';

export type TypesRequest = Pick<KernelTsOptions, 'entries' | 'root' | 'libraryFiles' | 'defines'>;

/** tsc's findings in all files of a build. */
export interface TypeFindings {
  readonly diagnostics: readonly Diagnostic[];
  /** By path: names of the texts that have been looked at. */
  readonly names: ReadonlyMap<string, string>;
}

/** What the thread tells, beside its answer. */
export const HAS_STARTED = 1;
export const HAS_ANSWERED = 2;

/**
 * The longest that a thread may take, in milliseconds, to begin (when somebody waits for it, it has had seconds already),
 * and to answer. It is given up then, and nothing is lost but time.
 */
const PATIENCE = { begin: 10_000, answer: 120_000 };

/** `worker`: a bundle with typesWorker.ts. */
export function typesThread(worker: URL, patience = PATIENCE): CheckTypes {
  return (request) => {
    const signal = new Int32Array(new SharedArrayBuffer(4));
    const { port1, port2 } = new MessageChannel();
    const workerData = { ...request, port: port2, signal };
    const thread = new Worker(worker, { workerData, transferList: [port2] });
    thread.unref();
    thread.on('error', () => undefined); // seen as an answer that does not come
    return (texts) => {
      Atomics.wait(signal, 0, 0, patience.begin);
      Atomics.wait(signal, 0, HAS_STARTED, patience.answer);
      const answer = receiveMessageOnPort(port1) as { message: TypeFindings } | undefined;
      port1.close();
      return answer === undefined ? null : findingsAbout(texts, answer.message);
    };
  };
}

/** Nobody takes its word for other texts. */
function findingsAbout(
  texts: ReadonlyMap<string, string>,
  { diagnostics, names }: TypeFindings,
): readonly Diagnostic[] | null {
  for (const [path, text] of texts) if (names.get(path) !== nativeName(path, text)) return null;
  return diagnostics;
}
