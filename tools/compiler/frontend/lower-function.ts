/*
 * One function instance to one IrFunction.
 */

import { IrFunction, type FunctionOptions, type ValueType } from '../ir/types.ts';
import { sourceOf, ts } from '../syntax/index.ts';
import { lowerAsm } from './asm.ts';
import { irParameters } from './calls.ts';
import { convert } from './convert.ts';
import { FunctionLowering } from './function.ts';
import type { FunctionInstance } from './instances.ts';
import { locationOf } from './locations.ts';
import { emptyOperand, valueOperand, wordsOperand } from './operand.ts';
import type { Recorder } from './recorder.ts';
import { withScope } from './scope.ts';
import { noTags, type Tags } from './tags.ts';
import * as types from './types.ts';
import { bindScalar, bindWords, findAddressTaken } from './variables.ts';
import type { World } from './world.ts';

/** Lowers the body. With errors in it, what comes out is of no use, but complete enough to go on. */
export function lowerFunction(world: World, recorder: Recorder, instance: FunctionInstance): IrFunction {
  const { env, info, key, outer, receiver, result, symbolName } = instance;
  const fn = createFunction(instance);
  const surroundings = { key, symbolName, module: info.module, env, receiver, result, instance, outer };
  const f = new FunctionLowering(world, recorder, surroundings, fn);
  if (info.tags.isNaked) {
    fn.asm = lowerAsm(f, info);
    fn.blocks = [];
    return fn;
  }
  const { body } = info.declaration;
  if (body === undefined) {
    f.builder.unreachable(); // reported where declarations are checked
    f.builder.finish();
    return fn;
  }
  findAddressTaken(f, info.declaration);
  bindParameters(f, instance);
  if (ts.isBlock(body)) withScope(f, () => body.statements.forEach((statement) => f.statement(statement)));
  else lowerExpressionBody(f, body, result);
  endFunction(f, instance, body);
  f.builder.finish();
  return fn;
}

function createFunction(instance: FunctionInstance): IrFunction {
  const { info, receiver, result } = instance;
  const { declaration, tags, owner } = info;
  const parameters: ValueType[] = receiver === null ? [] : ['i32'];
  instance.parameterTypes.forEach((type) => parameters.push(...irParameters(type)));
  const name = owner === null ? info.name : `${owner.name}.${info.name}`;
  return new IrFunction(
    instance.symbolName,
    parameters.slice(), // just as long as it is: it is kept
    types.valueTypeOf(result),
    tags === noTags ? plainOptions : optionsOf(tags),
    { name, location: locationOf(declaration.name ?? declaration) },
  );
}

function optionsOf({ align, inline, isExported, section }: Tags): FunctionOptions {
  return { section, align: align ?? 16, inline, isExported };
}

/** Most functions share these. */
const plainOptions: FunctionOptions = Object.freeze(optionsOf(noTags));

function bindParameters(f: FunctionLowering, instance: FunctionInstance): void {
  const { builder } = f;
  f.at(instance.info.declaration.name ?? instance.info.declaration);
  let index = 0;
  const next = (type: ValueType): ReturnType<typeof builder.param> => builder.param(index++, type);
  if (instance.receiver !== null) f.receiver = valueOperand(instance.receiver, next('i32'));
  const values = instance.parameters.map((parameter) => {
    const type = parameter.type.kind === 'volatile' ? parameter.type.of : parameter.type;
    const words = irParameters(type);
    if (words.length === 0) return emptyOperand(type);
    const value = valueOperand(type, next(words[0]!));
    return words.length === 1 ? value : wordsOperand(value, valueOperand(types.u32, next(words[1]!)));
  });
  instance.parameters.forEach(({ declaration, name }, position) => {
    const operand = values[position];
    if (operand === undefined) return;
    if (operand.value === null) f.bind(name, { kind: 'constant', operand });
    else if (operand.length !== null) bindWords(f, name, operand);
    else bindScalar(f, declaration, name, operand.type, operand);
  });
}

/** `(a) => a + 1`. */
function lowerExpressionBody(f: FunctionLowering, body: ts.Expression, result: types.Type): void {
  const operand = f.expression(body, result);
  if (types.valueTypeOf(result) === 'void' || operand.type.kind === 'never') return;
  const value = convert(f, operand, result, body);
  if (value.type.kind === 'error') {
    f.builder.unreachable();
    return;
  }
  f.builder.return(f.value(value));
}

/** The end of the body, if control gets there: tsc has made sure that a value has been returned before. */
function endFunction(f: FunctionLowering, instance: FunctionInstance, body: ts.Node): void {
  const { builder } = f;
  if (builder.isDead) return;
  builder.atPosition(sourceOf(body), Math.max(0, body.end - 1));
  const returnsNothing = types.valueTypeOf(instance.result) === 'void' && instance.result.kind !== 'never';
  if (returnsNothing) builder.return(null);
  else builder.unreachable();
}
