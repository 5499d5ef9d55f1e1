/*
 * The two things that a run asks of the host: to let it do other work for a moment, and how long it has not. Neither
 * changes what the guest does; both exist in browsers, workers and Node.
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
