/*
 * What the client talks over: a pair of byte streams, in the shape that Web Serial ports have. Adapters bring the rest
 * into it: a serial line of the machine here, what Node has in nodeTransports.ts.
 */

import type { SerialPort } from '../serial.ts';

export interface Transport {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A serial line of the machine. Somebody must run the machine. */
export function fromSerialPort(port: SerialPort): Transport {
  let stopListening = (): void => undefined;
  return {
    readable: new ReadableStream<Uint8Array>({
      start(controller) {
        stopListening = port.onOutput((bytes) => controller.enqueue(bytes.slice()));
      },
      cancel() {
        stopListening();
      },
    }),
    writable: new WritableStream<Uint8Array>({
      write(bytes) {
        port.send(bytes);
      },
    }),
  };
}
