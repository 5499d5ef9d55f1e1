/*
 * What a benchmark tells: rows of figures, grouped. A row is a figure with its unit; where there is something to compare
 * it with, `ratio` says how many times `against` it is, both measured in the same run.
 */

export interface BenchRow {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against?: string;
  readonly ratio?: number;
  /** The goal, as text, and whether it is met. */
  readonly goal?: string;
  readonly isMet?: boolean;
}

/** A row with an upper bound as its goal. */
export function atMost(row: Omit<BenchRow, 'goal' | 'isMet'>, most: number): BenchRow {
  return { ...row, goal: `at most ${format(most)}`, isMet: row.value <= most };
}

/** A row with a lower bound as its goal: of the ratio, or of the value if there is nothing to compare it with. */
export function atLeast(row: Omit<BenchRow, 'goal' | 'isMet'>, least: number): BenchRow {
  return { ...row, goal: `at least ${format(least)}`, isMet: (row.ratio ?? row.value) >= least };
}

/** The rows as a table, a line each. */
export function formatRows(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.group,
    row.name,
    `${format(row.value)} ${row.unit}`,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} x ${row.against ?? ''}`,
    row.goal === undefined ? '' : `${row.goal}: ${row.isMet === true ? 'met' : 'NOT MET'}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function format(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toFixed(2);
}
