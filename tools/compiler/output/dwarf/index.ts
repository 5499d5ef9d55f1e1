/*
 * Debug information of a linked program, as sections of the file.
 */

import type { ElfExtra } from '../elf.ts';
import type { Item } from '../items.ts';
import { writeFrames } from './frame.ts';
import { writeInfo } from './info.ts';
import { writeLines } from './line.ts';
import { collectFunctions, collectUnits } from './units.ts';

export function writeDebugSections(items: readonly Item[], directory: string): ElfExtra[] {
  const functions = collectFunctions(items);
  const units = collectUnits(functions);
  const lines = writeLines(units);
  const { abbrev, aranges, info, ranges, str } = writeInfo(units, lines, directory);
  return [
    { name: '.debug_info', bytes: info },
    { name: '.debug_abbrev', bytes: abbrev },
    { name: '.debug_line', bytes: lines.bytes },
    { name: '.debug_str', bytes: str },
    { name: '.debug_aranges', bytes: aranges },
    { name: '.debug_ranges', bytes: ranges },
    { name: '.debug_frame', bytes: writeFrames(functions) },
  ];
}
