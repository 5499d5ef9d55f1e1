/*
 * What tsc is told, in the words of a tsconfig.json: the options of kernel/tsconfig.json that matter for checking. Plain
 * data, so that one may hand them to a tsc that is another program.
 */

export const checkOptions = {
  target: 'esnext',
  module: 'esnext',
  moduleResolution: 'bundler',
  moduleDetection: 'force',
  noLib: true,
  types: [],
  strict: true,
  strictPropertyInitialization: false,
  noImplicitReturns: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
} as const;
