/*
 * Images: a kernel that a multiboot loader starts, and programs for Linux i386.
 */

import type { MachineModule } from '../backend/generate.ts';
import { type ElfSymbol, type PlacedSection, writeElf } from './elf.ts';
import { writeDebugSections } from './dwarf/index.ts';
import { LinkError } from './items.ts';
import { describeModule, formatLayout, LAYOUT_VERSION, type LayoutFile, type LayoutSymbol } from './layout.ts';
import { encodeLines } from './lines.ts';
import { link, type LinkedProgram } from './link.ts';

export interface LinkedImage {
  readonly elf: Uint8Array;
  /** The same image without debug information: free of the names of this computer's folders, and small. */
  readonly stripped: Uint8Array;
  /** Made when somebody asks. */
  readonly layout: LayoutFile;
  /** The same as text, as formatLayout gives it. */
  readonly layoutText: string;
}

/** What a build keeps of an image. */
export type BuiltImage = Pick<LinkedImage, 'elf' | 'stripped'> & {
  /** Null of a program: whoever looks into one does so by its debug information. */
  readonly layout: LayoutFile | null;
  readonly layoutText: string | null;
};

export interface LinkOptions {
  /** The folder that file names are relative to, for debuggers. */
  readonly directory?: string;
}

/** Where kernels live, as virtual minus physical address. */
const KERNEL_OFFSET = 0xc0000000;
const KERNEL_START = 0x100000;
const PROGRAM_START = 0x08048000;

/** The multiboot header must lie this far from the start of the file at most. */
const MULTIBOOT_SEARCH = 8192;
const MULTIBOOT_MAGIC = 0x1badb002;

/** A kernel. Throws LinkError, among other things if there is no multiboot header. */
export function linkKernel(module: MachineModule, options: LinkOptions = {}): LinkedImage {
  const program = link(module, { entry: module.entry ?? 'start', start: KERNEL_START, kernelOffset: KERNEL_OFFSET });
  const image = finish(module, program, 'kernel', options);
  checkMultiboot(image.elf);
  return image;
}

/** A static Linux program. Throws LinkError. */
export function linkUserProgram(module: MachineModule, options: LinkOptions = {}): LinkedImage {
  const program = link(module, { entry: module.entry ?? 'start', start: PROGRAM_START, kernelOffset: null });
  return finish(module, program, 'program', options);
}

function finish(
  module: MachineModule,
  program: LinkedProgram,
  kind: LayoutFile['kind'],
  options: LinkOptions,
): LinkedImage {
  const symbols = layoutSymbols(program);
  const { bytes, sections, stripped } = writeElf({
    regions: program.regions,
    entry: program.entry,
    symbols: elfSymbols(program, symbols),
    extras: writeDebugSections(program.items, options.directory ?? '.'),
    hasStackHeader: kind === 'program',
  });
  const makeLayout = (): LayoutFile => ({
    version: LAYOUT_VERSION,
    kind,
    entry: program.entry,
    virtualOffset: kind === 'kernel' ? KERNEL_OFFSET : 0,
    sections: sections.filter(({ address, name }: PlacedSection) => address !== 0 || name.startsWith('.debug')),
    symbols,
    ...describeModule(module),
    lines: encodeLines(program.items),
  });
  let layout: LayoutFile | null = null;
  let layoutText: string | null = null;
  return {
    elf: bytes,
    stripped,
    get layout() {
      return (layout ??= makeLayout());
    },
    get layoutText() {
      return (layoutText ??= formatLayout(this.layout));
    },
  };
}

/** Everything with an address, by address. */
function layoutSymbols({ items, symbols }: LinkedProgram): LayoutSymbol[] {
  const found: LayoutSymbol[] = [];
  const names = new Set<string>();
  for (const { address, code, name, size } of items) {
    names.add(name);
    const frame = code?.frame;
    const kind = code === null ? 'object' : 'function';
    found.push({ name, address, size, kind, ...(frame ? { frameSize: frame.size } : {}) });
  }
  for (const [name, address] of symbols) {
    if (!names.has(name)) found.push({ name, address, size: 0, kind: 'linker' });
  }
  return found.sort((a, b) => a.address - b.address);
}

function elfSymbols(program: LinkedProgram, symbols: readonly LayoutSymbol[]): ElfSymbol[] {
  const exported = new Set(program.items.filter(({ isExported }) => isExported).map(({ name }) => name));
  return symbols.map(({ address, kind, name, size }) => ({
    name,
    address,
    size,
    kind: kind === 'linker' ? 'label' : kind,
    isGlobal: kind === 'linker' || exported.has(name),
  }));
}

/** A loader looks for three words that add up to zero (Multiboot Specification 0.6.96, 3.1). */
function checkMultiboot(elf: Uint8Array): void {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  for (let at = 0; at + 12 <= Math.min(elf.length, MULTIBOOT_SEARCH); at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_MAGIC) continue;
    const sum = MULTIBOOT_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true);
    if (sum % 2 ** 32 === 0) return;
  }
  throw new LinkError('a kernel needs a multiboot header: a constant table in section .multiboot');
}
