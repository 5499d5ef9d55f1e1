/*
 * This terminal as the guest's console: raw mode, so that every key reaches the guest, but for Ctrl-], which leaves.
 */

const LEAVE = 0x1d; // Ctrl-]

export interface TerminalHandlers {
  readonly onInput: (bytes: Uint8Array) => void;
  readonly onLeave: () => void;
}

/** Takes over stdin; the function that it returns gives the terminal back as it was. */
export function attachTerminal({ onInput, onLeave }: TerminalHandlers): () => void {
  const { stdin } = process;
  const wasRaw = stdin.isTTY && stdin.isRaw;
  const onData = (data: Buffer): void => {
    const leave = data.indexOf(LEAVE);
    if (leave === -1) onInput(data);
    else {
      if (leave > 0) onInput(data.subarray(0, leave));
      onLeave();
    }
  };
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.pause();
    if (stdin.isTTY) stdin.setRawMode(wasRaw);
  };
}
