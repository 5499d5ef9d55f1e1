/*
 * Placing items: which section each goes to, and where everything lies.
 *
 * A program is a sequence of regions, each with its own protection, on pages of its own; a region is a sequence of
 * sections; a section a sequence of items. Zero-filled sections stand last in their region and take no room in the file.
 */

import { type Item, isListSection, LinkError } from './items.ts';

export const PAGE_SIZE = 4096;

export interface Section {
  readonly name: string;
  readonly items: Item[];
  /** Set by `placeSections`; `size` in bytes, of which the file holds all or (for zero-filled ones) nothing. */
  address: number;
  size: number;
  readonly isZero: boolean;
}

/** One PT_LOAD segment. */
export interface Region {
  readonly name: 'boot' | 'text' | 'rodata' | 'data';
  readonly isWritable: boolean;
  readonly isExecutable: boolean;
  readonly sections: Section[];
  /** Virtual address minus physical address. */
  readonly virtualOffset: number;
}

/** The section that an item ends up in. */
export function sectionOf(item: Item): string {
  if (item.section !== null) return item.section;
  if (item.kind === 'code') return '.text';
  if (item.kind === 'constant') return '.rodata';
  return item.bytes === null ? '.bss' : '.data';
}

type Category = 'text' | 'rodata' | 'data' | 'bss';

/** What a section is by its name; a name of the program's own by what is in it. */
function categoryOf(name: string, items: readonly Item[]): Category {
  for (const category of ['text', 'rodata', 'data', 'bss'] as const) {
    if (name === `.${category}` || name.startsWith(`.${category}.`)) return category;
  }
  if (items.every(({ kind }) => kind === 'code')) return 'text';
  if (items.some(({ kind }) => kind === 'code')) {
    throw new LinkError(`section ${name} mixes functions and data; give them sections of their own`);
  }
  if (items.every(({ kind }) => kind === 'constant')) return 'rodata';
  return items.every(({ bytes }) => bytes === null) ? 'bss' : 'data';
}

function isBoot(name: string): boolean {
  return name === '.multiboot' || name === '.boot' || name.startsWith('.boot.');
}

/** Sorts items into the sections of the regions. With `boot`, sections .boot* get a region of their own, first. */
export function buildRegions(items: readonly Item[], kernelOffset: number | null): Region[] {
  const bySection = new Map<string, Item[]>();
  for (const item of items) {
    const name = sectionOf(item);
    const list = bySection.get(name);
    if (list === undefined) bySection.set(name, [item]);
    else list.push(item);
  }
  const offset = kernelOffset ?? 0;
  const make = (name: Region['name'], isWritable: boolean, isExecutable: boolean, virtualOffset: number): Region => {
    return { name, isWritable, isExecutable, sections: [], virtualOffset };
  };
  const regions = {
    boot: make('boot', true, true, 0),
    text: make('text', false, true, offset),
    rodata: make('rodata', false, false, offset),
    data: make('data', true, false, offset),
  };
  for (const [name, list] of bySection) {
    const isInBoot = kernelOffset !== null && isBoot(name);
    const category = categoryOf(isInBoot ? name.replace(/^\.boot(?=\.)/, '') : name, list);
    const region = isInBoot ? regions.boot : regions[category === 'bss' ? 'data' : category];
    addSection(region, name, list, category === 'bss' && list.every(({ bytes }) => bytes === null));
  }
  for (const region of Object.values(regions)) region.sections.sort(compareSections);
  return Object.values(regions).filter(({ sections }) => sections.length > 0);
}

/** A section of code that also holds jump tables or constants (.boot) has them behind the code. */
function addSection(region: Region, name: string, items: Item[], isZero: boolean): void {
  region.sections.push({ name, items, address: 0, size: 0, isZero });
}

/** .multiboot first, the plain name before its relatives, zero-filled sections last; otherwise as they came. */
function compareSections(a: Section, b: Section): number {
  return rank(a) - rank(b);
}

function rank({ isZero, name }: Section): number {
  if (name === '.multiboot') return 0;
  if (isZero) return name === '.bss' ? 4 : 3;
  return name.split('.').length === 2 && name.startsWith('.') ? 1 : 2;
}

/** Gives addresses to everything, from `start` on; each region starts on a page. Returns the end. */
export function placeSections(regions: readonly Region[], start: number): number {
  let physical = start;
  for (const region of regions) {
    let address = alignUp(physical, PAGE_SIZE) + region.virtualOffset;
    for (const section of region.sections) {
      const align = Math.max(4, ...section.items.map((item) => item.align));
      section.address = address = alignUp(address, align);
      for (const item of section.items) {
        item.address = alignUp(address, item.align);
        address = item.address + item.size;
      }
      section.size = address - section.address;
    }
    physical = address - region.virtualOffset;
  }
  return physical;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** The symbols that only the linker knows: extents of regions, and of each list section. */
export function linkerSymbols(regions: readonly Region[], kernelOffset: number | null): Map<string, number> {
  const symbols = new Map<string, number>();
  const all = regions.flatMap(({ sections }) => sections);
  const extent = (name: string, sections: readonly Section[]): void => {
    const start = sections[0]?.address ?? 0;
    const last = sections[sections.length - 1];
    symbols.set(`__${name}Start`, start);
    symbols.set(`__${name}End`, last === undefined ? start : last.address + last.size);
  };
  const of = (name: Region['name']): readonly Section[] =>
    regions.find((region) => region.name === name)?.sections ?? [];
  extent('text', of('text'));
  extent('rodata', of('rodata'));
  extent(
    'data',
    of('data').filter(({ isZero }) => !isZero),
  );
  extent(
    'bss',
    of('data').filter(({ isZero }) => isZero),
  );
  extent('boot', of('boot'));
  for (const { name, address, size } of all) {
    if (!isListSection(name)) continue;
    symbols.set(`__start_${name}`, address);
    symbols.set(`__stop_${name}`, address + size);
  }
  const [first] = all;
  const last = all[all.length - 1];
  const firstOffset = (kernelOffset ?? 0) - (regions[0]?.virtualOffset ?? 0);
  symbols.set('__imageStart', (first?.address ?? 0) + firstOffset);
  symbols.set('__imageEnd', last === undefined ? 0 : last.address + last.size);
  return symbols;
}
