/*
 * The thread of a large build that looks at types. When it has answered, the compiled code of the checker is kept.
 */
import '../build/typesWorker.ts';
import { typescript } from './codeCache.mjs';

typescript.save();
