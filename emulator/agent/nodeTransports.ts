/*
 * Transports over what Node has: duplex streams (such as @serialport/stream's port, or a terminal of QEMU's), and child
 * processes (the agent on the host's own Linux).
 */

import { Duplex, Readable, Writable } from 'node:stream';
import type { Transport } from './transport.ts';

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
