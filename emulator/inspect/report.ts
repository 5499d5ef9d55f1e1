/*
 * Texts that show a kernel's memory management to people: who maps what, what each frame is used for, what is on the swap
 * areas.
 */

import type { Page } from '../../kernel/mm/page.ts';
import type { Vma } from '../../kernel/mm/types.ts';
import type { MemoryState } from './memoryState.ts';
import { ADDRESS, type View } from './view.ts';

export const REPORTS = ['maps', 'frames', 'swap'] as const;
export type Report = (typeof REPORTS)[number];

const KIB_PER_PAGE = 4;
const FRAMES_IN_A_ROW = 64;

/** The text of a report, lines ended by newlines. Throws if the guest's structures cannot be followed. */
export function describeMemory(state: MemoryState, report: Report): string {
  const lines = { maps: describeMaps, frames: describeFrames, swap: describeSwap }[report](state);
  return lines.map((line) => `${line}\n`).join('');
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/** Bytes up to the first zero. */
function text(bytes: readonly number[]): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.slice(0, end)));
}

// ---------------------------------------------------------------------------------------------------------------------
// maps: each process's regions, with the pages that are there and those that are swapped out.

function describeMaps(state: MemoryState): string[] {
  const lines: string[] = [];
  for (const { process, threads } of state.processes()) {
    const [first] = threads;
    const mm = first?.mm ?? null;
    if (first === undefined || mm === null) continue;
    const regions = state.regions(mm);
    const present = new Map<View<Vma>, number>();
    const swapped = new Map<View<Vma>, number>();
    for (const { address, frame } of state.mappings(mm)) {
      const region = regions.find(({ vmStart, vmEnd }) => vmStart <= address && address < vmEnd);
      const counts = frame >= 0 ? present : swapped;
      if (region !== undefined) counts.set(region, (counts.get(region) ?? 0) + 1);
    }
    const size = `${mm.totalVm * KIB_PER_PAGE} KiB mapped, ${mm.rss * KIB_PER_PAGE} KiB present`;
    lines.push(`pid ${process.pid} ${text(first.name)}: ${threads.length} threads, ${regions.length} regions, ${size}`);
    for (const region of regions) {
      const kib = (region.vmEnd - region.vmStart) >>> 10;
      const there = `${(present.get(region) ?? 0) * KIB_PER_PAGE} KiB present, ${(swapped.get(region) ?? 0) * KIB_PER_PAGE} KiB swapped`;
      lines.push(`  ${hex(region.vmStart)}-${hex(region.vmEnd)} ${rights(state, region)} ${kib} KiB: ${there}`);
    }
  }
  return lines;
}

function rights(state: MemoryState, { vmFlags, vmFile }: View<Vma>): string {
  const has = (flag: string): boolean => (vmFlags & state.reader.constant(`mm/types:VM_${flag}`)) !== 0;
  const letters = [has('READ') ? 'r' : '-', has('WRITE') ? 'w' : '-', has('EXEC') ? 'x' : '-'];
  return [...letters, has('SHARED') ? 's' : 'p', has('LOCKED') ? 'l' : '-', vmFile === null ? '-' : 'f'].join('');
}

// ---------------------------------------------------------------------------------------------------------------------
// frames: a letter for each, and how many there are of each kind.

const KINDS: readonly (readonly [string, string])[] = [
  ['.', 'free'],
  ['R', 'reserved: the kernel, its maps, holes'],
  ['S', 'slab'],
  ['A', 'memory of programs'],
  ['C', 'swap cache'],
  ['m', 'mapped otherwise: files, shared memory'],
  ['o', 'other: files, page tables, stacks'],
];

function describeFrames(state: MemoryState): string[] {
  const flag = (name: string): number => state.reader.constant(`mm/page:PAGE_${name}`);
  const [free, reserved, slab, cached, anonymous] = ['FREE', 'RESERVED', 'SLAB', 'SWAP_CACHE', 'ANON'].map(flag) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const kindOf = (page: View<Page>): string => {
    if ((page.flags & reserved) !== 0) return 'R';
    if ((page.flags & slab) !== 0) return 'S';
    if ((page.flags & cached) !== 0) return 'C';
    if ((page.flags & anonymous) !== 0) return 'A';
    return page.mapCount !== 0 ? 'm' : 'o';
  };
  const letters: string[] = [];
  while (letters.length < state.frameCount) {
    const page = state.frame(letters.length);
    if ((page.flags & free) === 0) letters.push(kindOf(page));
    else for (let i = 0; i < 2 ** page.order; i++) letters.push('.');
  }
  const rows: string[] = [];
  for (let at = 0; at < letters.length; at += FRAMES_IN_A_ROW) {
    rows.push(`${hex(at * 4096)} ${letters.slice(at, at + FRAMES_IN_A_ROW).join('')}`);
  }
  const counts = KINDS.map(([letter, meaning]) => {
    const count = letters.filter((other) => other === letter).length;
    return `${letter} ${String(count).padStart(6)}  ${meaning}`;
  });
  return [...counts, ...rows];
}

// ---------------------------------------------------------------------------------------------------------------------
// swap: the areas, and who has pages there.

function describeSwap(state: MemoryState): string[] {
  const lines: string[] = [];
  for (const [number, area] of state.swapAreas()) {
    const bad = state.reader.constant('mm/swapArea:SWAP_MAP_BAD');
    const shared = state.swapMap(area).filter((count) => count > 1 && count !== bad).length;
    const used = `${area.inUse} of ${area.usable} slots in use, ${shared} of them by more than one`;
    lines.push(`area ${number} ${state.deviceName(area)}: ${used}, priority ${area.priority}`);
  }
  if (lines.length === 0) return ['no swap areas'];
  lines.push(`${state.reader.word(state.reader.symbol('mm/swapCache:cachedFrames'))} frames in the swap cache`);
  for (const { process, threads } of state.processes()) {
    const [first] = threads;
    const mm = first?.mm ?? null;
    if (first === undefined || mm === null) continue;
    const pages = [...state.mappings(mm)].filter(({ slot }) => slot >= 0).length;
    if (pages > 0) lines.push(`pid ${process.pid} ${text(first.name)} (mm ${hex(mm[ADDRESS])}): ${pages} pages`);
  }
  return lines;
}
