/*
 * What a run asks of the host: to let it do other work for a moment, how long it has not, and, for a run that a person
 * watches, to wait until the world's clock has caught up with the guest's. None of it changes what the guest does; all
 * exist in browsers, workers and Node.
 */

/** Lets timers, messages and input of the host be handled, then resolves. */
export function yieldToHost(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const received = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', received, { once: true });
    port1.start();
    port2.postMessage(0);
  });
}

/** Milliseconds of host time, for deciding when to yield. */
export function hostMilliseconds(): number {
  return performance.now();
}

/** Resolves after so many milliseconds, or when `early` does. */
export async function pause(milliseconds: number, early: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([elapsed, early]);
  clearTimeout(timer);
}

/**
 * Compares virtual with host time. A guest that sleeps would jump from event to event as fast as the host can, and a
 * `sleep 5` would take no time; Pace tells how long to wait so that it takes five seconds. A guest that computes falls
 * behind instead; it does not get to catch up.
 */
export class Pace {
  /** Host time minus virtual time, in milliseconds, when they were last level. */
  #offset: number;

  constructor(virtualMilliseconds: number) {
    this.#offset = hostMilliseconds() - virtualMilliseconds;
  }

  /** Milliseconds by which the guest's clock is ahead of the host's; 0 when it is not. */
  ahead(virtualMilliseconds: number): number {
    const offset = hostMilliseconds() - virtualMilliseconds;
    if (offset > this.#offset) this.#offset = offset;
    return this.#offset - offset;
  }
}
