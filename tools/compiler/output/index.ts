/*
 * What the output stage offers to the rest of the compiler.
 */

export { linkKernel, type LinkedImage, type LinkOptions, linkUserProgram } from './image.ts';
export { LinkError } from './items.ts';
export { LAYOUT_VERSION, type LayoutFile, type LayoutSymbol } from './layout.ts';
