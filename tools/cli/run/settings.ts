/*
 * The options of `pagewright run` that say what machine it is and how long it runs, read and checked.
 */
import { POLICY_NAMES, policyNamed } from '../../../emulator/policies/named.ts';
import {
  listOption,
  type Option,
  type OptionValues,
  parseCount,
  parseSize,
  stringOption,
  UsageError,
} from '../command.ts';

/** What the project's own kernel can do with. */
const OWN_MEMORY = { fallback: '16M', smallest: 8 << 20 };
/** Kernels of others may take for granted that a machine has some memory, and be built for so much. */
const OTHERS_MEMORY = { fallback: '512M', smallest: 1 << 20 };
const LARGEST_MEMORY = 1 << 30;

export const settingsOptions: Readonly<Record<string, Option>> = {
  cpus: { type: 'string', value: 'N', help: 'CPUs of the machine, 1 to 8 (default 1)' },
  memory: {
    type: 'string',
    short: 'm',
    value: 'SIZE',
    help: 'RAM of the guest, 8M to 1G (default 16M; 1M to 1G and 512M for kernels of others)',
  },
  seed: {
    type: 'string',
    value: 'N',
    help: 'what all chance comes from: random numbers, and with several CPUs their turns (default 1)',
  },
  policy: { type: 'string', value: 'NAME', help: `whose turn it is: ${POLICY_NAMES}` },
  exact: { type: 'boolean', help: 'interpret instead of compiling; the guest cannot tell' },
  limit: { type: 'string', value: 'INSTRUCTIONS', help: 'stop, and fail, after so many guest instructions' },
  until: { type: 'string', value: 'TEXT', help: 'stop, and succeed, when the guest has written this to the console' },
};

export interface Settings {
  /** The project's own kernel runs. */
  readonly isOwn: boolean;
  /** For the guest's shell; none when the console is on this terminal. */
  readonly commands: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly seed: number;
  readonly policy: ReturnType<typeof policyNamed>;
  readonly isExact: boolean;
  readonly limit: number | undefined;
  readonly until: string | undefined;
  readonly wantsHash: boolean;
  readonly asJson: boolean;
}

/** Throws UsageError. `isOwn`: the project's own kernel will run. */
export function readSettings(values: OptionValues, isOwn: boolean): Settings {
  const bounds = isOwn ? OWN_MEMORY : OTHERS_MEMORY;
  const memoryBytes = parseSize(stringOption(values, 'memory') ?? bounds.fallback, 'memory');
  if (memoryBytes < bounds.smallest || memoryBytes > LARGEST_MEMORY || memoryBytes % (1 << 20) !== 0) {
    throw new UsageError(`--memory takes ${bounds.smallest >> 20}M to 1G, in whole megabytes`);
  }
  const cpus = stringOption(values, 'cpus') ?? '1';
  if (!/^[1-8]$/.test(cpus)) throw new UsageError('--cpus takes a number from 1 to 8');
  const seed = stringOption(values, 'seed') ?? '1';
  if (!/^\d+$/.test(seed) || Number(seed) > 0xffff_ffff) {
    throw new UsageError('--seed takes a number from 0 to 4294967295');
  }
  const policyName = stringOption(values, 'policy');
  const policy = policyName === undefined ? undefined : policyNamed(policyName);
  if (policyName !== undefined && policy === undefined) throw new UsageError(`--policy takes ${POLICY_NAMES}`);
  const limit = stringOption(values, 'limit');
  const until = stringOption(values, 'until');
  if (until === '') throw new UsageError('--until takes the text to wait for');
  return {
    isOwn,
    commands: listOption(values, 'exec'),
    cpus: Number(cpus),
    memoryBytes,
    seed: Number(seed),
    policy,
    isExact: values['exact'] === true,
    limit: limit === undefined ? undefined : parseCount(limit, 'limit'),
    until,
    wantsHash: values['state-hash'] === true,
    asJson: values['json'] === true,
  };
}
