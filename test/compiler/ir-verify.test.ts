import { describe, expect, it } from 'vitest';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { type Block, Instruction, type IrFunction } from '../../tools/compiler/ir/types.ts';
import { assertValid, verifyModule } from '../../tools/compiler/ir/verify.ts';

/** A function around some lines, which stand in b0 after `%0 = param 0` and `%1: i64 = param 1`. */
function around(lines: string): string {
  return `data @d size 8 align 4
function @g(i32, i64): void {
b0:
  return
}
function @f(i32, i64): i32 {
  slot 0: s size 4 align 4
b0:
  %0 = param 0
  %1: i64 = param 1
  ${lines}
}`;
}

const valid = around(`branch %0, b1, b2
b1 from b0, b1:
  %2 = phi %0, %3
  %3 = add %2, %0
  %4 = symbol @d
  %5 = symbol @__textStart
  store u64 [%4], %1
  call @g(%3, %1)
  callIndirect (i64) %4(%1)
  %6 = intrinsic atomicXchg.u8(%4, %5)
  %7: i64 = intrinsic atomicCmpxchg.u64(%4, %1, %1)
  switch %3 { 1: b1, else: b2 }
b2 from b0, b1:
  %8 = slot 0
  return %8`);

describe('the verifier', () => {
  it('accepts what is right', () => {
    expect(verifyModule(parseModule(valid))).toEqual([]);
  });

  it('does not ask for dominance where control never comes', () => {
    expect(verifyModule(parseModule(around('return %0\nb1:\n%3 = add %4, %4\n%4 = const 1\njump b1')))).toEqual([]);
  });

  it.each<[string, string]>([
    ['%2 = add %0, %0', 'b0: does not end in a terminator'],
    ['return %0\n%2 = const 1\nreturn %0', '"return %0": a terminator inside a block'],
    ['jump b1\nb1:\n%2 = const 1\n%3 = phi %2\nreturn %3', '"%3 = phi %2": a phi after other instructions'],
    ['%2 = const 1\n%3 = param 0\nreturn %3', '"%3 = param 0": a param that is not at the head of the entry'],
    ['jump b1\nb1:\n%3 = param 0\nreturn %3', '"%3 = param 0": a param that is not at the head of the entry'],
    ['jump b0', 'b0: the entry has predecessors'],
    ['jump b1\nb1 from b1:\nreturn %0', 'b1: the predecessors are b1, but edges come from b0'],
    ['branch %0, b1, b1\nb1 from b0:\nreturn %0', 'b1: the predecessors are b0, but edges come from b0, b0'],
    ['branch %0, b1, b1\nb1:\n%2 = phi %0\nreturn %2', '"%2 = phi %0": 1 operands for 2 predecessors'],
    ['jump b1\nb1:\n%2 = phi %1\nreturn %2', '"%2 = phi %1": every operand should be i32'],
    ['branch %0, b1, b1\nb1:\n%2 = const 1\n%3 = phi %0, %2\nreturn %0', 'a phi after other instructions'],
    ['%2 = const 1\nbranch %0, b1, b1\nb1:\n%3 = phi %0, %2\nreturn %3', 'two operands for the edges from b0'],
    ['%2 = add %3, %0\n%3 = const 1\nreturn %2', '"%2 = add %3, %0": %3 does not dominate this use'],
    ['branch %0, b1, b2\nb1:\n%2 = const 1\njump b2\nb2:\nreturn %2', 'b2, "return %2": %2 does not dominate this use'],
    ['branch %0, b1, b2\nb1:\n%2 = const 1\njump b2\nb2:\n%3 = phi %2, %0\nreturn %3', '%2 does not dominate this use'],
    ['jump b1\nb1:\n%2 = phi %0, %3\n%3 = add %4, %2\n%4 = add %3, %3\njump b1', '%4 does not dominate this use'],
    ['%2 = add %0, %1\nreturn %2', '"%2 = add %0, %1": operand 2 is i64 instead of i32'],
    ['%2: i64 = shl %1, %1\nreturn %0', 'operand 2 is i64 instead of i32'],
    ['%2: i64 = mulHighU %0, %0\nreturn %0', 'gives i64 instead of i32'],
    ['%2: i64 = eq %1, %1\nreturn %0', 'gives i64 instead of i32'],
    ['%2 = ltS %1, %0\nreturn %0', 'operand 2 is i32 instead of i64'],
    ['%2: i64 = sext8 %0\nreturn %0', 'gives i64 instead of i32'],
    ['%2 = sextWide %0\nreturn %0', 'gives i32 instead of i64'],
    ['%2 = narrow %0\nreturn %0', 'operand 1 is i32 instead of i64'],
    ['%2 = not %1\nreturn %0', 'operand 1 is i64 instead of i32'],
    ['%2 = select %1, %0, %0\nreturn %0', 'operand 1 is i64 instead of i32'],
    ['%2: i64 = load u32 [%0]\nreturn %0', 'gives i64 instead of i32'],
    ['%2 = load u64 [%0]\nreturn %0', 'gives i32 instead of i64'],
    ['store u64 [%0], %0\nreturn %0', 'operand 2 is i32 instead of i64'],
    ['%2 = const 2147483648\nreturn %2', 'the number 2147483648 is not a signed i32'],
    ['%2: i64 = const 9223372036854775808\nreturn %0', 'the bigint 9223372036854775808 is not a signed i64'],
    ['%2 = slot 1\nreturn %2', 'there is no slot 1'],
    ['%2 = symbol @nothing\nreturn %2', '"%2 = symbol @nothing": nothing does not exist'],
    ['call @nothing()\nreturn %0', 'there is no function nothing'],
    ['call @g(%0)\nreturn %0', 'the arguments are (i32), but g takes (i32, i64)'],
    ['%2 = call @g(%0, %1)\nreturn %0', 'g returns void'],
    ['callIndirect (i64) %0(%0)\nreturn %0', 'operand 2 is i32 instead of i64'],
    ['callIndirect (i64) %0()\nreturn %0', 'has 1 operands instead of 2'],
    ['intrinsic cli(%0)\nreturn %0', 'has 1 operands instead of 0'],
    ['%2 = intrinsic rdtsc()\nreturn %0', 'gives i32 instead of i64'],
    ['%2: i64 = intrinsic atomicXchg.u64(%0, %1)\nreturn %0', 'does not come in 64 bits'],
    ['return', 'has 0 operands instead of 1'],
    ['return %1', 'operand 1 is i64 instead of i32'],
    ['branch %1, b1, b1\nb1:\nreturn %0', 'operand 1 is i64 instead of i32'],
    ['switch %0 { 1: b1, 1: b1, else: b1 }\nb1:\nreturn %0', 'a case occurs twice'],
    ['switch %0 { 4294967295: b1, else: b1 }\nb1:\nreturn %0', 'a case is not a signed i32'],
  ])('reports %j', (lines, message) => {
    const problems = verifyModule(parseModule(around(lines)));
    expect(problems.join('\n')).toContain(message);
    expect(problems[0]).toMatch(/^function f, b\d/);
  });

  it.each<[string, string]>([
    ['entry @main', 'entry main does not exist'],
    ['function @f(): void {\n}', 'function f: has no blocks'],
    ['function @f(): void naked {\nasm { @x }\n}', 'function f: asm names x, which does not exist'],
    ['function @f(): void naked {\nasm { "ret" }\nb0:\nreturn\n}', 'function f: is naked, but has blocks'],
    ['data @d size 4 align 4 {\naddress 0: @x\n}', 'data d: relocation against x, which does not exist'],
    ['data @d size 4 align 4 {\naddress 2: @d\n}', 'data d: relocation at 2 lies outside'],
    ['data @f size 4 align 4\nfunction @f(): void {\nb0:\nreturn\n}', 'data f: a function has the same name'],
  ])('reports %j', (text, message) => {
    expect(verifyModule(parseModule(text))).toContain(message);
  });
});

describe('what no text can say', () => {
  /** Breaks a sound module and gives the first complaint. */
  function complaintAfter(breakIt: (fn: IrFunction, entry: Block) => void): string | undefined {
    const module = parseModule(valid);
    const fn = module.functions.get('f')!;
    breakIt(fn, fn.blocks[0]!);
    return verifyModule(module)[0];
  }

  it('is reported too', () => {
    const complaints = [
      complaintAfter((_, entry) => (entry.instructions[0]!.block = null)),
      complaintAfter((_, entry) => entry.instructions.unshift(entry.instructions[0]!)),
      complaintAfter((_, entry) => entry.instructions.splice(2, 0, foreign(entry))),
      complaintAfter((fn) => fn.blocks.push(fn.blocks[1]!)),
      complaintAfter((fn) => fn.blocks.splice(2, 1)),
      complaintAfter((_, entry) => (entry.terminator!.args = [new Instruction(9, 'const', 'i32', [], null)])),
      complaintAfter((_, entry) => entry.terminator!.targets.pop()),
    ];
    expect(complaints).toEqual([
      'function f, b0, "%0 = param 0": its `block` is another',
      'function f, b0, "%0 = param 0": another instruction has this id',
      'function f, b0, "%1000 = const 0": the id was not given out by this function',
      'function f, b1: another block has this id',
      'function f, b0, "branch %0, b1, b2": b2 is not a block of the function',
      'function f, b0, "branch %9, b1, b2": %9 is not in the function',
      'function f, b2: the predecessors are b0, b1, but edges come from b1',
    ]);
  });

  it('stops the pipeline by name', () => {
    const module = parseModule(valid);
    module.entry = 'main';
    expect(() => assertValid(module, 'gvn')).toThrow('invalid IR after gvn:\nentry main does not exist');
  });
});

/** An instruction whose id the function never gave out. */
function foreign(block: Block): Instruction {
  const instruction = new Instruction(1000, 'const', 'i32', [], null);
  instruction.block = block;
  return instruction;
}
