/*
 * What the client talks over: a pair of byte streams, in the shape that Web Serial ports have. Adapters bring the rest
 * into it: a serial line of the machine here, what Node has in nodeTransports.ts.
 */

export interface Transport {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** What a serial line of the machine (serial.ts) and its like have. */
export interface Line {
  /** Calls `listener` with what comes from the other end. Returns the function that ends it. */
  onOutput(listener: (bytes: Uint8Array) => void): () => void;
  send(bytes: Uint8Array): void;
}

/** A serial line of the machine. Somebody must run the machine. */
export function fromLine(port: Line): Transport {
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
