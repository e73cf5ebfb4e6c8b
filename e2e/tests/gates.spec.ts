// Every way to prove who one is: what it asks, what it sends, and what it refuses.

import { GOOD, type Portal } from './support/portal';
import { expect, test } from './support/test';
import { oldTotp, secretOf, totp } from './support/totp';

async function done(portal: Portal): Promise<void> {
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText('Your password is reset');
}

test('email: eight digits to the private mailbox, with or without spaces', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  await expect(portal.heading).toHaveText('What is the code in the e-mail?');
  const code = await demo.code('mail', 'bo@home.example');
  expect(code).toMatch(/^\d{8}$/);
  const field = page.getByLabel('Code', { exact: true });
  await expect(field).toHaveAttribute('autocomplete', 'one-time-code');
  await expect(field).toHaveAttribute('inputmode', 'numeric');
  await portal.type('code', ` ${code.slice(0, 4)} ${code.slice(4)} `);
  await done(portal);
});

test('text: the whole number is typed, then six digits come with the address in the last line', async ({ portal, page, demo }) => {
  await portal.start('cleo@fabrikam.com');
  await portal.choose('sms');
  await expect(page.locator('.on-file .to')).toHaveText(/^\+[\u2022 ]+06$/);
  expect((await demo.outbox()).length, 'nothing is sent before the number is right').toBe(0);
  await portal.type('phone', '+46 70 174 06 07');
  await expect(portal.alert).toContainText("isn't the number we know");
  await expect(portal.field('phone')).toHaveValue('+46 70 174 06 07');
  expect((await demo.outbox()).length).toBe(0);
  await portal.type('phone', '+46 70-174 06 06');
  const text = await demo.message((m) => m.channel === 'text');
  expect(text.to).toBe('+46701740606');
  const code = await demo.code('text', '+46701740606');
  expect(code).toMatch(/^\d{6}$/);
  expect(text.text.trim().split('\n').pop()).toBe(`@localhost #${code}`);
  await portal.type('code', code);
  await done(portal);
});

test('mobile call: a voice reads the code', async ({ portal, demo }) => {
  await portal.start('adele@contoso.com');
  await portal.byEmail('adele@home.example');
  await portal.choose('mobile_call');
  await expect(portal.next).toHaveText('Call me');
  await portal.type('phone', '+31612345601');
  await expect(portal.heading).toHaveText('What code did the call read to you?');
  await portal.type('code', await demo.code('call', '+31612345601'));
  await done(portal);
});

test('office call: to the number at work', async ({ portal }) => {
  await portal.start('irvin@contoso.com');
  await portal.byEmail('irvin@home.example');
  await portal.choose('office_call');
  await expect(portal.heading).toHaveText('What is your office number?');
  await portal.open('/reset/number');
  await portal.press(portal.page.locator('form[action="/reset/other"] button'));
  await portal.byPhone('office_call', '+31 20 1234567');
  await done(portal);
});

test('authenticator code: the app shows it, and it counts once', async ({ portal, page, demo }) => {
  const secret = await secretOf(demo, 'Alex Wilber');
  await portal.start('alex@contoso.com');
  await portal.choose('authenticator_code');
  await expect(page.getByRole('button', { name: /Try again/ })).toHaveCount(0);
  // A moment ago is near enough, ten minutes ago is not.
  await portal.type('code', oldTotp(secret));
  await expect(portal.alert).toContainText("That code isn't right. You have");
  const code = totp(secret);
  await portal.type('code', code);
  await expect(page).toHaveURL(/\/reset\/verify$/);
  await portal.byEmail('alex@home.example');
  await done(portal);
  await portal.start('alex@contoso.com');
  await portal.choose('authenticator_code');
  await portal.type('code', code);
  await expect(portal.alert).toContainText("That code isn't right.");
});

test('security questions: only after another proof, all right in one go, drawn again after a wrong try', async ({ portal, page }) => {
  const answers: [RegExp, string][] = [
    [/first manager/, 'PAT   coleman'],
    [/street/, 'rose lane'],
    [/concert/, 'Blue Notes'],
  ];
  const answer = async (text: (right: string) => string) => {
    for (const [question, right] of answers) await page.getByLabel(question).fill(text(right));
    await portal.press();
  };
  await portal.start('megan@contoso.com');
  await expect(page.locator('input[name=method]')).toHaveCount(1);
  await portal.byEmail('megan@home.example');
  await portal.choose('questions');
  await portal.press();
  await expect(portal.alert).toContainText('Answer every question.');
  await answer((right) => (right === 'rose lane' ? 'another street' : right));
  await expect(portal.alert).toContainText('Not all answers are right. Here are other questions.');
  await expect(page.getByLabel(/street/)).toHaveValue('');
  await answer((right) => right);
  await done(portal);
});

test('a new code makes the old one void', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const old = await demo.code('mail', 'bo@home.example');
  const again = page.getByRole('button', { name: 'Try again: send a new code' });
  await expect(again).toBeHidden();
  await expect(again).toBeVisible({ timeout: 30_000 });
  await portal.press(again);
  await expect(portal.notice).toHaveText('A new code is on its way. The old one no longer works.');
  const code = await demo.code('mail', 'bo@home.example', old);
  await portal.type('code', old);
  await expect(portal.alert).toContainText("That code isn't right.");
  await portal.type('code', code);
  await expect(page).toHaveURL(/\/reset\/password$/);
});

test('a code of another session opens nothing', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const other = await demo.code('mail', 'bo@home.example');
  await page.context().clearCookies();
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const mine = await demo.code('mail', 'bo@home.example', other);
  await portal.type('code', other);
  await expect(portal.alert).toContainText("That code isn't right.");
  await portal.type('code', mine);
  await expect(page).toHaveURL(/\/reset\/password$/);
});
