/*
 * What the output stage offers to the rest of the compiler.
 */

export { type BuiltImage, linkKernel, type LinkedImage, type LinkOptions, linkUserProgram } from './image.ts';
export { LinkError } from './items.ts';
export { LAYOUT_VERSION, type LayoutFile, type LayoutSymbol } from './layout.ts';
