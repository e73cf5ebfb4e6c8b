// "This was not me", from the mail that tells of a reset.

import { GOOD, type Portal } from './support/portal';
import { expect, test } from './support/test';

/** Resets Bo's password and gives the link of the mail about it. */
async function link(portal: Portal): Promise<string> {
  await portal.bo();
  await portal.newPassword(GOOD);
  const mail = await portal.demo.message((m) => m.to === 'bo@home.example' && m.text.includes('/not-me#'));
  return mail.text.match(/http:\S+\/not-me#\S+/)![0];
}

test('opening the link does nothing; the button locks the account, once', async ({ portal, page, demo }) => {
  const address = await link(portal);
  expect(address.startsWith(`${demo.address}/not-me#`)).toBe(true);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await portal.open(address);
  // The secret is never sent in an address, and does not stay in the bar or in the history.
  expect(await page.evaluate(() => location.hash)).toBe('');
  expect(asked.filter((url) => url.includes(address.split('#')[1]!))).toEqual([]);
  await expect(portal.field('token')).toHaveValue(address.split('#')[1]!);
  const before = await demo.outbox();
  await portal.press();
  await expect(portal.heading).toHaveText('Lock this account?');
  await expect(page.locator('dd').first()).toHaveText('bo@fabrikam.com');
  expect(await demo.outbox()).toEqual(before);
  await portal.press(page.getByRole('button', { name: 'This was not me: lock the account' }));
  await expect(portal.heading).toHaveText('The account is locked');
  await demo.message((m) => m.subject === 'Fabrikam: your account is locked');

  // A page that is open already takes the code as well.
  await portal.open('/not-me');
  await page.goto(address);
  await expect(portal.field('token')).toHaveValue(address.split('#')[1]!);
  expect(await page.evaluate(() => location.hash)).toBe('');
  await portal.press();
  await expect(portal.alert).toContainText("This code isn't right, was used, or its time is over.");
  // Self-service is frozen.
  await portal.start('bo@fabrikam.com');
  await expect(page).toHaveURL(/\/reset\/end$/);
});

test('the administrators are told', async ({ portal, page, demo }) => {
  await portal.adele();
  await portal.newPassword(GOOD);
  const mail = await demo.message((m) => m.to === 'adele@home.example' && m.text.includes('/not-me#'));
  await portal.open(mail.text.match(/http:\S+\/not-me#\S+/)![0]);
  await portal.press();
  await portal.press();
  for (const to of ['admin@contoso.com', 'lee@contoso.com']) {
    await demo.message((m) => m.to === to && m.subject === 'Contoso: adele@contoso.com did not reset their password');
  }
});

test('a code that is none is refused', async ({ portal }) => {
  await portal.open('/not-me');
  await portal.press();
  await expect(portal.alert).toBeVisible();
  await portal.type('token', 'no such code');
  await expect(portal.alert).toContainText("This code isn't right");
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('the code from the mail is typed', async ({ portal, page, demo }) => {
    await portal.open('/reset');
    await portal.field('user_id').fill('bo@fabrikam.com');
    await portal.typedSlowly();
    await portal.byEmail('bo@home.example');
    await portal.newPassword(GOOD);
    const mail = await demo.message((m) => m.to === 'bo@home.example' && m.text.includes('/not-me#'));
    const code = mail.text.match(/\/not-me#(\S+)/)![1]!;
    // The code stands in the mail by itself, too.
    expect(mail.text.split(code)).toHaveLength(3);
    await portal.open('/not-me');
    await portal.type('token', ` ${code} `);
    await expect(portal.heading).toHaveText('Lock this account?');
    await portal.press(page.getByRole('button', { name: 'This was not me: lock the account' }));
    await expect(portal.heading).toHaveText('The account is locked');
  });
});
