/*
 * The ACPI power management timer: 24 bits at 3.579545 MHz, at the port where PIIX4 boards have it. Kernels use it as a
 * clock that does not change its speed.
 *
 * Source: ACPI specification 6.4, section 4.8.2.1.
 */

import { cyclesIn, type VirtualClock } from '../clock.ts';

export const PM_TIMER_PORT = 0xb008;

const PM_TIMER_HERTZ = 3_579_545;

export class PmTimer {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  read(port: number): number {
    return (this.read32() >> (8 * (port - PM_TIMER_PORT))) & 0xff;
  }

  read32(): number {
    return cyclesIn(this.#clock.now(), PM_TIMER_HERTZ) % 0x100_0000;
  }
}
