/*
 * The files of /proc with a column or a block for each CPU: cpuinfo, interrupts, and the first part of stat.
 *
 * Counters are read without a lock, each from the CPU that it belongs to: they only grow, and a reader is content with any
 * moment.
 *
 * @source proc(5); the formats are those of Linux on i386, which programs parse.
 */

import { cpuKhz } from '../arch/x86/clock.ts';
import { type Cpu, cpuById, cpuCount } from '../arch/x86/cpu.ts';
import {
  brandString,
  coresPerPackage,
  cpuFeatures,
  cpuidLevel,
  cpuSignature,
  cpuVendor,
  extendedFeatures,
  FEATURE_CLFLUSH,
  flushLineSize,
  hasFeature,
  packageOf,
  physicalAddressBits,
  secondFeatures,
} from '../arch/x86/cpuFeatures.ts';
import { hasApic, irqCountOn, irqName, irqPin, LINES } from '../arch/x86/irq.ts';
import { type ProcText } from './procText.ts';

// ---------------------------------------------------------------------------------------------------------------------
// cpuinfo.

/** CPUs in the package of `cpu`. */
function siblings(cpu: Cpu): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) if (packageOf(cpuById(i).apicId) === packageOf(cpu.apicId)) sum++;
  return sum;
}

/** Family and model, with their extensions (SDM vol. 2A, CPUID leaf 1). */
function familyOf(signature: u32): u32 {
  const family = (signature >>> 8) & 15;
  return family === 15 ? family + ((signature >>> 20) & 255) : family;
}

function modelOf(signature: u32): u32 {
  const model = (signature >>> 4) & 15;
  return familyOf(signature) >= 6 ? model | ((signature >>> 12) & 0xf0) : model;
}

export function writeCpuinfo(text: ProcText, _pid: u32): i32 {
  for (let i: u32 = 0; i < cpuCount(); i++) {
    printIdentity(text, cpuById(i));
    printTopology(text, cpuById(i));
    printAbilities(text);
  }
  return 0;
}

function printIdentity(text: ProcText, cpu: Cpu): void {
  const signature = cpuSignature();
  const khz = cpuKhz();
  const family = familyOf(signature);
  const model = modelOf(signature);
  text.print('processor\t: %u\nvendor_id\t: %s\n', cpu.id, cpuVendor());
  text.print('cpu family\t: %u\nmodel\t\t: %u\n', family, model);
  const brand = brandString();
  if (brand[0] !== 0) text.print('model name\t: %s\n', brand);
  else text.print('model name\t: %02x/%02x\n', family, model);
  text.print('stepping\t: %u\ncpu MHz\t\t: %u.%03u\n', signature & 15, khz / 1000, khz % 1000);
}

function printTopology(text: ProcText, cpu: Cpu): void {
  const cores = coresPerPackage();
  text.print('physical id\t: %u\nsiblings\t: %u\n', packageOf(cpu.apicId), siblings(cpu));
  text.print('core id\t\t: %u\ncpu cores\t: %u\n', cores > 1 ? cpu.apicId % cores : 0, cores);
  text.print('apicid\t\t: %u\ninitial apicid\t: %u\n', cpu.apicId, cpu.apicId);
}

function printAbilities(text: ProcText): void {
  const khz = cpuKhz();
  text.print('fdiv_bug\t: no\nf00f_bug\t: no\ncoma_bug\t: no\nfpu\t\t: yes\nfpu_exception\t: yes\n');
  text.print('cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:', cpuidLevel());
  printFlags(text, cpuFeatures(), features);
  printFlags(text, extendedFeatures(), extended);
  printFlags(text, secondFeatures(), second);
  text.print('\nbugs\t\t:\nbogomips\t: %u.%02u\n', khz / 500, (khz / 5) % 100);
  const line = hasFeature(FEATURE_CLFLUSH) ? flushLineSize() : 32;
  text.print('clflush size\t: %u\ncache_alignment\t: %u\n', line, line);
  text.print('address sizes\t: %u bits physical, 32 bits virtual\npower management:\n\n', physicalAddressBits());
}

function printFlags(text: ProcText, bits: u32, names: Ptr<string>): void {
  for (let bit: u32 = 0; bit < 32; bit++) {
    if ((bits & (1 << bit)) !== 0 && bytes(names[bit])[0] !== 0) text.print(' %s', names[bit]);
  }
}

/** Names of the bits of CPUID leaf 1, EDX. Empty: none, or one that Linux does not show. */
// prettier-ignore
const features = table<string, 32>(
  'fpu', 'vme', 'de', 'pse', 'tsc', 'msr', 'pae', 'mce', 'cx8', 'apic', '', 'sep', 'mtrr', 'pge', 'mca', 'cmov',
  'pat', 'pse36', 'pn', 'clflush', '', 'dts', 'acpi', 'mmx', 'fxsr', 'sse', 'sse2', 'ss', 'ht', 'tm', 'ia64', 'pbe',
);

/** The same of leaf 80000001, EDX, without those that repeat leaf 1. */
// prettier-ignore
const extended = table<string, 32>(
  '', '', '', '', '', '', '', '', '', '', '', 'syscall', '', '', '', '',
  '', '', '', 'mp', 'nx', '', 'mmxext', '', '', 'fxsr_opt', 'pdpe1gb', 'rdtscp', '', 'lm', '3dnowext', '3dnow',
);

/** The same of leaf 1, ECX. */
// prettier-ignore
const second = table<string, 32>(
  'pni', 'pclmulqdq', 'dtes64', 'monitor', 'ds_cpl', 'vmx', 'smx', 'est', 'tm2', 'ssse3', 'cid', 'sdbg', 'fma', 'cx16',
  'xtpr', 'pdcm', '', 'pcid', 'dca', 'sse4_1', 'sse4_2', 'x2apic', 'movbe', 'popcnt', 'tsc_deadline_timer', 'aes',
  'xsave', '', 'avx', 'f16c', 'rdrand', 'hypervisor',
);

// ---------------------------------------------------------------------------------------------------------------------
// interrupts.

/** Which of the counters of a CPU a line shows. */
const NMI = 0;
const TICKS = 1;
const SPURIOUS = 2;
const RESCHEDULES = 3;
const CALLS = 4;
const FLUSHES = 5;
const COUNTERS = 6;

const labels = table<string, 6>('NMI', 'LOC', 'SPU', 'RES', 'CAL', 'TLB');
const meanings = table<string, 6>(
  'Non-maskable interrupts',
  'Local timer interrupts',
  'Spurious interrupts',
  'Rescheduling interrupts',
  'Function call interrupts',
  'TLB shootdowns',
);

function counter(cpu: Cpu, which: u32): u32 {
  switch (which) {
    case NMI:
      return cpu.nmis;
    case TICKS:
      return hasApic() ? u32(cpu.ticks) : 0;
    case SPURIOUS:
      return cpu.spurious;
    case RESCHEDULES:
      return cpu.reschedules;
    case CALLS:
      return cpu.calls;
    case FLUSHES:
      return cpu.flushes;
    default:
      return 0;
  }
}

function irqTotal(irq: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) sum += irqCountOn(irq, i);
  return sum;
}

export function writeInterrupts(text: ProcText, _pid: u32): i32 {
  text.print('           ');
  for (let i: u32 = 0; i < cpuCount(); i++) text.print('CPU%-8u', i);
  text.print('\n');
  for (let irq: u32 = 0; irq < LINES; irq++) {
    const name = irqName(irq);
    if (bytes(name)[0] === 0) continue;
    text.print('%3u: ', irq);
    for (let i: u32 = 0; i < cpuCount(); i++) text.print('%10u ', irqCountOn(irq, i));
    text.print(' %8s %3u-edge      %s\n', hasApic() ? 'IO-APIC' : 'XT-PIC', irqPin(irq), name);
  }
  let errors: u32 = 0;
  for (let which: u32 = 0; which < COUNTERS; which++) {
    text.print('%s: ', labels[which]);
    for (let i: u32 = 0; i < cpuCount(); i++) text.print('%10u ', counter(cpuById(i), which));
    text.print('  %s\n', meanings[which]);
  }
  for (let i: u32 = 0; i < cpuCount(); i++) errors += cpuById(i).apicErrors;
  text.print('ERR: %10u\n', errors);
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// stat.

/** The lines "cpu", "cpu0", ..., and "intr". */
export function printCpuTimes(text: ProcText): void {
  let user: u32 = 0;
  let nice: u32 = 0;
  let system: u32 = 0;
  let idle: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) {
    user += cpuById(i).userTicks;
    nice += cpuById(i).niceTicks;
    system += cpuById(i).systemTicks;
    idle += cpuById(i).idleTicks;
  }
  text.print('cpu  %u %u %u %u 0 0 0 0 0 0\n', user, nice, system, idle);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    const cpu = cpuById(i);
    text.print('cpu%u %u %u ', i, cpu.userTicks, cpu.niceTicks);
    text.print('%u %u 0 0 0 0 0 0\n', cpu.systemTicks, cpu.idleTicks);
  }
  let interrupts: u32 = 0;
  for (let irq: u32 = 0; irq < LINES; irq++) interrupts += irqTotal(irq);
  for (let i: u32 = 0; i < cpuCount(); i++) {
    for (let which: u32 = 0; which < COUNTERS; which++) interrupts += counter(cpuById(i), which);
  }
  text.print('intr %u', interrupts);
  for (let irq: u32 = 0; irq < LINES; irq++) text.print(' %u', irqTotal(irq));
  text.print('\n');
}

/** Ticks that CPUs have had nothing to do, all together. */
export function idleTicks(): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < cpuCount(); i++) sum += cpuById(i).idleTicks;
  return sum;
}
