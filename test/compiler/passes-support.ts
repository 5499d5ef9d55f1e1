/*
 * For the unit tests of the passes: text in, text out, checked by the verifier on both sides.
 */

import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { each, type FunctionPass, Runner } from '../../tools/compiler/passes/pass.ts';

/** What a pass over modules makes of a text. */
export function transformModule(pass: (module: IrModule, runner: Runner) => void, text: string): string {
  const module = parseModule(text);
  assertValid(module, 'parsing');
  pass(module, new Runner());
  assertValid(module, 'the pass');
  return `\n${printModule(module, { locations: false })}`;
}

/** What a pass over functions makes of the body of `@f`. Other items of the module may follow the body's brace. */
export function transform(pass: FunctionPass, signature: string, body: string, rest = ''): string {
  const text = transformModule(
    (module, runner) => each({ name: '', run: pass }).run(module, runner),
    `function @f${signature} {\n${body}\n}\n${rest}`,
  );
  return text.slice(text.indexOf('function @f'));
}
