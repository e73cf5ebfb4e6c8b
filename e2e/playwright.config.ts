// The browser tests: `npm test` here, or `./test` at the top, which also builds the demo.
//
// LATCHKEY_BIN          the program under test; default: the one of the dev profile
// LATCHKEY_CHROMIUM     the browser; default: Debian's
// LATCHKEY_SCREENSHOTS  set: makes screenshots to look at (`npm run screenshots`) and tests nothing

import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: 'tests',
  testMatch: process.env.LATCHKEY_SCREENSHOTS ? '**/*.shots.ts' : '**/*.spec.ts',
  outputDir: 'test-results',
  // A test that passes at the second try is a bug with an issue, not a pass.
  retries: 0,
  forbidOnly: !!process.env.CI,
  // Every test has a demo of its own.
  fullyParallel: true,
  workers: 2,
  timeout: 90_000,
  // Waiting longer costs nothing where it comes, and a machine may be busy.
  expect: { timeout: 20_000 },
  reporter: 'list',
  use: {
    locale: 'en-US',
    timezoneId: 'Europe/Amsterdam',
    // Colours are there at once, so that contrast is measured at rest.
    contextOptions: { reducedMotion: 'reduce' },
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.LATCHKEY_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    },
    screenshot: 'only-on-failure',
    // A trace of every test would take longer than the test; `npx playwright test --trace on` makes one.
    trace: 'off',
  },
});
