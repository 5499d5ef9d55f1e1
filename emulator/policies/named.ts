/*
 * Policies by name, for command lines and for the tests' reports: a word, and a length in instructions after a colon.
 *
 *   round-robin:MEAN       one CPU after the other, in slices of MEAN instructions on average
 *   random-slices:LONGEST  any CPU, for any time up to LONGEST
 */

import type { Policy } from '../policy.ts';
import type { Random } from '../random.ts';
import { RandomSlices } from './random-slices.ts';
import { RoundRobin } from './round-robin.ts';

/** What `policyNamed` understands, for messages. */
export const POLICY_NAMES = 'round-robin:MEAN or random-slices:LONGEST, lengths in instructions';

const kinds = new Map<string, (random: Random, instructions: number) => Policy>([
  ['round-robin', (random, mean) => new RoundRobin(random, mean)],
  ['random-slices', (random, longest) => new RandomSlices(random, longest)],
]);

/** The policy with this name, to be given to a machine; undefined if there is none. */
export function policyNamed(name: string): ((random: Random) => Policy) | undefined {
  const match = /^([a-z-]+):([1-9][0-9]{0,8})$/.exec(name);
  const kind = kinds.get(match?.[1] ?? '');
  return kind === undefined ? undefined : (random) => kind(random, Number(match![2]));
}
