// The browser tests: `npm test` here, or `./test` at the top, which also builds the demo.
//
// LATCHKEY_BIN       the program under test; default: the one of the dev profile
// LATCHKEY_CHROMIUM  the browser; default: Debian's
// LATCHKEY_PORT      where the demo listens; default: 8499, beside a demo that somebody looks at

import { defineConfig } from '@playwright/test';

const program = process.env.LATCHKEY_BIN ?? '../target/debug/latchkey';
const port = process.env.LATCHKEY_PORT ?? '8499';
const address = `http://localhost:${port}`;

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  // A test that passes at the second try is a bug with an issue, not a pass.
  retries: 0,
  forbidOnly: !!process.env.CI,
  // The demo is one service with throttles: tests share it, one after the other.
  workers: 1,
  timeout: 60_000,
  reporter: 'list',
  use: {
    baseURL: address,
    locale: 'en-US',
    launchOptions: { executablePath: process.env.LATCHKEY_CHROMIUM ?? '/usr/bin/chromium' },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
  webServer: {
    command: `${program} demo --listen 127.0.0.1:${port}`,
    url: `${address}/healthz`,
    reuseExistingServer: false,
    timeout: 30_000,
  },
});
