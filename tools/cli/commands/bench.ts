/*
 * pagewright bench: measures, and prints a table or JSON.
 */
import { buildRows } from '../../bench/buildRows.ts';
import { compilerRows } from '../../bench/compilerRows.ts';
import { kernelRows } from '../../bench/kernelRows.ts';
import { machineRows } from '../../bench/machineRows.ts';
import { stateRows } from '../../bench/stateRows.ts';
import { formatRows, type BenchRow } from '../../bench/rows.ts';
import { UsageError, type Command } from '../command.ts';
import { buildOrExplain } from './build.ts';

const groups = ['build', 'code', 'kernel', 'machine', 'state'] as const;

export const benchCommand: Command = {
  name: 'bench',
  summary: 'Measure builds, code, kernel, machine, and its snapshots.',
  options: { json: { type: 'boolean', help: 'print the rows as JSON' } },
  operands: `[${groups.join('|')}]...`,
  async run(values, operands, root, output) {
    const unknown = operands.find((name) => !groups.some((group) => group === name));
    if (unknown !== undefined)
      throw new UsageError(`there is no group '${unknown}'; the groups are ${groups.join(', ')}`);
    // The lock checker is for finding faults, not for measuring what is there without them.
    const images = buildOrExplain(root, { defines: new Map([['LOCK_CHECKER', false]]) }, output);
    if (images === null) return 1;
    const rows: BenchRow[] = [];
    for (const group of groups) {
      if (operands.length > 0 && !operands.includes(group)) continue;
      output.progress(`measuring: ${group}`);
      if (group === 'build') rows.push(...(await buildRows(root, images)));
      if (group === 'code') rows.push(...(await compilerRows(root)));
      if (group === 'kernel') rows.push(...(await kernelRows(images)));
      if (group === 'machine') rows.push(...(await machineRows(root)));
      if (group === 'state') rows.push(...(await stateRows(images)));
    }
    output.progress('');
    output.write(values['json'] === true ? `${JSON.stringify(rows, null, 2)}\n` : `${formatRows(rows)}\n`);
    return 0;
  },
};
