/*
 * Structs and arrays in a function's frame, and copying them.
 *
 * Small ones are zeroed and copied word by word, larger ones by the block intrinsics.
 */

import type { Instruction } from '../ir/types.ts';
import type { ts } from '../syntax/index.ts';
import type { FunctionLowering } from './function.ts';
import { maximumFrameObject } from './layout.ts';
import { constantOperand, retype, valueOperand, type Operand } from './operand.ts';
import * as types from './types.ts';
import type { Type } from './types.ts';

/** Up to so many bytes are moved by plain loads and stores. */
const smallSize = 16;

/** `zeroed<T>()` and `uninitialized<T>()` in a function: a slot; for a scalar just zero. */
export function frameStorage(f: FunctionLowering, type: Type, isZeroed: boolean, node: ts.Node): Operand {
  if (type.kind !== 'inline' && type.kind !== 'array') {
    const isScalar = types.valueTypeOf(type) !== 'void' && type.kind !== 'class' && type.kind !== 'words';
    if (isScalar) return constantOperand(types.decay(type), 0n);
    f.report(node, 'notStorage', [type.name]);
    return constantOperand(types.errorType, 0n);
  }
  if (type.kind === 'inline') f.recorder.layoutOf(type.of);
  if (f.sizeOf(type) > maximumFrameObject) {
    f.report(node, 'tooLarge', [type.name, String(f.sizeOf(type)), String(maximumFrameObject)]);
    return constantOperand(types.errorType, 0n);
  }
  const address = f.slot(type.name, type);
  if (isZeroed) fillZero(f, address, f.sizeOf(type));
  return valueOperand(type, address);
}

function fillZero(f: FunctionLowering, address: Instruction, size: number): void {
  const { builder } = f;
  const zero = builder.constant('i32', 0n);
  if (size <= smallSize) {
    forEachPiece(size, (offset, piece) => builder.emit('store', 'void', [address, zero], { offset, size: piece }));
    return;
  }
  const count = builder.constant('i32', BigInt(size));
  builder.emit('intrinsic', 'void', [address, zero, count], { intrinsic: 'fillBytes' });
}

/** Copies a struct or array of the given type. */
export function copyInstance(f: FunctionLowering, target: Operand, source: Operand, type: Type): void {
  const { builder } = f;
  const size = f.sizeOf(type);
  const to = f.value(retype(target, types.objectType));
  const from = f.value(retype(source, types.objectType));
  if (size <= smallSize) {
    forEachPiece(size, (offset, piece) => {
      const value = builder.emit('load', 'i32', [from], { offset, size: piece });
      builder.emit('store', 'void', [to, value], { offset, size: piece });
    });
    return;
  }
  const count = builder.constant('i32', BigInt(size));
  builder.emit('intrinsic', 'void', [to, from, count], { intrinsic: 'copyBytes' });
}

function forEachPiece(size: number, action: (offset: number, piece: 1 | 2 | 4) => void): void {
  let offset = 0;
  for (const piece of [4, 2, 1] as const) {
    for (; offset + piece <= size; offset += piece) action(offset, piece);
  }
}
