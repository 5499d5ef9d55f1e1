/*
 * Rules for loads and stores: constant parts of the address go to the offset, a store does not care about the bits above
 * its width, and what a constant table holds is known.
 */

import type { Instruction, IrData, Opcode } from '../../ir/types.ts';
import { constantOf, type Emitter, type Rule, withConstant } from './rule.ts';

/** Changes the access in place. */
function foldAddress(access: Instruction, emitter: Emitter): void {
  const [address] = access.args as [Instruction];
  const sum = withConstant(address, 'add');
  if (sum !== null) {
    emitter.touch();
    access.args[0] = sum.value;
    access.offset = (access.offset + sum.constant) | 0;
    foldAddress(access, emitter);
  } else if (address.op === 'symbol' && address.offset !== 0) {
    emitter.touch();
    access.args[0] = emitter.emit('symbol', 'i32', [], { symbol: address.symbol });
    access.offset = (access.offset + address.offset) | 0;
  }
}

const load: Rule = (instruction, emitter) => {
  foldAddress(instruction, emitter);
  const [address] = instruction.args as [Instruction];
  if (instruction.isVolatile || address.op !== 'symbol') return null;
  const data = emitter.module.data.get(address.symbol);
  return data?.isConstant === true ? loadConstant(instruction, data, emitter) : null;
};

function loadConstant({ offset, size, signed, type }: Instruction, data: IrData, emitter: Emitter): Instruction | null {
  if (offset < 0 || offset + size > data.size) return null;
  const relocation = data.relocations.find(({ at }) => at < offset + size && offset < at + 4);
  if (relocation !== undefined) {
    if (relocation.at !== offset || size !== 4) return null;
    return emitter.emit('symbol', 'i32', [], { symbol: relocation.symbol, offset: relocation.addend });
  }
  if (data.bytes === null) return type === 'i64' ? emitter.wideConstant(0n) : emitter.constant(0);
  const view = new DataView(data.bytes.buffer, data.bytes.byteOffset, data.bytes.byteLength);
  switch (size) {
    case 1:
      return emitter.constant(signed ? view.getInt8(offset) : view.getUint8(offset));
    case 2:
      return emitter.constant(signed ? view.getInt16(offset, true) : view.getUint16(offset, true));
    case 4:
      return emitter.constant(view.getInt32(offset, true));
    case 8:
      return emitter.wideConstant(view.getBigInt64(offset, true));
  }
}

const store: Rule = (instruction, emitter) => {
  foldAddress(instruction, emitter);
  const { size } = instruction;
  if (size > 2) return null;
  const bits = 8 * size;
  for (let value = instruction.args[1]!; ; value = instruction.args[1]!) {
    const { op } = value;
    const isExtension = op === 'zext16' || op === 'sext16' || (size === 1 && (op === 'zext8' || op === 'sext8'));
    const mask = op === 'and' ? constantOf(value.args[1]!) : null;
    const low = 2 ** bits - 1;
    if (!isExtension && (mask === null || (mask & low) !== low)) return null;
    emitter.touch();
    instruction.args[1] = value.args[0]!;
  }
};

export const memoryRules: readonly (readonly [Opcode, Rule])[] = [
  ['load', load],
  ['store', store],
];
