import { defineConfig } from 'vitest/config';

/*
 * Time limits inside the guest are counted in guest instructions. The limits here only end a test runner that hangs, so
 * they are generous enough for any machine.
 *
 * All files run in the same two processes: host code has no state of its own that one test could leave to another, and what
 * V8 has compiled for one file serves the next. Of guests that run for a second each, optimising the compiled code costs more
 * than it saves: V8 is told to leave that, and the whole suite needs a third less of the processors.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/buildOnce.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    isolate: false,
    execArgv: ['--liftoff-only'],
    maxWorkers: 2,
  },
});
