// Passkeys and recovery codes: registered by their owner, and then the way back in.

import { type Page } from '@playwright/test';
import { GOOD, type Portal } from './support/portal';
import { expect, test } from './support/test';

/** The password of everybody in the demo. */
const PASSWORD = 'Sunny-Harbour-7';
const button = (portal: Portal, action: string) => portal.page.locator(`form[action="${action}"] button`);

/** A device with a fingerprint reader that always says yes. */
async function device(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

async function follow(portal: Portal, name: string): Promise<void> {
  await portal.leads(() => portal.page.getByRole('link', { name }).first().click());
}

/** Joni registers a passkey and recovery codes, and forgets the password. */
async function register(portal: Portal): Promise<string[]> {
  await portal.open('/sign-in?to=security-info');
  await portal.type('user_id', 'joni@contoso.com');
  await portal.type('password', PASSWORD);
  await follow(portal, 'Add a passkey');
  await portal.type('name', 'This laptop');
  await portal.press();
  await expect(portal.page.locator('.on-file-list')).toContainText('This laptop');
  await follow(portal, 'Make recovery codes');
  await portal.press();
  const codes = await portal.page.locator('.sheet li').allInnerTexts();
  await portal.page.context().clearCookies();
  return codes.map((code) => code.trim());
}

test('a passkey and a recovery code lead to a new password', async ({ portal, page, demo }) => {
  await device(page);
  const codes = await register(portal);
  await portal.start('joni@contoso.com');
  await expect(page.locator('input[name=method]').first()).toHaveValue('passkey');
  await expect(page.locator('.lead')).toContainText('If your passkey is on this device');
  await portal.choose('passkey');
  await expect(portal.heading).toHaveText('Use your passkey');
  // One press: the device answers, and the page goes on by itself.
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/verify$/);
  await expect(page.locator('input[value=passkey]')).toHaveCount(0);
  await portal.choose('recovery_code');
  const field = page.getByLabel('Code', { exact: true });
  await portal.type('code', codes[0]!.toLowerCase().replaceAll('-', ' '));
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText('Your password is reset');
  const told = await demo.message((m) => m.subject.includes('recovery codes was used'));
  expect(told.text).toContain('You have 9 recovery codes left.');
  expect(told.text).not.toContain(codes[0]);

  // It was used up.
  await portal.start('joni@contoso.com');
  await portal.choose('recovery_code');
  await portal.type('code', codes[0]!);
  await expect(portal.alert).toContainText(/You have .?4.? more tries/);
  await expect(field).toHaveValue('');
});

test('a passkey of somebody else opens nothing, and the next press asks anew', async ({ portal, page }) => {
  const { cdp, authenticatorId } = await device(page);
  await register(portal);
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
  const mine = credentials[0]!;
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
  const key = await page.evaluate(async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const bytes = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
    return btoa(String.fromCharCode(...bytes));
  });
  const foreign = {
    credentialId: Buffer.from('a credential of nobody').toString('base64'),
    isResidentCredential: true,
    rpId: 'localhost',
    privateKey: key,
    userHandle: Buffer.alloc(16, 7).toString('base64'),
    signCount: 0,
  };
  await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: foreign });
  await portal.start('joni@contoso.com');
  await portal.choose('passkey');
  await portal.press();
  await expect(portal.alert).toContainText(/You have .?4.? more tries/);
  await expect(page).toHaveURL(/\/reset\/passkey$/);
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
  await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: mine });
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/verify$/);
});

test('a device that says no leaves everything as it was', async ({ portal, page }) => {
  const { cdp, authenticatorId } = await device(page);
  await register(portal);
  await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
  await portal.start('joni@contoso.com');
  await portal.choose('passkey');
  await portal.next.click();
  await expect(page.locator('form[data-passkey] .status')).toContainText("That didn't work. Nothing was changed.");
  await portal.check();
  await portal.press(button(portal, '/reset/other'));
  await expect(page).toHaveURL(/\/reset\/verify$/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('a recovery code works', async ({ portal }) => {
    await portal.open('/reset');
    await portal.field('user_id').fill('debra@contoso.com');
    await portal.typedSlowly();
    await portal.choose('recovery_code');
    await portal.type('code', '0a1b2c3d4e5f6g7h8j9kmnpq');
    await portal.byEmail('debra@home.example');
    await portal.newPassword(GOOD);
    await expect(portal.heading).toHaveText('Your password is reset');
  });
});

test('without JavaScript the page says what a passkey needs', async ({ portal, page, browser, demo }) => {
  await device(page);
  await register(portal);
  const context = await browser.newContext({ baseURL: demo.address, javaScriptEnabled: false });
  const other = await context.newPage();
  await other.goto('/reset');
  await other.locator('#user_id').fill('joni@contoso.com');
  await expect(async () => {
    await other.locator('button.primary').click();
    await expect(other).toHaveURL(/\/reset\/verify$/, { timeout: 1 });
  }).toPass({ intervals: [500] });
  await other.locator('input[value=passkey]').check();
  await other.locator('button.primary').click();
  await expect(other.locator('noscript p')).toContainText('A passkey needs JavaScript, which is off in this browser.');
  await expect(other.locator('noscript p')).toBeVisible();
  await other.locator('form[action="/reset/other"] button').click();
  await expect(other).toHaveURL(/\/reset\/verify$/);
  await context.close();
});
