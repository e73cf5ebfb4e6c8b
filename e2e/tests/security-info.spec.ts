// The registration portal: everything that a person registers, changes and removes.

import { readFile } from 'node:fs/promises';
import { type Portal } from './support/portal';
import { scan } from './support/qr';
import { expect, test } from './support/test';
import { totp } from './support/totp';

/** The password of everybody in the demo. */
const PASSWORD = 'Sunny-Harbour-7';

async function signIn(portal: Portal, user: string): Promise<void> {
  await portal.open('/sign-in?to=security-info');
  await portal.type('user_id', user);
  await portal.type('password', PASSWORD);
  await expect(portal.page).toHaveURL(/\/security-info/);
}

/** Follows a link of the page. */
async function follow(portal: Portal, name: string): Promise<void> {
  await portal.leads(() => portal.page.getByRole('link', { name, exact: true }).click());
}

/** The secret of the app that is being set up, as it is typed off. */
async function secret(portal: Portal): Promise<string> {
  return (await portal.page.locator('.typed-secret .to').innerText()).replace(/\s/g, '');
}

test('from nothing to registered: an address and a number, proven by codes', async ({ portal, page, demo }) => {
  await signIn(portal, 'joni@contoso.com');
  await expect(page.locator('.count')).toHaveText(/0.* of .*2.* done/);
  await expect(page.getByRole('button', { name: 'Not now' })).toBeVisible();
  await follow(portal, 'Add an address');
  await portal.type('email', 'joni@contoso.com');
  await expect(portal.alert).toContainText('You would need your password');
  await portal.type('email', 'joni@home.example');
  await portal.type('code', await demo.code('mail', 'joni@home.example'));
  await expect(page.locator('.count')).toHaveText(/1.* of .*2.* done/);
  await follow(portal, 'Add a number');
  await page.getByLabel('As a call that reads it aloud').check();
  await portal.type('phone', '+31 6 12345699');
  await portal.type('code', await demo.code('call', '+31612345699'));
  await expect(portal.notice).toContainText("You're all set");
  await expect(page.getByRole('button', { name: 'Not now' })).toHaveCount(0);
  const told = await demo.message((m) => m.to === 'joni@home.example' && m.text.includes('phone number'));
  expect(told.text).toContain('/not-me#');
});

test('an authenticator app, by the secret on the page', async ({ portal, page }) => {
  await signIn(portal, 'joni@contoso.com');
  await follow(portal, 'Add an app');
  await portal.type('name', 'My phone');
  await expect(page.locator('.qr svg')).toBeVisible();
  const key = await secret(portal);
  await portal.type('code', totp(key, Date.now() - 600_000));
  await expect(portal.alert).toContainText('4');
  await portal.type('code', totp(key));
  await expect(page.locator('.on-file-list')).toContainText('My phone');
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`an authenticator app, by the QR code that its camera sees, in ${colorScheme} colours`, async ({ portal, page }) => {
    await page.emulateMedia({ colorScheme });
    await signIn(portal, 'joni@contoso.com');
    await follow(portal, 'Add an app');
    await portal.type('name', 'My phone');
    const uri = new URL(await scan(page.locator('.qr svg')));
    expect(uri.protocol + uri.host).toBe('otpauth:totp');
    expect(decodeURIComponent(uri.pathname)).toContain('joni@contoso.com');
    expect(uri.searchParams.get('issuer')).toBe('Contoso');
    await portal.type('code', totp(uri.searchParams.get('secret')!));
    await expect(page.locator('.on-file-list')).toContainText('My phone');
  });
}

test('a passkey, made by the device', async ({ portal, page, context }) => {
  const cdp = await context.newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await signIn(portal, 'joni@contoso.com');
  await follow(portal, 'Add a passkey');
  await portal.type('name', 'This laptop');
  await portal.press();
  await expect(page.locator('.on-file-list')).toContainText('This laptop');
});

test('recovery codes are shown once and can be downloaded', async ({ portal, page }) => {
  await signIn(portal, 'joni@contoso.com');
  await follow(portal, 'Make recovery codes');
  await portal.press();
  const codes = await page.locator('.sheet li').allInnerTexts();
  expect(codes).toHaveLength(10);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as a text file' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('recovery-codes.txt');
  const text = await readFile(await file.path(), 'utf8');
  for (const code of codes) expect(text).toContain(code.trim());
  await follow(portal, 'I have kept them');
  await expect(page.locator('#recovery')).toBeVisible();
  await expect(page.locator('body')).not.toContainText(codes[0]!.trim());
});

test('security questions: what is wrong is said at its place, and answers are not kept', async ({ portal, page }) => {
  await signIn(portal, 'joni@contoso.com');
  await follow(portal, 'Choose questions');
  await page.locator('#answer_1').fill('Pat Coleman');
  await page.locator('#answer_2').fill('pat coleman');
  await portal.press();
  await expect(portal.alert).toContainText('another question has the same answer');
  await expect(page.locator('#answer_1')).toHaveValue('');
  for (const [n, answer] of ['Pat Coleman', 'Rose Lane', 'Blue Notes', 'Kim Akers', 'Tromso'].entries()) {
    await page.locator(`#answer_${n + 1}`).fill(answer);
  }
  await portal.press();
  await expect(page.locator('.on-file-list')).toContainText('5');
});

test('what an administrator filled in is confirmed by a code', async ({ portal, page, demo }) => {
  await signIn(portal, 'johanna@contoso.com');
  await expect(page.locator('body')).toContainText('Entered by your organisation');
  await portal.leads(() => page.getByRole('link', { name: /^Confirm .*j/ }).first().click());
  await expect(portal.heading).toHaveText('Is this still your address?');
  await portal.press();
  await portal.type('code', await demo.code('mail', 'johanna@home.example'));
  await expect(portal.notice).toContainText('Confirmed');
});

test('whoever confirmed half a year ago is asked whether it is still right', async ({ portal, page }) => {
  await signIn(portal, 'miriam@contoso.com');
  await follow(portal, 'Check what is here');
  await expect(portal.heading).toHaveText('Is this still right?');
  await portal.press();
  await expect(portal.notice).toContainText('Confirmed');
});

test('removing is asked once, and twice where nothing would be left', async ({ portal, page }) => {
  await signIn(portal, 'miriam@contoso.com');
  await portal.press(page.getByRole('button', { name: /^Remove/ }).first());
  await expect(portal.heading).toHaveText('Remove this?');
  await portal.press();
  await expect(portal.heading).toContainText('without this');
  await portal.press();
  await expect(portal.notice).toContainText('Removed');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('an address and an app are registered, and a passkey says what it needs', async ({ portal, page, demo }) => {
    await signIn(portal, 'joni@contoso.com');
    await follow(portal, 'Add an address');
    await portal.type('email', 'joni@home.example');
    await portal.type('code', await demo.code('mail', 'joni@home.example'));
    await follow(portal, 'Add an app');
    await portal.type('name', 'My phone');
    await portal.type('code', totp(await secret(portal)));
    await expect(portal.notice).toContainText("You're all set");
    await follow(portal, 'Add a passkey');
    await portal.type('name', 'This laptop');
    await expect(page.locator('noscript p')).toContainText('A passkey needs JavaScript');
  });
});

test.describe('at 320 pixels, by keyboard alone', () => {
  test.use({ viewport: { width: 320, height: 640 } });
  test('an address is registered', async ({ portal, page, demo }) => {
    await signIn(portal, 'joni@contoso.com');
    await page.getByRole('link', { name: 'Add an address' }).focus();
    await portal.leads(() => page.keyboard.press('Enter'));
    await portal.field('email').focus();
    await page.keyboard.type('joni@home.example');
    await portal.leads(() => page.keyboard.press('Enter'));
    await portal.field('code').focus();
    await page.keyboard.type(await demo.code('mail', 'joni@home.example'));
    await portal.leads(() => page.keyboard.press('Enter'));
    await expect(portal.notice).toContainText('Added');
  });
});
