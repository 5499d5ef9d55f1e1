/*
 * The globals that are added to v86's core: how the machine talks to it while it runs. Each is a mutable, exported i32.
 */

/** The globals that are added, by their exported names. */
export const GLOBALS = [
  'stopAt',
  'jitStopAt',
  'margin',
  'inFlight',
  'interruptLines',
  'insideNmi',
  'forceInterpreter',
  'resumePoints',
  'writtenPages',
  'pauseStops',
  'paused',
  'cpuidEbx',
  'cpuidEdx',
  'delivering',
  'externalEvent',
  'nestedVector',
  'nestedHasCode',
  'nestedCode',
  'shutdown',
  'enteredFrame',
  'enteredValue',
] as const;
export type GlobalName = (typeof GLOBALS)[number];
export type GlobalIndices = Readonly<Record<GlobalName, number>>;
