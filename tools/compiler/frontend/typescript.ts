/*
 * The only file that imports TypeScript. Version 6.0.3 is the last one with an in-process JavaScript API; whatever comes
 * after it will need another adapter, and this is the place for it.
 */

import ts from 'typescript';

export { ts };
