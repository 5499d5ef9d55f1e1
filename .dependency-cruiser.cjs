/*
 * Imports run one way: kernel <- emulator <- tools <- test, and the compiler knows neither kernel nor emulator.
 */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'kernel-stands-alone', severity: 'error', from: { path: '^kernel/' }, to: { pathNot: '^kernel/' } },
    {
      name: 'compiler-knows-neither-kernel-nor-machine',
      severity: 'error',
      from: { path: '^tools/compiler/' },
      to: { path: '^(kernel|emulator|tools/(?!compiler/)|test)/' },
    },
    {
      name: 'emulator-knows-only-the-abi',
      severity: 'error',
      from: { path: '^emulator/' },
      to: { path: '^(kernel/(?!abi/)|tools|test)(/|$)' },
    },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    {
      name: 'user-programs-use-the-abi-alone',
      severity: 'error',
      from: { path: '^kernel/user/' },
      to: { path: '^kernel/(?!user/|abi/)' },
    },
    {
      name: 'the-kernel-does-not-import-programs',
      severity: 'error',
      from: { path: '^kernel/(?!user/)' },
      to: { path: '^kernel/user/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: false, // type-only imports may form cycles: structs point at each other
    tsConfig: { fileName: 'tsconfig.base.json' },
    exclude: '^(dist|\\.cache|test/compiler/(fixtures|programs)|tools/bench/programs)/',
  },
};
