/*
 * How the tests start the system's Chromium: headless, without a sandbox (tests may run as root), and without the
 * connections to its vendor that it would make in the background.
 */
export const browserArguments: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
