/*
 * The machine's serial ports for `@serialport/stream`: a binding, so that whatever speaks to a real port through Node's
 * serialport package speaks to the guest.
 *
 * A write hands its bytes to the port at once and resolves when no more than PACE_BYTES wait outside the guest, so that a
 * fast writer is slowed to the guest's pace, and the guest sees one unbroken stream however the writer cut it. A read
 * resolves with at least one byte. Closing a port rejects what is pending with `canceled`, which tells the stream that it
 * was closed on purpose. Somebody must run the machine meanwhile.
 */

import type {
  BindingInterface,
  BindingPortInterface,
  BindingsErrorInterface,
  OpenOptions,
  PortInfo,
  PortStatus,
  SetOptions,
  UpdateOptions,
} from '@serialport/bindings-interface' with { 'resolution-mode': 'require' };
import type { Machine } from '../machine.ts';
import type { SerialPort } from '../serial.ts';

/** Input that may wait outside the guest when a write resolves. */
const PACE_BYTES = 4096;

const PORTS = 4;

/** The ports of one machine, by the names ttyS0 to ttyS3. */
export class MachineBinding implements BindingInterface<MachineBindingPort> {
  readonly #machine: Machine;
  readonly #open = new Set<string>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  list(): Promise<PortInfo[]> {
    const unknown = {
      serialNumber: undefined,
      pnpId: undefined,
      locationId: undefined,
      productId: undefined,
      vendorId: undefined,
    };
    return Promise.resolve(names().map((path) => ({ path, manufacturer: 'pagewright', ...unknown })));
  }

  open(options: OpenOptions): Promise<MachineBindingPort> {
    const index = names().indexOf(options.path);
    if (index < 0)
      return Promise.reject(new Error(`there is no port ${options.path}; ports are ${names().join(', ')}`));
    if (this.#open.has(options.path)) return Promise.reject(new Error(`port ${options.path} is open already`));
    this.#open.add(options.path);
    const release = () => void this.#open.delete(options.path);
    return Promise.resolve(new MachineBindingPort(this.#machine.serial(index), options, release));
  }
}

class CanceledError extends Error implements BindingsErrorInterface {
  readonly canceled = true;
}

export class MachineBindingPort implements BindingPortInterface {
  readonly openOptions: Required<OpenOptions>;
  isOpen = true;

  readonly #port: SerialPort;
  readonly #release: () => void;
  readonly #stopListening: () => void;
  /** From the guest, not read yet. */
  #received: Uint8Array[] = [];
  /** Make pending reads look again. */
  #readers: (() => void)[] = [];
  /** Reject what is pending. */
  readonly #cancels = new Set<(error: Error) => void>();

  constructor(port: SerialPort, options: OpenOptions, release: () => void) {
    const defaults = { dataBits: 8, lock: true, stopBits: 1, parity: 'none' } as const;
    const flow = { rtscts: false, xon: false, xoff: false, xany: false, hupcl: true };
    this.openOptions = { ...defaults, ...flow, ...options };
    this.#port = port;
    this.#release = release;
    this.#stopListening = port.onOutput((bytes) => {
      this.#received.push(bytes);
      const readers = this.#readers;
      this.#readers = [];
      for (const wake of readers) wake();
    });
  }

  close(): Promise<void> {
    if (!this.isOpen) return Promise.reject(new Error('the port is not open'));
    this.isOpen = false;
    this.#stopListening();
    for (const cancel of this.#cancels) cancel(new CanceledError('the port was closed'));
    this.#release();
    return Promise.resolve();
  }

  async read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }> {
    this.#check();
    while (this.#received.length === 0) await this.#orClosed(this.#nextOutput());
    const first = this.#received[0]!;
    const bytesRead = Math.min(first.length, length);
    buffer.set(first.subarray(0, bytesRead), offset);
    if (bytesRead < first.length) this.#received[0] = first.subarray(bytesRead);
    else this.#received.shift();
    return { buffer, bytesRead };
  }

  async write(buffer: Buffer): Promise<void> {
    this.#check();
    this.#port.send(buffer);
    await this.#orClosed(this.#port.drained(PACE_BYTES));
  }

  update(options: UpdateOptions): Promise<void> {
    return this.#whenOpen(() => {
      this.openOptions.baudRate = options.baudRate; // the line carries bytes at its own pace
    });
  }

  /** The guest's modem inputs are wired to "ready"; there is nothing to set. */
  set(_options: SetOptions): Promise<void> {
    return this.#whenOpen(() => undefined);
  }

  get(): Promise<PortStatus> {
    return this.#whenOpen(() => ({ cts: true, dsr: true, dcd: true }));
  }

  getBaudRate(): Promise<{ baudRate: number }> {
    return this.#whenOpen(() => ({ baudRate: this.openOptions.baudRate }));
  }

  flush(): Promise<void> {
    return this.#whenOpen(() => {
      this.#received = [];
      this.#port.discardInput();
    });
  }

  async drain(): Promise<void> {
    this.#check();
    await this.#orClosed(this.#port.drained());
  }

  #check(): void {
    if (!this.isOpen) throw new CanceledError('the port is not open');
  }

  async #whenOpen<T>(action: () => T): Promise<T> {
    await Promise.resolve();
    this.#check();
    return action();
  }

  #nextOutput(): Promise<void> {
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Rejects when the port is closed. What has been waited for leaves nothing behind: a port may live long. */
  async #orClosed(promise: Promise<void>): Promise<void> {
    let cancel: (error: Error) => void = () => undefined;
    const closed = new Promise<never>((_, reject) => {
      cancel = reject;
    });
    this.#cancels.add(cancel);
    try {
      await Promise.race([promise, closed]);
    } finally {
      this.#cancels.delete(cancel);
    }
  }
}

function names(): string[] {
  return Array.from({ length: PORTS }, (_, index) => `ttyS${index}`);
}
