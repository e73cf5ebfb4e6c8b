// The fixtures: a demo for each test, a browser that is listened to, and a person who uses it.

import { test as base, expect } from '@playwright/test';
import { Watch } from './check';
import { Demo } from './demo';
import { Portal } from './portal';

interface Fixtures {
  demo: Demo;
  watch: Watch;
  portal: Portal;
}

export const test = base.extend<Fixtures>({
  demo: async ({}, use, info) => {
    const demo = await Demo.start();
    await use(demo);
    await demo.stop();
    if (info.status !== info.expectedStatus) {
      await info.attach('log', { body: demo.log.join('\n'), contentType: 'text/plain' });
    }
    expect(demo.log.filter((line) => line.includes('ERROR')), 'the log has no error').toEqual([]);
  },
  baseURL: async ({ demo }, use) => use(demo.address),
  watch: async ({ context, demo, browser, javaScriptEnabled }, use) => {
    const watch = new Watch(context, demo.address);
    if (javaScriptEnabled === false) {
      const scripted = await browser.newContext({ javaScriptEnabled: true, reducedMotion: 'reduce' });
      watch.twin = await scripted.newPage();
    }
    await use(watch);
    await watch.twin?.context().close();
    expect(watch.problems, 'console and requests, to the end').toEqual([]);
  },
  portal: async ({ page, demo, watch }, use) => use(new Portal(page, demo, watch)),
});

export { expect };
