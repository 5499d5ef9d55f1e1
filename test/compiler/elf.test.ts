/*
 * Images as the tools of this system see them: readelf, nm, objdump, addr2line and gdb read what we write, the kernel's
 * own tables say what they should, and QEMU boots the kernel.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinkedImage } from '../../tools/compiler/output/index.ts';
import { i386Command, runsI386 } from '../support/i386.ts';
import { compileKernel, compileProgram, exitWithMain, run, runI386, tool, Workplace } from './backend-support.ts';

let place: Workplace;
beforeAll(() => (place = new Workplace()));
afterAll(() => place.remove());

/** Recursion with saved registers, stack arguments, locals and flags moved by way of the stack. */
const program = `${exitWithMain}
data @lib/cells:counter size 4 align 4
data @lib/cells:limit size 4 align 4 constant {
  bytes 0: "03000000"
}
function @main(): i32 !main.ts:3:1 {
b0:
  %0 = symbol @lib/cells:limit !4:3
  %1 = load u32 [%0 + 0] !4:9
  %2 = const 1
  %3 = const 2
  %4 = const 5
  %5 = call @lib/deep:deep(%1, %2, %3, %4, %1) !5:10
  return %5 !5:3
}
function @lib/deep:deep(i32, i32, i32, i32, i32): i32 noinline !lib/deep.ts:10:1 {
b0:
  %0 = param 0
  %1 = param 1
  %2 = param 2
  %3 = param 3
  %4 = param 4
  %5 = const 0
  %6 = const 1
  %20 = symbol @lib/cells:counter !11:3
  %21 = load u32 [%20 + 0] !11:3
  %22 = add %21, %6 !11:3
  store u32 [%20 + 0], %22 !11:3
  %23 = intrinsic readEflags() !12:9
  intrinsic writeEflags(%23) !12:3
  %7 = eq %0, %5 !13:7
  branch %7, b1, b2 !13:3
b1:
  %8 = add %3, %4 !14:12
  return %8 !14:5
b2:
  %9 = sub %0, %6 !16:15
  %10 = call @lib/deep:deep(%9, %1, %2, %3, %4) !16:10
  %11 = add %10, %1 !17:10
  %12 = mul %11, %2 !17:14
  %13 = add %12, %3 !17:18
  %14 = add %13, %4 !17:22
  %15 = add %14, %0 !17:26
  return %15 !17:3
}
`;

function symbolOf({ layout }: LinkedImage, name: string): { address: number; size: number; frameSize?: number } {
  const found = layout.symbols.find((symbol) => symbol.name === name);
  if (found === undefined) throw new Error(`no symbol ${name}`);
  return found;
}

describe('a program', () => {
  let image: LinkedImage;
  let path: string;
  beforeAll(() => {
    image = compileProgram(program);
    path = place.write(image.elf, 'deep');
  });

  it('runs', () => {
    // deep(0) = 8, then (x + 1) * 2 + 8 + n for n = 1, 2, 3.
    expect(runI386(path).status).toBe(145);
  });

  it('has segments that are either writable or executable, and a stack that is not executable', () => {
    const segments = tool('readelf', '-lW', path)
      .split('\n')
      .filter((line) => /^\s+(LOAD|GNU_STACK)/.test(line));
    const flags = segments.map((line) => /0x[0-9a-f]+ ([R ][W ][E ]) 0x/.exec(line)![1]!);
    expect(flags).toEqual(['R E', 'R  ', 'RW ', 'RW ']);
  });

  it('passes readelf without a warning', () => {
    const { errors, status } = run('readelf', ['-aW', '--debug-dump=info,decodedline,frames,aranges,Ranges', path]);
    expect(status).toBe(0);
    expect(errors).toBe('');
  });

  it('has symbols with addresses and sizes that agree with the layout file', () => {
    const lines = tool('nm', '-S', path).split('\n');
    for (const name of ['main', 'lib/deep:deep', 'lib/cells:counter', 'start']) {
      const { address, size } = symbolOf(image, name);
      const hex = (value: number): string => value.toString(16).padStart(8, '0');
      expect(lines.some((line) => line.startsWith(`${hex(address)} ${hex(size)}`) && line.endsWith(` ${name}`))).toBe(
        true,
      );
    }
  });

  it('has lines that addr2line and the layout file tell alike', () => {
    const { files, rows } = image.layout.lines;
    let address = 0;
    let checked = 0;
    for (let n = 0; n < rows.length; n += 3) {
      address += rows[n]!;
      const [file, line] = [files[rows[n + 1]!], rows[n + 2]!];
      if (line === 0 || file === undefined) continue;
      expect(tool('addr2line', '-e', path, `0x${address.toString(16)}`).trim()).toMatch(new RegExp(`${file}:${line}$`));
      checked++;
    }
    expect(checked).toBeGreaterThan(8);
  });

  it('is listed with its lines by objdump', () => {
    const listing = tool('objdump', '-dl', '-M', 'intel', path);
    expect(listing).toContain('lib/deep.ts:17');
    expect(listing).toContain('<lib/deep:deep>:');
    expect(listing).not.toContain('(bad)');
  });
});

describe('gdb', () => {
  const quiet = ['set debuginfod enabled off', 'set confirm off', 'set pagination off', 'set backtrace past-main on'];
  /** What makes a program run as far as the first breakpoint. */
  const start = (path: string): string[] => {
    if (runsI386) return ['run'];
    const port = 20_000 + (process.pid % 20_000);
    const [command, program] = i386Command(path);
    return [`shell ${command} -g ${port} ${program} >/dev/null 2>&1 &`, `target remote localhost:${port}`, 'continue'];
  };
  const gdb = (path: string, ...commands: string[]): string => {
    const args = [...quiet, ...commands].flatMap((command) => ['-ex', command]);
    return run('gdb', ['-q', '-batch', '-nx', ...args, path], 90_000).output.toString();
  };

  it('stops at a function by its plain name and at a line, and walks the stack', () => {
    const path = place.write(compileProgram(program).elf);
    const text = gdb(path, 'break deep.ts:14', ...start(path), 'bt', 'delete', 'break deep', 'info breakpoints');
    expect(text).toMatch(/#0 .*deep \(\) at .*lib\/deep\.ts:14/);
    expect(text.match(/^#\d .*deep \(\)/gm)).toHaveLength(4);
    expect(text).toMatch(/^#4 .*main \(\) at .*main\.ts:5/m);
    expect(text).toMatch(/^#5 .*start \(\)/m);
    expect(text).toMatch(/in deep at .*lib\/deep\.ts:1\d/);
  });

  it('stops at a function without a frame on whichever way it goes', () => {
    const text = `${exitWithMain}
function @main(): i32 named "main" !main.ts:1:1 {
b0:
  %0 = const 0 !2:3
  %1 = call @lib/leaf:leaf(%0) !2:3
  return %1 !2:3
}
function @lib/leaf:leaf(i32): i32 noinline named "leaf" !lib/leaf.ts:1:1 {
b0:
  %0 = param 0 !1:15
  branch %0, b1, b2 !2:3
b1 from b0:
  %1 = mul %0, %0 !3:5
  return %1 !3:5
b2 from b0:
  %2 = const 7 !4:3
  return %2 !4:3
}
`;
    const path = place.write(compileProgram(text).elf);
    expect(gdb(path, 'break leaf', ...start(path), 'info breakpoints')).toContain('breakpoint already hit 1 time');
  });

  it('finds the way back to main from every single instruction, prologues and epilogues included', () => {
    const path = place.write(compileProgram(program).elf);
    const script = `
import gdb
for line in ${JSON.stringify([...quiet, 'break main', ...start(path)])}:
    gdb.execute(line, to_string=True)
steps = bad = 0
registers = None
while True:
    try:
        gdb.execute('stepi', to_string=True)
        frame = gdb.newest_frame()
    except gdb.error:
        break
    names, caller = [], None
    while frame is not None and len(names) < 20:
        names.append(frame.name())
        if frame.name() == 'main': caller = frame
        frame = frame.older()
    if names == ['start']:
        break
    steps += 1
    if 'main' not in names or names[-1] != 'start':
        bad += 1
        continue
    # main's caller has the same registers whatever runs below it
    state = tuple(int(caller.older().read_register(r)) & 0xffffffff for r in ['ebx', 'esi', 'edi', 'ebp', 'esp'])
    if registers is None: registers = state
    elif registers != state: bad += 1
print('STEPS', steps, 'BAD', bad)
`;
    const file = place.write(new TextEncoder().encode(script), 'step.py');
    const { output } = run('gdb', ['-q', '-batch', '-nx', '-x', file, path], 120_000);
    const [, steps, bad] = /STEPS (\d+) BAD (\d+)/.exec(output.toString()) ?? [];
    expect(Number(steps)).toBeGreaterThan(80);
    expect(Number(bad)).toBe(0);
  });
});

/** A kernel that turns paging on, writes to the debug port and ends QEMU through its exit device. */
const kernel = `entry @start
data @header size 12 align 4 constant section ".multiboot" exported {
  bytes 0: "02b0ad1b00000000fe4f52e4"
}
data @directory size 4096 align 4096 section ".boot.bss"
data @stack size 4096 align 16
data @text size 16 align 4 constant {
  bytes 0: "7570206869676800"
}
function @start(): void section ".boot.text" exported naked {
  asm {
    "mov dword ptr [" @directory "], 0x83\\n"
    "mov dword ptr [" @directory " + 3072], 0x83\\n"
    "mov eax, " @directory "\\n"
    "mov cr3, eax\\n"
    "mov eax, cr4\\n"
    "or eax, 0x10\\n"
    "mov cr4, eax\\n"
    "mov eax, cr0\\n"
    "or eax, 0x80000000\\n"
    "mov cr0, eax\\n"
    "mov esp, " @stack " + 4096\\n"
    "mov eax, " @kernel/main:run "\\n"
    "call eax\\n"
    "out 0xf4, al\\n"
    "load: mov eax, [0]\\n"
    "after: hlt\\n"
    ".extable load, after\\n"
  }
}
function @kernel/main:run(): i32 !kernel/main.ts:1:1 {
b0:
  %0 = symbol @text
  %1 = const 0
  %2 = const 1
  %3 = const 233
  jump b1
b1 from b0, b2:
  %4 = phi %1, %8
  %5 = add %0, %4
  %6 = load u8 [%5 + 0]
  %7 = ne %6, %1
  branch %7, b2, b3
b2:
  intrinsic outb(%3, %6)
  %8 = add %4, %2
  jump b1
b3:
  %9 = call @kernel/main:answer(%4)
  return %9
}
function @kernel/main:answer(i32): i32 noinline !kernel/main.ts:9:1 {
b0:
  %0 = param 0
  %1 = const 14
  %2 = add %0, %1
  return %2
}
`;

describe('a kernel', () => {
  let image: LinkedImage;
  beforeAll(() => (image = compileKernel(kernel)));

  /** The u32 at a virtual address, as the file has it. */
  function wordAt(address: number): number {
    const section = image.layout.sections.find(
      ({ address: start, size }) => address >= start && address < start + size,
    );
    if (section === undefined) throw new Error(`${address.toString(16)} is in no section`);
    const { buffer, byteOffset, byteLength } = image.elf;
    return new DataView(buffer, byteOffset, byteLength).getUint32(section.offset + address - section.address, true);
  }

  it('lies at 1 MiB and 3 GiB, with the header near the start of the file', () => {
    const path = place.write(image.elf, 'kernel.elf');
    const loads = tool('readelf', '-lW', path)
      .split('\n')
      .filter((line) => line.includes('LOAD'));
    const addresses = loads.map((line) => line.trim().split(/\s+/).slice(2, 4).map(Number));
    expect(addresses[0]).toEqual([0x100000, 0x100000]);
    for (const [virtual, physical] of addresses.slice(1)) expect(virtual! - physical!).toBe(0xc0000000);
    expect(image.layout.entry).toBeLessThan(0x200000);
    expect(Buffer.from(image.elf).indexOf(Buffer.from('02b0ad1b', 'hex'))).toBeLessThan(8192);
  });

  it('has linker symbols around what they are named after', () => {
    const at = (name: string): number => symbolOf(image, name).address;
    expect(at('kernel/main:run')).toBeGreaterThanOrEqual(at('__textStart'));
    expect(at('kernel/main:answer')).toBeLessThan(at('__textEnd'));
    expect(at('text')).toBeGreaterThanOrEqual(at('__rodataStart'));
    expect(at('stack') + 4096).toBeLessThanOrEqual(at('__bssEnd'));
    expect(at('start')).toBeGreaterThanOrEqual(at('__bootStart'));
    expect(at('directory') + 4096).toBeLessThanOrEqual(at('__bootEnd'));
    expect(at('__imageStart')).toBe(0xc0100000);
    expect(at('__imageEnd')).toBeGreaterThanOrEqual(at('__bssEnd'));
  });

  it('has a symbol table that names every function, by address, with its frame', () => {
    const table = symbolOf(image, '__symbolTableStart').address;
    const records = Array.from({ length: wordAt(table) }, (_, n) => {
      const record = table + 4 + n * 12;
      let name = '';
      for (let at = table + wordAt(record + 8); ; at++) {
        const byte = (wordAt((at & ~3) >>> 0) >>> ((at & 3) * 8)) & 0xff;
        if (byte === 0) break;
        name += String.fromCharCode(byte);
      }
      return { address: wordAt(record), frameSize: wordAt(record + 4), name };
    });
    expect(records.map(({ name }) => name).sort()).toEqual(['kernel/main:answer', 'kernel/main:run', 'start']);
    expect(records).toEqual(records.toSorted((a, b) => a.address - b.address));
    for (const { address, frameSize, name } of records) {
      expect(address).toBe(symbolOf(image, name).address);
      expect(frameSize).toBe(symbolOf(image, name).frameSize ?? 0xffffffff);
    }
  });

  it('has an exception table of pairs', () => {
    const start = symbolOf(image, '__exTableStart').address;
    expect(symbolOf(image, '__exTableEnd').address - start).toBe(8);
    expect(wordAt(start + 4) - wordAt(start)).toBe(5); // mov eax, [0] is five bytes
  });

  it('boots in QEMU', async () => {
    const path = place.write(image.elf, 'boot.elf');
    const log = join(place.folder, 'debug.log');
    const device = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=1', '-debugcon', `file:${log}`];
    const args = ['-kernel', path, '-display', 'none', '-no-reboot', '-m', '16', ...device];
    const status = await new Promise<number | null>((resolve, reject) => {
      const qemu = spawn('qemu-system-i386', args, { stdio: 'ignore' });
      const limit = setTimeout(() => qemu.kill('SIGKILL'), 120_000);
      qemu.on('error', reject);
      qemu.on('exit', (code) => {
        clearTimeout(limit);
        resolve(code);
      });
    });
    expect(readFileSync(log, 'latin1')).toBe('up high');
    expect(status).toBe(((7 + 14) << 1) | 1);
  });

  it('is refused without a multiboot header, or without what it refers to', () => {
    expect(() => compileKernel(kernel.replace('02b0ad1b', '00000000'))).toThrow('multiboot header');
    const call = 'call @kernel/main:answer';
    expect(() => compileKernel(kernel.replace(call, 'call @kernel/main:gone'))).toThrow();
  });
});
