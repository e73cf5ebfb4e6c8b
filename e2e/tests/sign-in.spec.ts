// Signing in, being signed in, signing out.

import { type CDPSession, type Page } from '@playwright/test';
import { type Portal } from './support/portal';
import { test, expect } from './support/test';
import { secretOf, totp } from './support/totp';

/** The password of everybody in the demo. */
const PASSWORD = 'Sunny-Harbour-7';

async function start(portal: Portal, userId: string, path = '/sign-in'): Promise<void> {
  await portal.open(path);
  await portal.field('user_id').fill(userId);
  await portal.press();
}

async function signIn(portal: Portal, userId: string, path = '/sign-in'): Promise<void> {
  await start(portal, userId, path);
  await portal.field('password').fill(PASSWORD);
  await portal.press();
}

const button = (portal: Portal, action: string) => portal.page.locator(`form[action="${action}"] button`);

/** A device with a fingerprint reader that always says yes. */
async function device(page: Page): Promise<{ cdp: CDPSession; id: string }> {
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
  return { cdp, id: authenticatorId };
}

test('the first page leads everywhere', async ({ portal, page }) => {
  await portal.open('/');
  await expect(portal.heading).toHaveText('What do you want to do?');
  for (const [name, path] of [
    ['Reset a forgotten password', '/reset'],
    ['Register security info', '/sign-in?to=security-info'],
    ['Change your password', '/sign-in?to=change-password'],
    ['Sign in', '/sign-in'],
  ] as const) {
    await portal.open('/');
    await portal.leads(() => page.locator('.way').filter({ hasText: name }).click());
    expect(page.url()).toBe(portal.demo.address + path);
  }
});

test('a password signs in, is shown on request, and leads to my account and out again', async ({ portal, page }) => {
  await start(portal, 'adele@contoso.com');
  await expect(page).toHaveURL(/\/sign-in\/password$/);
  await expect(page.locator('#username')).toHaveValue('adele@contoso.com');
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('autocomplete', 'current-password');
  await portal.field('password').fill('wrong');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(portal.field('password')).toHaveAttribute('type', 'text');
  await portal.press();
  await expect(portal.alert).toBeFocused();
  await expect(portal.alert).toContainText("The user ID or the password isn't right.");
  await expect(portal.field('password')).toHaveValue('');
  await portal.field('password').fill(PASSWORD);
  await portal.press();
  await expect(page).toHaveURL(/\/account$/);
  await expect(portal.heading).toHaveText('My account');
  await expect(page.getByText('adele@contoso.com').first()).toBeVisible();
  await expect(page.locator('ol.lines li').first()).toContainText('Signed in');
  await portal.press(button(portal, '/sign-out'));
  await expect(portal.heading).toHaveText('You are signed out');
  await portal.open('/account');
  await expect(page).toHaveURL(/\/sign-in$/);
});

test('a name that nobody has meets the same pages', async ({ portal, page }) => {
  await start(portal, 'nobody@contoso.com');
  await expect(page).toHaveURL(/\/sign-in\/password$/);
  await portal.field('password').fill(PASSWORD);
  await portal.press();
  await expect(portal.alert).toContainText("The user ID or the password isn't right.");
});

test('an account that is locked takes no password, until it is reset', async ({ portal, page, demo }) => {
  await signIn(portal, 'rashid@contoso.com');
  await expect(portal.alert).toContainText('too many failed tries');
  await portal.press(button(portal, '/sign-in/forgot'));
  await expect(page).toHaveURL(/\/reset$/);
  await expect(portal.field('user_id')).toHaveValue('rashid@contoso.com');
  await portal.press();
  await portal.byEmail('rashid@home.example');
  await portal.byPhone('sms', '+31 6 12345610');
  await portal.newPassword('Quiet-Meadow-42');
  await start(portal, 'rashid@contoso.com');
  await portal.field('password').fill('Quiet-Meadow-42');
  await portal.press();
  await expect(page).toHaveURL(/\/account$/);
  expect(demo.log).toEqual([]);
});

test('ten wrong passwords lock an account, and its owner is told once', async ({ portal, demo }) => {
  await start(portal, 'bo@fabrikam.com');
  for (let n = 0; n < 10; n++) {
    await portal.field('password').fill(`wrong ${n}`);
    await portal.press();
  }
  await expect(portal.alert).toContainText('too many failed tries');
  await portal.field('password').fill(PASSWORD);
  await portal.press();
  await expect(portal.alert).toContainText('too many failed tries');
  await demo.message((m) => m.to === 'bo@home.example' && m.subject.includes('locked for a while'));
  const told = (await demo.outbox()).filter((m) => m.to === 'bo@home.example');
  expect(told).toHaveLength(1);
});

test('an administrator also types a code of the app', async ({ portal, page, demo }) => {
  await signIn(portal, 'mona@contoso.com');
  await expect(page).toHaveURL(/\/sign-in\/second$/);
  await portal.field('code').fill('000000');
  await portal.press();
  await expect(portal.alert).toContainText(/You have .?4.? more tries/);
  await portal.open('/account');
  await expect(page).toHaveURL(/\/sign-in$/);
  await portal.open('/sign-in/second');
  await portal.field('code').fill(totp(await secretOf(demo, 'Mona Kane')));
  await portal.press();
  await expect(page).toHaveURL(/\/account$/);
});

test('a passkey that was registered here signs in without a name, and again', async ({ portal, page }) => {
  await device(page);
  await signIn(portal, 'adele@contoso.com', '/sign-in?to=security-info');
  await portal.leads(() => page.getByRole('link', { name: 'Add a passkey', exact: true }).click());
  await portal.type('name', 'This laptop');
  await portal.press();
  await expect(page.getByText('This laptop').first()).toBeVisible();
  for (const from of ['the first page', 'the page for the password']) {
    await portal.press(button(portal, '/sign-out'));
    await expect(portal.heading, from).toHaveText('You are signed out');
    if (from === 'the first page') await portal.open('/sign-in');
    else await start(portal, 'adele@contoso.com');
    await portal.press(button(portal, '/sign-in/passkey'));
    await portal.press();
    await expect(page, from).toHaveURL(/\/account$/);
    await expect(page.locator('.lines').first()).toContainText('Passkeys');
  }
});

test('a passkey that was never registered here signs nobody in, and a browser says so', async ({ portal, page }) => {
  const { cdp, id } = await device(page);
  await portal.open('/sign-in');
  await portal.press(button(portal, '/sign-in/passkey'));
  await expect(page).toHaveURL(/\/sign-in\/passkey$/);
  // The device has none: it says no, and the page stays.
  await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: true });
  await portal.next.click();
  await expect(page.locator('form[data-passkey] .status')).toContainText("That didn't work.");
  await portal.check();
  const key = await page.evaluate(async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']);
    const bytes = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
    return btoa(String.fromCharCode(...bytes));
  });
  await cdp.send('WebAuthn.addCredential', {
    authenticatorId: id,
    credential: {
      credentialId: Buffer.from('a credential of nobody').toString('base64'),
      isResidentCredential: true,
      rpId: 'localhost',
      privateKey: key,
      userHandle: Buffer.alloc(16, 7).toString('base64'),
      signCount: 0,
    },
  });
  await portal.press();
  await expect(portal.alert).toContainText('That passkey was not accepted.');
  await expect(page).toHaveURL(/\/sign-in\/passkey\/answer$/);
  await portal.press(button(portal, '/sign-in/cancel').first());
  await expect(page).toHaveURL(/\/sign-in$/);
});

test('one sees where one is signed in, and ends it', async ({ portal, page, browser, demo }) => {
  const elsewhere = await browser.newContext({ baseURL: demo.address });
  const other = await elsewhere.newPage();
  await other.goto('/sign-in');
  await other.locator('#user_id').fill('adele@contoso.com');
  await other.locator('button.primary').click();
  await other.locator('#password').fill(PASSWORD);
  await other.locator('button.primary').click();
  await expect(other).toHaveURL(/\/account$/);

  await signIn(portal, 'adele@contoso.com');
  await portal.leads(() => page.getByRole('link', { name: 'See your devices' }).click());
  await expect(page.locator('.devices > li')).toHaveCount(2);
  await expect(page.locator('.devices > li').first()).toContainText('this one');
  await portal.press(page.locator('.devices form button'));
  await expect(portal.notice).toContainText('Nobody is signed in there any more.');
  await expect(page.locator('.devices > li')).toHaveCount(1);
  await other.goto('/account');
  await expect(other).toHaveURL(/\/sign-in$/);
  await elsewhere.close();
});

test('by keyboard alone', async ({ portal, page }) => {
  await portal.open('/sign-in');
  await portal.field('user_id').focus();
  await page.keyboard.type('adele@contoso.com');
  await portal.leads(() => page.keyboard.press('Enter'));
  await portal.field('password').focus();
  await page.keyboard.type(PASSWORD);
  await portal.leads(() => page.keyboard.press('Enter'));
  await expect(page).toHaveURL(/\/account$/);
  const reached = new Set<string>();
  for (let n = 0; n < 30; n++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement?.getAttribute('href') ?? document.activeElement?.closest('form')?.getAttribute('action') ?? ''));
  }
  for (const place of ['/security-info', '/change-password', '/account/devices', '/sign-out']) expect(reached).toContain(place);
});

test.describe('on a small screen', () => {
  test.use({ viewport: { width: 320, height: 640 } });
  test('every page fits', async ({ portal, demo }) => {
    await portal.open('/');
    await signIn(portal, 'mona@contoso.com');
    await portal.field('code').fill(totp(await secretOf(demo, 'Mona Kane')));
    await portal.press();
    await portal.open('/account/devices');
    await portal.open('/sign-out');
    await portal.press(portal.next);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('a password signs in and out', async ({ portal, page }) => {
    await signIn(portal, 'adele@contoso.com');
    await expect(page).toHaveURL(/\/account$/);
    await portal.open('/account/devices');
    await portal.press(button(portal, '/sign-out'));
    await expect(portal.heading).toHaveText('You are signed out');
  });
  test('a passkey says what it needs', async ({ portal, page }) => {
    await portal.open('/sign-in');
    await portal.press(button(portal, '/sign-in/passkey'));
    await expect(page.locator('noscript p')).toContainText('A passkey needs JavaScript');
    await expect(page.locator('noscript p')).toBeVisible();
    await expect(page.locator('form[data-passkey] button')).toBeHidden();
    await portal.press(button(portal, '/sign-in/cancel').first());
    await expect(page).toHaveURL(/\/sign-in$/);
  });
});

for (const locale of ['sv', 'nl', 'ar-XB']) {
  test(`every page in ${locale}`, async ({ portal, demo }) => {
    await portal.open(`/?mkt=${locale}`);
    await signIn(portal, 'mona@contoso.com');
    await portal.field('code').fill(totp(await secretOf(demo, 'Mona Kane')));
    await portal.press();
    await portal.open('/account/devices');
    await portal.open('/sign-out');
  });
}
