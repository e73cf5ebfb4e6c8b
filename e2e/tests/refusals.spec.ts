// What is said when something does not work, and what is not said.

import { wrong } from './support/demo';
import { GOOD } from './support/portal';
import { expect, test } from './support/test';
import { words } from './support/words';

const REFERENCE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

test('a wrong code and an empty one say what to do, take the focus, and keep nothing', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  await portal.press();
  await expect(portal.alert).toBeFocused();
  await expect(portal.alert.getByRole('link')).toHaveText(words('Type the 8 digits of the code.'));
  await expect(page).toHaveTitle(/^Error/);
  await portal.type('code', wrong(await demo.code('mail', 'bo@home.example')));
  const said = words("That code isn't right. You have 4 more tries. Codes come from Fabrikam and are valid for 10 minutes.");
  await expect(portal.alert.getByRole('link')).toHaveText(said);
  const field = page.getByLabel('Code', { exact: true });
  await expect(field).toHaveValue('');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(/You have .*4.* more tries/);
  await portal.alert.getByRole('link').click();
  await expect(field).toBeFocused();
});

test('every empty or unreadable field says what it wants', async ({ portal, page }) => {
  await portal.open('/reset');
  await portal.press();
  await expect(portal.alert).toContainText('Type your user ID, like ada@contoso.com.');
  await portal.type('user_id', 'not an address');
  await expect(portal.alert).toContainText('Type your user ID');
  await expect(portal.field('user_id')).toHaveValue('not an address');
  await portal.type('user_id', 'adele@contoso.com');
  await portal.press();
  await expect(portal.alert).toContainText('Choose one of the ways below.');
  await portal.byEmail('adele@home.example');
  await portal.choose('sms');
  await portal.press();
  await expect(portal.alert).toContainText('Type the whole number with its country code');
  await portal.byNumber('+31 6 12345601', 'text');
  await portal.press();
  await expect(portal.alert).toContainText('Type the new password in both fields.');
});

for (const [user, password, reasons] of [
  ['bo@fabrikam.com', 'abc', ['Use at least 8 characters. This one has 3.', 'Mix at least 3 of small letters, capital letters, digits and symbols. This one has 1.']],
  ['adele@contoso.com', 'Adele-Vance-contoso-9', ['Leave out your first name.', 'Leave out your last name.', 'Leave out your user ID.', "Leave out your organisation's name."]],
  ['bo@fabrikam.com', 'Password123', ['This one is easy to guess.']],
  ['bo@fabrikam.com', `aA1${'x'.repeat(254)}`, ['Use at most 256 characters. This one has 257.']],
] as const) {
  test(`a refused password names every reason: ${password.slice(0, 22)}`, async ({ portal, page }) => {
    await (user === 'bo@fabrikam.com' ? portal.bo() : portal.adele());
    await portal.newPassword(password);
    const plain = (text: string) => text.replace(/[\u2066-\u2069]/g, '');
    const said = (await portal.alert.getByRole('listitem').allInnerTexts()).map(plain);
    for (const reason of reasons) expect.soft(said.some((item) => item.startsWith(reason)), `${reason} in ${said}`).toBe(true);
    expect(said.length).toBeGreaterThanOrEqual(reasons.length);
    await expect(page.locator('.rule.unmet').first()).toContainText('not met yet');
    await expect(portal.field('new_password')).toHaveValue('');
    await expect(portal.field('confirm_password')).toHaveValue('');
    await portal.newPassword(GOOD);
    await expect(portal.heading).toHaveText('Your password is reset');
  });
}

test('two passwords that differ are not set', async ({ portal }) => {
  await portal.bo();
  await portal.newPassword(GOOD, `${GOOD}!`);
  await expect(portal.alert).toContainText('The two passwords are not the same. Type both again.');
  await expect(portal.field('confirm_password')).toHaveAttribute('aria-invalid', 'true');
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText('Your password is reset');
});

test('the fifth wrong code blocks this way for a day, tells the owner, and the right code no longer helps', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const code = await demo.code('mail', 'bo@home.example');
  for (const left of ['4 more tries', '3 more tries', '2 more tries', '1 more try']) {
    await portal.type('code', wrong(code));
    await expect(portal.alert.getByRole('link')).toHaveText(words(`That code isn't right. You have ${left}. Codes come from Fabrikam and are valid for 10 minutes.`));
  }
  await portal.type('code', wrong(code));
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(portal.heading).toHaveText('Too many tries');
  const until = Date.parse((await page.locator('time').getAttribute('datetime'))!);
  expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(120_000);
  await demo.message((m) => m.subject.includes('blocked for a while'));
  await portal.start('bo@fabrikam.com');
  await expect(page).toHaveURL(/\/reset\/end$/);
});

test('the sixth attempt within an hour is blocked', async ({ portal, page }) => {
  for (let attempt = 0; attempt < 5; attempt++) {
    await portal.start('cleo@fabrikam.com');
    await expect(page).toHaveURL(/\/reset\/verify$/);
  }
  await portal.start('cleo@fabrikam.com');
  await expect(portal.heading).toHaveText('Too many tries');
  await expect(page.locator('.lead').first()).toHaveText('To protect the account, resetting its password is stopped for a while.');
});

for (const [user, code, why] of [
  ['henrietta@contoso.com', 'SSPR_0010', "kept in your organisation's own directory"],
  ['evan@woodgrove.com', 'SSPR_0013', 'not turned on for your account'],
  ['joni@contoso.com', 'SSPR_0014', 'too few ways on file'],
  ['lee@contoso.com', 'SSPR_0014', 'too few ways on file'],
  ['pradeep@contoso.com', 'SSPR_0014', 'too few ways on file'],
  ['patti@contoso.com', 'SSPR_0014', 'too few ways on file'],
  ['grady@contoso.com', 'SSPR_0014', 'too few ways on file'],
  ['diego@contoso.com', 'SSPR_0031', 'This account is turned off'],
] as const) {
  test(`${user} cannot reset: ${code}, with a support reference`, async ({ portal, page, demo }) => {
    await portal.start(user);
    await expect(page).toHaveURL(/\/reset\/end$/);
    await expect(portal.heading).toHaveText("You can't reset this password here");
    await expect(page.locator('.lead').first()).toContainText(why);
    await expect(page.locator('dd')).toHaveText([code, REFERENCE]);
    expect((await demo.outbox()).filter((m) => m.text.includes('code to reset'))).toEqual([]);
  });
}

test('a tenant that says so tells that a user ID is unknown', async ({ portal, page }) => {
  await portal.start('nobody@fabrikam.com');
  await expect(portal.heading).toHaveText("We don't know this user ID");
  await expect(page.locator('dd')).toHaveText(REFERENCE);
  await portal.press(page.getByRole('link', { name: 'Try another user ID' }));
  await expect(page).toHaveURL(/\/reset$/);
});

for (const user of ['nobody@contoso.com', 'nobody@nowhere.example', 'gil@northwind.com']) {
  test(`${user} is asked to prove it like anybody, the same each time, and no code opens`, async ({ portal, page, demo }) => {
    const ways = async () => {
      await portal.start(user);
      await expect(page).toHaveURL(/\/reset\/verify$/);
      return page.locator('.choice').allInnerTexts();
    };
    const first = await ways();
    expect(await ways()).toEqual(first);
    await page.locator('input[name=method]').first().check();
    await portal.press();
    if (page.url().endsWith('/reset/code')) {
      // What a decoy has on file is a matter of chance: codes by mail have eight digits, others six.
      const hasMail = (await portal.heading.innerText()).includes('e-mail');
      await portal.type('code', hasMail ? '12345678' : '123456');
      await expect(portal.alert).toContainText("That code isn't right. You have");
    }
    expect((await demo.outbox()).filter((m) => m.text.includes('code to reset'))).toEqual([]);
  });
}

test('in strict, the owner alone learns by mail what is missing', async ({ portal, page, demo }) => {
  await portal.start('gil@northwind.com');
  await expect(page).toHaveURL(/\/reset\/verify$/);
  const mail = await demo.message((m) => m.to === 'gil@northwind.com');
  expect(mail.subject).toBe("Northwind: why you can't reset your password");
});

test('cancel ends it on every step, and nothing has changed', async ({ portal, page, demo }) => {
  const cancel = () => portal.press(page.getByRole('button', { name: 'Cancel' }));
  await portal.start('adele@contoso.com');
  await cancel();
  await expect(portal.heading).toHaveText('You canceled');
  await portal.adele();
  await cancel();
  await expect(portal.heading).toHaveText('You canceled');
  await portal.open('/reset/password');
  await expect(page).toHaveURL(/\/reset\/end$/);
  expect((await demo.outbox()).filter((m) => m.subject.includes('was reset'))).toEqual([]);
  await portal.press(page.getByRole('link', { name: 'Start again' }));
  await expect(page).toHaveURL(/\/reset$/);
});

test('help reaches the administrators, with the user and the reference, once', async ({ portal, page, demo }) => {
  await portal.start('adele@contoso.com');
  await portal.press(page.getByRole('link', { name: 'Contact your administrator' }));
  expect((await demo.outbox()).length, 'opening the page tells nobody').toBe(0);
  await portal.press(page.getByRole('button', { name: 'Send them an e-mail' }));
  await expect(portal.heading).toHaveText('Your administrators have been asked');
  const reference = (await page.locator('dd').innerText()).trim();
  // Contoso has User Administrators, who are asked before a Global one.
  const mail = await demo.message((m) => m.subject.includes('needs help') && m.to === 'lee@contoso.com');
  const asked = (await demo.outbox()).filter((m) => m.subject.includes('needs help')).map((m) => m.to);
  expect(asked.sort()).toEqual(['lee@contoso.com', 'mona@contoso.com']);
  expect(mail.text).toContain('adele@contoso.com');
  expect(mail.text).toContain(reference);
});

test('an unknown address, a wrong method and another website get a page that helps', async ({ portal, page, demo, watch }) => {
  watch.expected = /status of 404/;
  await portal.open('/reset/nothing');
  await expect(portal.heading).toHaveText('There is nothing here');
  await expect(page.locator('dd')).toHaveText(REFERENCE);
  watch.expected = /status of 405/;
  await portal.open('/reset/cancel');
  await expect(page.getByRole('link', { name: 'Start again' })).toBeVisible();
  const forged = await fetch(`${demo.address}/reset/cancel`, { method: 'POST', headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } });
  expect(forged.status).toBe(403);
});
