/*
 * Guests that one file of tests after the other may have. What the machine has compiled of the kernel serves them all;
 * their memory and their devices do not: each gets a guest as it is before its first instruction.
 */

import type { Machine, Snapshot } from '../../../emulator/machine.ts';
import { createGuest, type GuestOptions } from '../../support/guest.ts';

/** A guest that is in use, and how to give it back. */
export interface LentGuest {
  readonly guest: Machine;
  /** For the one that has used it, when the guest does not run and nobody listens to it any more. */
  readonly giveBack: () => void;
}

export class GuestPool {
  readonly #waiting = new Map<string, { readonly guest: Machine; readonly unused: Snapshot }>();

  /** A guest with these options in which nothing has run yet. */
  async take(options: GuestOptions): Promise<LentGuest> {
    const key = JSON.stringify(options);
    const { guest, unused } = this.#waiting.get(key) ?? (await firstOf(options));
    this.#waiting.delete(key);
    return {
      guest,
      giveBack: () => {
        guest.restore(unused);
        this.#waiting.set(key, { guest, unused });
      },
    };
  }
}

async function firstOf(options: GuestOptions): Promise<{ readonly guest: Machine; readonly unused: Snapshot }> {
  const guest = await createGuest(options);
  return { guest, unused: guest.snapshot() };
}
