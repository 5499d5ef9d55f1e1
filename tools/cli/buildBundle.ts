/*
 * What the bundle of `pagewright build` begins with: the command line, and the command, which would otherwise be put into
 * functions that load its parts one by one.
 */
import './commands/build.ts';

export { main } from './main.ts';
