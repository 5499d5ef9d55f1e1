import { defineConfig } from 'vitest/config';

/*
 * Time limits inside the guest are counted in guest instructions. The limits here only end a test runner that hangs, so
 * they are generous enough for any machine.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/buildOnce.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
