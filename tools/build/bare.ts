/*
 * Builds one module of kernel TS that exports `main(): u32` into something that runs by itself, so that tests and
 * benchmarks can compare compilers: a kernel that writes main's result to the machine's exit port, or a Linux program
 * that writes it to its standard output (four bytes, lowest first).
 */
import { Compiler, type CompilerOptions } from '../compiler/compile.ts';
import { formatDiagnostics, type VirtualFileSystem } from '../compiler/frontend/index.ts';
import type { BuiltImage } from '../compiler/output/index.ts';

const kernelStart = (program: string): string => `
import { main } from '${program}';

/** @section .multiboot @align 4 @export */
const header = table<u32, 3>(0x1badb002, 0, 0xe4524ffe);
/** @section .boot.bss @align 4096 */
const directory = zeroed<FixedArray<u32, 1024>>();
/** @section .boot.bss @align 16 */
const stack = zeroed<FixedArray<u8, 65536>>();

/** @naked @export @section .boot.text */
export function start(): void {
  asm\`
    mov dword ptr [\${directory}], 0x83
    mov dword ptr [\${directory} + 3072], 0x83
    mov eax, offset \${directory}
    mov cr3, eax
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov esp, offset \${stack} + 65536
    call \${main}
    mov edx, 0xf4
    out dx, eax
  halt:
    hlt
    jmp halt
  \`;
}
`;

const programStart = (program: string): string => `
import { main } from '${program}';

function report(): never {
  const result = zeroed<FixedArray<u32, 1>>();
  result[0] = main();
  int80(4, 1, u32(result), 4, 0, 0, 0);
  int80(1, 0, 0, 0, 0, 0, 0);
  unreachable();
}

/** @naked @export */
export function start(): void {
  asm\`
    call \${report}
  \`;
}
`;

export interface BareOptions extends Partial<Pick<CompilerOptions, 'level' | 'onPass'>> {
  /** The module that exports `main`, and what it imports. */
  readonly files: VirtualFileSystem;
  /** Absolute path of that module. */
  readonly program: string;
  /** The folder with kernel.d.ts, in `files`. */
  readonly library: string;
  readonly kind: 'kernel' | 'program';
}

/** The image. Throws an Error that shows the diagnostics if the module has faults. */
export function buildBare(options: BareOptions): BuiltImage {
  const entry = `${options.program.slice(0, -'.ts'.length)}.start.ts`;
  const name = options.program.slice(options.program.lastIndexOf('/') + 1);
  const start = (options.kind === 'kernel' ? kernelStart : programStart)(`./${name}`);
  const files: VirtualFileSystem = { readFile: (path) => (path === entry ? start : options.files.readFile(path)) };
  const { level, onPass } = options;
  const compiler = new Compiler({
    files,
    root: options.program.slice(0, options.program.lastIndexOf('/')),
    library: options.library,
    images: [{ name: 'bare', entry, kind: options.kind }],
    defines: new Map(),
    ...(level === undefined ? {} : { level }),
    ...(onPass === undefined ? {} : { onPass }),
  });
  const { diagnostics, images } = compiler.build();
  if (diagnostics.length > 0) throw new Error(formatDiagnostics(diagnostics, { files, colour: false }));
  return images.get('bare')!;
}
