// The screenshots of the README: `npm run screenshots` makes them anew.

import { Portal } from './support/portal';
import { expect, test } from './support/test';

const FOLDER = '../docs/images';
const quietly = async () => {};

test.use({ viewport: { width: 960, height: 640 } });

test('the beginning', async ({ page, demo, watch }) => {
  const portal = new Portal(page, demo, watch, quietly);
  await portal.open('/reset?whr=contoso.com');
  await portal.field('user_id').fill('adele@contoso.com');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: `${FOLDER}/reset.png` });
});

test('a new password', async ({ page, demo, watch }) => {
  const portal = new Portal(page, demo, watch, quietly);
  await portal.adele();
  await portal.field('new_password').fill('Correct horse');
  await portal.field('confirm_password').fill('Correct');
  await expect(page.locator('.rule.met').first()).toBeVisible();
  await page.setViewportSize({ width: 960, height: 1020 });
  await page.evaluate(() => scrollTo(0, 0));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: `${FOLDER}/password.png` });
});

test('security info', async ({ page, demo, watch }) => {
  const portal = new Portal(page, demo, watch, quietly);
  await portal.open('/sign-in?to=security-info');
  await portal.type('user_id', 'adele@contoso.com');
  await portal.type('password', 'Sunny-Harbour-7');
  await page.setViewportSize({ width: 960, height: 1080 });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: `${FOLDER}/security-info.png`, caret: 'hide' });
});

test('changing a password', async ({ page, demo, watch }) => {
  const portal = new Portal(page, demo, watch, quietly);
  await portal.open('/sign-in?to=change-password');
  await portal.type('user_id', 'adele@contoso.com');
  await portal.type('password', 'Sunny-Harbour-7');
  await portal.field('current_password').fill('Sunny-Harbour-7');
  await portal.field('new_password').fill('Correct horse 42');
  await expect(page.locator('.rule.met').first()).toBeVisible();
  await page.setViewportSize({ width: 960, height: 1080 });
  await page.evaluate(() => scrollTo(0, 0));
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: `${FOLDER}/change-password.png`, caret: 'hide' });
});

test.describe('on a phone, in the dark', () => {
  test.use({ viewport: { width: 320, height: 640 }, colorScheme: 'dark' });

  test('three steps side by side', async ({ page, demo, watch, browser }) => {
    const shots: string[] = [];
    const portal = new Portal(page, demo, watch, quietly);
    const shoot = async () => {
      await page.evaluate(() => scrollTo(0, 0));
      shots.push((await page.screenshot({ caret: 'hide' })).toString('base64'));
    };
    await portal.start('adele@contoso.com');
    await page.locator('input[name=method]').first().check();
    await shoot();
    await portal.press();
    await portal.field('code').fill('4821 7730');
    await shoot();
    await portal.type('code', await demo.code('mail', 'adele@home.example'));
    await portal.byPhone('sms', '+31 6 12345601');
    await portal.newPassword('Correct horse 42 battery');
    await shoot();
    const sheet = await browser.newPage({ viewport: { width: 1056, height: 688 } });
    const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join('');
    await sheet.setContent(`<style>body{margin:0;padding:24px;display:flex;gap:24px;background:#0b0d12}img{width:320px;border-radius:16px;outline:1px solid #343944}</style>${images}`);
    await expect(sheet.locator('img')).toHaveCount(3);
    await sheet.screenshot({ path: `${FOLDER}/phone.png` });
    await sheet.close();
  });
});
