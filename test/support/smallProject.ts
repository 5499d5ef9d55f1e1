/*
 * A project with this one's command line and a kernel of a few lines, for tests that change sources.
 */
import { cpSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

const kernel = `
  /** @section .multiboot @align 4 @export */
  export const header = table<u32, 3>(0x1badb002, 0, 0xe4524ffe);
  /** @naked @export */
  export function start(): void { asm\`call \${main}; hlt\`; }
  function main(): u32 { return 1; }`;

export class SmallProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'project-'));
  /** To be run with Node. */
  readonly command = join(this.folder, 'tools', 'cli', 'pagewright.mjs');

  /** The caller removes the folder. */
  constructor() {
    for (const part of ['tools', 'emulator', 'package.json', 'package-lock.json', 'tsconfig.json', 'kernel/abi']) {
      cpSync(join(root, part), join(this.folder, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.folder, 'node_modules'));
    this.write('kernel/arch/x86/boot.ts', kernel);
    this.write('kernel/user/one.ts', programText('return 1;'));
    this.write('images/initramfs.json', '{"folders":["bin"],"modes":{},"devices":[],"files":[],"programs":"bin"}');
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** As many editors save: a draft first, which takes the place of the file. */
  save(path: string, text: string): void {
    this.write(`${path}.draft`, text);
    renameSync(join(this.folder, `${path}.draft`), join(this.folder, path));
  }
}

/** A program whose main function has this body, and gives a number. */
export function programText(body: string): string {
  return `
    /** @naked @export */
    export function start(): void { asm\`call \${main}; hlt\`; }
    function main(): u32 { ${body} }`;
}
