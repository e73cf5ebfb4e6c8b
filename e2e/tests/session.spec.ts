// One session, one browser: going back, two tabs, and what is gone.

import { GOOD, Portal } from './support/portal';
import { expect, test } from './support/test';

test('without a session every step leads to the beginning', async ({ portal, page }) => {
  for (const step of ['verify', 'number', 'code', 'questions', 'password', 'end']) {
    await page.goto(`/reset/${step}`);
    await expect(page).toHaveURL(/\/reset\?e=gone$/);
  }
  await portal.check();
  await expect(portal.notice).toContainText('There was no reset under way in this browser');
});

test('a session whose cookie is gone goes nowhere, and a forged one is removed', async ({ portal, page, context, demo }) => {
  await portal.bo();
  await context.clearCookies();
  await portal.newPassword(GOOD);
  await expect(page).toHaveURL(/\/reset\?e=gone$/);
  await context.addCookies([{ name: 'latchkey-reset', value: 'f'.repeat(64), url: demo.address }]);
  await portal.open('/reset/password');
  await expect(page).toHaveURL(/\/reset\?e=gone$/);
  expect((await context.cookies()).map((cookie) => cookie.name)).not.toContain('latchkey-reset');
  expect((await demo.outbox()).filter((m) => m.subject.includes('was reset'))).toEqual([]);
});

test('cookies are for this site and out of the reach of scripts', async ({ portal, page, context }) => {
  await portal.start('bo@fabrikam.com');
  const cookies = await context.cookies();
  expect(cookies.length).toBeGreaterThanOrEqual(2);
  for (const cookie of cookies) expect.soft(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/', expires: -1 });
  expect(await page.evaluate(() => document.cookie)).toBe('');
});

test('no step can be skipped by its address', async ({ portal, page }) => {
  await portal.start('bo@fabrikam.com');
  for (const step of ['password', 'end', 'code', 'questions', 'number']) {
    await page.goto(`/reset/${step}`);
    await expect(page).toHaveURL(/\/reset\/verify$/);
  }
});

test('the back button shows the step of now, and its form works', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const code = await demo.code('mail', 'bo@home.example');
  await portal.leads(() => page.goBack());
  await expect(page).toHaveURL(/\/reset\/code$/);
  await portal.type('code', code);
  await expect(page).toHaveURL(/\/reset\/password$/);
  await portal.leads(() => page.goBack());
  await expect(page).toHaveURL(/\/reset\/password$/);
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText('Your password is reset');
  await portal.leads(() => page.goBack());
  await expect(page).toHaveURL(/\/reset\/end$/);
});

test('two tabs: only one can set the password, and the other lands on the end', async ({ portal, page, context, demo, watch }) => {
  await portal.bo();
  const other = new Portal(await context.newPage(), demo, watch);
  await other.open('/reset/password');
  await other.newPassword('short');
  await expect(other.alert).toBeVisible();
  await other.newPassword(GOOD);
  await expect(other.heading).toHaveText('Your password is reset');
  await portal.newPassword('Another horse 43 battery');
  await expect(page).toHaveURL(/\/reset\/end\?n=late$/);
  await expect(portal.heading).toHaveText('Your password is reset');
  await expect(portal.notice).toContainText('The password that was set first is the one that works.');
  expect((await demo.outbox()).filter((m) => m.to === 'bo@home.example' && m.subject.includes('was reset'))).toHaveLength(1);
});

test('two tabs: a choice that was made elsewhere is not made again', async ({ portal, page, context, demo, watch }) => {
  await portal.start('adele@contoso.com');
  const other = new Portal(await context.newPage(), demo, watch);
  await other.open('/reset/verify');
  await other.choose('email');
  await expect(other.page).toHaveURL(/\/reset\/code$/);
  await portal.choose('sms');
  await expect(portal.notice).toHaveText('That page was out of date, and nothing was done. Here is where you are now.');
  await expect(portal.heading).toHaveText('What is the code in the e-mail?');
  await portal.type('code', await demo.code('mail', 'adele@home.example'));
  await expect(page).toHaveURL(/\/reset\/verify$/);
});
