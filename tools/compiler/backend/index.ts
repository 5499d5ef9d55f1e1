/*
 * What the back end offers to the rest of the compiler.
 */

export { AssemblyError, type AssemblyProblem } from './assembler/errors.ts';
export {
  assembleModule,
  generateCode,
  generateFunction,
  type GenerateOptions,
  type MachineModule,
} from './generate.ts';
export type { MachineCode } from './machine/types.ts';
