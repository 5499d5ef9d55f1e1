/*
 * The I/O port space: who answers which port.
 *
 * Devices register byte handlers for the ports that they own. Wider accesses are split into bytes, low address first, as
 * the ISA bus does for 8-bit devices, unless the device registered a handler for the width. What nobody owns reads as ones.
 */

export interface PortHandler {
  read?(port: number): number;
  write?(port: number, value: number): void;
  read16?(port: number): number;
  write16?(port: number, value: number): void;
  read32?(port: number): number;
  write32?(port: number, value: number): void;
}

const ALL_ONES = 0xffff_ffff;

export class PortSpace {
  readonly #handlers = new Map<number, PortHandler>();

  /** Lets `handler` answer the ports from `first` to `last`. A later registration replaces an earlier one. */
  register(first: number, last: number, handler: PortHandler): void {
    for (let port = first; port <= last; port++) this.#handlers.set(port, handler);
  }

  /** Lets `handler` answer `count` ports from `first` on, those that have no owner yet: what software can move hides nobody. */
  registerFree(first: number, count: number, handler: PortHandler): void {
    for (let port = first; port < first + count; port++) {
      if (!this.#handlers.has(port)) this.#handlers.set(port, handler);
    }
  }

  /** Takes `count` ports from `first` on away from `handler`, where they are still its own. */
  unregister(first: number, count: number, handler: PortHandler): void {
    for (let port = first; port < first + count; port++) {
      if (this.#handlers.get(port) === handler) this.#handlers.delete(port);
    }
  }

  read(port: number, bytes: 1 | 2 | 4): number {
    const handler = this.#handlers.get(port);
    if (handler === undefined) return ALL_ONES >>> (32 - 8 * bytes);
    if (bytes === 4 && handler.read32 !== undefined) return handler.read32(port) >>> 0;
    if (bytes === 2 && handler.read16 !== undefined) return handler.read16(port);
    let value = 0;
    for (let i = 0; i < bytes; i++) value |= this.#readByte(port + i) << (8 * i);
    return value >>> 0;
  }

  write(port: number, bytes: 1 | 2 | 4, value: number): void {
    const handler = this.#handlers.get(port);
    if (handler === undefined) return;
    if (bytes === 4 && handler.write32 !== undefined) handler.write32(port, value >>> 0);
    else if (bytes === 2 && handler.write16 !== undefined) handler.write16(port, value);
    else for (let i = 0; i < bytes; i++) this.#handlers.get(port + i)?.write?.(port + i, (value >>> (8 * i)) & 0xff);
  }

  #readByte(port: number): number {
    return this.#handlers.get(port)?.read?.(port) ?? 0xff;
  }
}
