/*
 * What the client talks over: a pair of byte streams, in the shape that Web Serial ports have. Adapters bring the rest
 * into it: Node duplex streams (such as @serialport/stream's port over a machine's serial line, or QEMU's pty), and
 * child processes (the agent on the host's own Linux).
 */

import { Duplex, Readable, Writable } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';

export interface Transport {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A duplex stream of bytes. */
export function fromDuplex(duplex: Duplex): Transport {
  return Duplex.toWeb(duplex);
}

/** A process that speaks on its standard input and output. */
export function fromStdio(child: { readonly stdin: Writable; readonly stdout: Readable }): Transport {
  return {
    readable: Readable.toWeb(child.stdout) as Transport['readable'],
    writable: Writable.toWeb(child.stdin) as Transport['writable'],
  };
}
