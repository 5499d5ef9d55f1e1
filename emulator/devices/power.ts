/*
 * The power switch: the sleep enable bit of the ACPI control register, where boards of emulators have it.
 *
 * Small kernels switch off by writing it at a fixed port, without ACPI tables; the sleep type does not matter.
 *
 * Source: ACPI specification 6.4, section 4.8.3.2.1 (PM1 control).
 */

import type { PortHandler } from '../ports.ts';

/** With the ACPI registers of this board, and those of a PIIX4 under QEMU. */
export const POWER_PORTS = [0xb004, 0x604];

const SLEEP_ENABLE = 0x2000;

export class PowerSwitch implements PortHandler {
  readonly #onOff: () => void;

  constructor(onOff: () => void) {
    this.#onOff = onOff;
  }

  /** SCI enable: ACPI mode, as if its tables had been used. */
  read(port: number): number {
    return (port & 1) === 0 ? 1 : 0;
  }

  write(port: number, value: number): void {
    if ((port & 1) === 1 && (value & (SLEEP_ENABLE >> 8)) !== 0) this.#onOff();
  }
}
