/*
 * What the bundle of `pagewright build` begins with: the command line, and what its second thread does, which loads the
 * same bundle.
 */
import '../build/typesWorker.ts';

export { main } from './main.ts';
