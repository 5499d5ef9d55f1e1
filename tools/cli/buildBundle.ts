/*
 * What the bundle of `pagewright build` begins with: the command line, and what the second thread of a build (typesWorker.ts)
 * asks for when it has to look at types itself.
 */
export { KernelTsProgram } from '../compiler/frontend/index.ts';
export { main } from './main.ts';
