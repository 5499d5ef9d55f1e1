import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { optimise } from '../../tools/compiler/passes/optimise.ts';
import { programs } from './ir-random.ts';
import { buildModule } from './ir-random-build.ts';

const inputs: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, -1],
  [0x12345678, 40],
];

/** All that can be seen of the program, for some inputs one after the other; null if it runs for too long. */
function behaviour(module: IrModule): string | null {
  const seen: unknown[] = [];
  const interpreter = new Interpreter(module, {
    memorySize: 1 << 16,
    stepLimit: 300_000,
    onVolatile: ({ op, size, value }) => seen.push([op, size, value]),
  });
  for (const input of inputs) {
    const outcome = interpreter.call('f0', input);
    if (outcome.kind === 'trap' && outcome.trap === 'steps') return null;
    seen.push(outcome.kind === 'trap' ? outcome.trap : outcome);
  }
  for (const name of ['words', 'bytes', 'signal']) {
    const start = interpreter.memory.addressOf(name);
    seen.push(interpreter.memory.bytes.slice(start, start + 64).join());
  }
  return JSON.stringify(seen);
}

describe('random programs', () => {
  it('mean the same after every pass', () => {
    const property = fc.property(programs, fc.constantFrom(1 as const, 2 as const), (bodies, level) => {
      const module = buildModule(bodies);
      const text = printModule(module);
      expect(printModule(parseModule(text))).toBe(text);
      const expected = behaviour(module);
      fc.pre(expected !== null);
      optimise(module, {
        level,
        verify: true,
        dump: (pass) => {
          if (behaviour(module) !== expected) throw new Error(`${pass} changes what the program does`);
        },
      });
    });
    fc.assert(property, { numRuns: Number(process.env['IR_RUNS'] ?? 150) });
  });

  it('stay readable: what the pipeline makes of them parses back', () => {
    fc.assert(
      fc.property(programs, (bodies) => {
        const module = buildModule(bodies);
        optimise(module);
        const text = printModule(module);
        const again = parseModule(text);
        assertValid(again, 'parsing');
        expect(printModule(again)).toBe(text);
      }),
      { numRuns: 50 },
    );
  });
});
