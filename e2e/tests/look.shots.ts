// Screenshots of every page and state, to look at: `npm run screenshots`, then e2e/screenshots.

import { type Page } from '@playwright/test';
import { Portal } from './support/portal';
import { everyState, once } from './support/states';
import { test } from './support/test';

const WIDTHS = [320, 768, 1280];

test.setTimeout(600_000);

function camera(folder: string, colors: readonly ('light' | 'dark')[], widths = WIDTHS) {
  let number = 0;
  return async ({ page }: { page: Page }) => {
    number += 1;
    const name = `${String(number).padStart(2, '0')}-${new URL(page.url()).pathname.slice(1).replaceAll('/', '-')}`;
    for (const colorScheme of colors) {
      await page.emulateMedia({ colorScheme, media: 'screen' });
      for (const width of widths) {
        await page.setViewportSize({ width, height: width < 400 ? 640 : 800 });
        await page.screenshot({ path: `screenshots/${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
    await page.emulateMedia({ colorScheme: 'light', media: 'print' });
    await page.screenshot({ path: `screenshots/${folder}/${name}-print.png`, fullPage: true });
    for (const colorScheme of colors) {
      await page.emulateMedia({ colorScheme, media: 'screen', forcedColors: 'active' });
      await page.screenshot({ path: `screenshots/${folder}/${name}-forced-${colorScheme}.png`, fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
  };
}

for (const locale of ['en', 'sv', 'ar-XB']) {
  test(`every page in ${locale}`, async ({ page, demo, watch }) => {
    await everyState(new Portal(page, demo, watch, once(camera(locale, ['light', 'dark']))), locale);
  });
}

/** The password of everybody in the demo. */
const PASSWORD = 'Sunny-Harbour-7';

for (const locale of ['en', 'sv']) {
  test(`an account in ${locale}`, async ({ page, demo, watch }) => {
    const look = once(camera(`account-${locale}`, ['light', 'dark']));
    const portal = new Portal(page, demo, watch, look);
    const at = (path: string): string => `${path}${path.includes('?') ? '&' : '?'}mkt=${locale}`;
    const enter = async (user: string, to = '/sign-in'): Promise<void> => {
      await portal.open(at(to));
      await portal.type('user_id', user);
      await portal.type('password', PASSWORD);
    };
    const out = async (): Promise<void> => {
      await page.context().clearCookies();
    };
    await portal.open(at('/'));
    await portal.open(at('/sign-in'));
    await portal.type('user_id', 'adele@contoso.com');
    await portal.type('password', 'wrong');
    await portal.type('password', PASSWORD);
    for (const path of ['/account', '/account/devices', '/change-password', '/security-info']) await portal.open(path);
    await portal.open('/security-info');
    const links = await page.locator('main a[href^="/security-info/"]').evaluateAll((all) =>
      all.map((a) => (a as HTMLAnchorElement).pathname + (a as HTMLAnchorElement).search));
    for (const link of new Set(links)) await portal.open(link);
    for (const user of ['joni@contoso.com', 'mona@contoso.com', 'rashid@contoso.com']) {
      await out();
      await enter(user, user.startsWith('joni') ? '/sign-in?to=security-info' : '/sign-in');
    }
    await out();
    await portal.open(at('/demo'));
  });
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('the flow', async ({ page, demo, watch }) => {
    const portal = new Portal(page, demo, watch, once(camera('no-script', ['light'], [320, 1280])));
    await portal.open('/reset');
    await portal.field('user_id').fill('adele@contoso.com');
    await portal.typedSlowly();
    await portal.byEmail('adele@home.example');
    await portal.byPhone('sms', '+31 6 12345601');
    await portal.newPassword('Adele1');
    await portal.newPassword('Correct horse 42 battery');
  });
});
