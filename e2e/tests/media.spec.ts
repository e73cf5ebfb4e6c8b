// Paper, and the reader's own colours.

import { expect, test } from './support/test';

test('paper is white and shows nothing to press, whatever the screen looks like', async ({ portal, page }) => {
  await portal.start('joni@contoso.com');
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ media: 'print', colorScheme });
    const colours = await page.locator('.card').evaluate((card) => {
      const { backgroundColor, color } = getComputedStyle(card);
      return [backgroundColor, color];
    });
    expect(colours, colorScheme).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
    await expect(page.locator('.details'), 'the support reference').toBeVisible();
    await expect(page.locator('a:visible, button:visible')).toHaveCount(0);
  }
});

test("in the reader's own colours the focus shows on a way that is chosen", async ({ portal, page }) => {
  await portal.start('adele@contoso.com');
  await page.emulateMedia({ forcedColors: 'active' });
  const way = page.locator('.choice').first();
  const look = () => way.evaluate((row) => [getComputedStyle(row).outlineStyle, getComputedStyle(row).borderTopWidth]);
  expect(await look()).toEqual(['none', '1px']);
  await page.locator('input[name=method]').first().focus();
  await page.keyboard.press('Space');
  expect(await look()).toEqual(['solid', '3px']);
  await page.keyboard.press('Tab');
  expect(await look()).toEqual(['none', '3px']);
});
