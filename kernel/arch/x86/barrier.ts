/*
 * The full memory barrier: what comes before it in the program is visible to all CPUs before anything that comes after it
 * is read.
 *
 * x86 keeps the order of stores among each other and of loads among each other; what it turns round is a load that
 * overtakes an earlier store (SDM vol. 3A, 9.2). Any LOCKed instruction forbids that. MFENCE does as well, but came with
 * SSE2 only.
 */

export function memoryBarrier(): void {
  let word: u32 = 0;
  atomic.or(addrOf(word), 0);
}
