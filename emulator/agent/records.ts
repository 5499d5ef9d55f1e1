/*
 * Records of the Linux i386 ABI as the host reads and writes them: wait statuses, stat, times, signals, terminals.
 * The layouts are those of kernel/abi (named beside each function).
 */

/** What wait4 says of a child. */
export type WaitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number; readonly core: boolean }
  | { readonly kind: 'stopped'; readonly signal: number }
  | { readonly kind: 'continued' };

/** abi/wait.ts */
export function decodeWaitStatus(status: number): WaitStatus {
  const low = status & 0x7f;
  const high = (status >>> 8) & 0xff;
  if (status === 0xffff) return { kind: 'continued' };
  if (low === 0x7f) return { kind: 'stopped', signal: high };
  if (low === 0) return { kind: 'exited', code: high };
  return { kind: 'killed', signal: low, core: (status & 0x80) !== 0 };
}

export interface FileStatus {
  readonly device: bigint;
  readonly inode: bigint;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: bigint;
  readonly size: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
}

/** Bytes of Stat64 in abi/stat.ts. */
export const STAT64_SIZE = 96;

export function decodeStat64(bytes: Uint8Array): FileStatus {
  const view = viewOf(bytes);
  return {
    device: view.getBigUint64(0, true),
    mode: view.getUint32(16, true),
    links: view.getUint32(20, true),
    uid: view.getUint32(24, true),
    gid: view.getUint32(28, true),
    rdev: view.getBigUint64(32, true),
    size: Number(view.getBigInt64(44, true)),
    blockSize: view.getUint32(52, true),
    blocks: Number(view.getBigUint64(56, true)),
    atime: view.getUint32(64, true),
    mtime: view.getUint32(72, true),
    ctime: view.getUint32(80, true),
    inode: view.getBigUint64(88, true),
  };
}

export interface DirectoryEntry {
  readonly inode: bigint;
  readonly type: number;
  readonly name: string;
}

/** Records of getdents64 (Dirent64 in abi/dirent.ts). */
export function decodeDirents64(bytes: Uint8Array): DirectoryEntry[] {
  const view = viewOf(bytes);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < bytes.length; at += view.getUint16(at + 16, true)) {
    entries.push({
      inode: view.getBigUint64(at, true),
      type: bytes[at + 18]!,
      name: decodeString(bytes.subarray(at + 19)),
    });
  }
  return entries;
}

/** The string up to the first zero. */
export function decodeString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Timespec of abi/time.ts: seconds and nanoseconds of 32 bits each. */
export function encodeTimespec(time: { readonly seconds: number; readonly nanoseconds: number }): Uint8Array {
  return encodeWords([time.seconds, time.nanoseconds]);
}

/** Little-endian words of 32 bits. */
export function encodeWords(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = viewOf(bytes);
  for (const [index, word] of words.entries()) view.setInt32(index * 4, word, true);
  return bytes;
}

/** Bytes as little-endian words, unsigned. */
export function decodeWords(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length >>> 2 }, (_, index) => view.getUint32(index * 4, true));
}

export interface SignalAction {
  /** SIG_DFL (0), SIG_IGN (1), or an address. */
  readonly handler: number;
  readonly flags?: number;
  readonly restorer?: number;
  readonly mask?: bigint;
}

/** KernelSigaction of abi/signal.ts. */
export function encodeSigaction(action: SignalAction): Uint8Array {
  const mask = action.mask ?? 0n;
  return encodeWords([
    action.handler,
    action.flags ?? 0,
    action.restorer ?? 0,
    Number(BigInt.asIntN(32, mask)),
    Number(BigInt.asIntN(32, mask >> 32n)),
  ]);
}

export function decodeSigaction(bytes: Uint8Array): Required<SignalAction> {
  const [handler, flags, restorer, low, high] = decodeWords(bytes);
  return { handler: handler!, flags: flags!, restorer: restorer!, mask: (BigInt(high!) << 32n) | BigInt(low!) };
}

/** A 64-bit set with the given signals in it. */
export function signalSet(...signals: readonly number[]): bigint {
  return signals.reduce((set, signal) => set | (1n << BigInt(signal - 1)), 0n);
}

export function encodeU64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}

export function decodeU64(bytes: Uint8Array): bigint {
  return viewOf(bytes).getBigUint64(0, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
