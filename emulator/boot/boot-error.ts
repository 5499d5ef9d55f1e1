/** The image cannot be booted, and why. */
export class BootError extends Error {
  override readonly name = 'BootError';
}
