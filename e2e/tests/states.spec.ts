// Every page in every state, in every language, on a small phone.

import { check } from './support/check';
import { Portal } from './support/portal';
import { everyState, once } from './support/states';
import { expect, test } from './support/test';

for (const locale of ['en', 'sv', 'nl', 'ar-XB']) {
  test(`every page and state in ${locale} at 320 pixels is accessible, silent and fits`, async ({ page, demo, watch }) => {
    test.setTimeout(180_000);
    await page.setViewportSize({ width: 320, height: 640 });
    let pages = 0;
    const look = async (portal: Portal) => {
      pages += 1;
      expect.soft(await page.locator('html').getAttribute('lang')).toBe(locale);
      await check(portal.page, portal.watch);
    };
    await everyState(new Portal(page, demo, watch, once(look)), locale);
    expect(pages).toBeGreaterThan(40);
  });
}
