// Changing a password that is known, of one's own will or because one has to.

import { type Page } from '@playwright/test';
import { type Portal, GOOD } from './support/portal';
import { test, expect } from './support/test';
import { words } from './support/words';

/** The password of everybody in the demo. */
const PASSWORD = 'Sunny-Harbour-7';

async function signIn(portal: Portal, userId: string, path = '/sign-in?to=change-password', password = PASSWORD): Promise<void> {
  await portal.open(path);
  await portal.field('user_id').fill(userId);
  await portal.press();
  await portal.field('password').fill(password);
  await portal.press();
}

/** Fills in the form. */
async function fill(portal: Portal, current: string, next: string, confirm = next): Promise<void> {
  await portal.field('current_password').fill(current);
  await portal.field('new_password').fill(next);
  await portal.field('confirm_password').fill(confirm);
}

const rule = (page: Page, name: string) => page.locator(`[data-rule=${name}]`);

test('somebody changes their password, and the rules tick off while they type', async ({ portal, page, demo }) => {
  await signIn(portal, 'adele@contoso.com');
  await expect(page).toHaveURL(/\/change-password$/);
  await expect(portal.heading).toHaveText('Change your password');
  await expect(page.locator('#username')).toHaveValue('adele@contoso.com');
  for (const [label, autocomplete] of [
    ['Current password', 'current-password'],
    ['New password', 'new-password'],
    ['Confirm new password', 'new-password'],
  ] as const) {
    await expect(page.getByLabel(label, { exact: true })).toHaveAttribute('autocomplete', autocomplete);
  }
  await expect(page.locator('.rule.met, .rule.unmet')).toHaveCount(0);
  await portal.field('new_password').pressSequentially('abcdefg');
  await expect(rule(page, 'min-length')).toHaveText(words('At least 8 characters not met yet'));
  await expect(rule(page, 'classes')).toHaveClass(/unmet/);
  await portal.field('new_password').pressSequentially('H9');
  await expect(rule(page, 'min-length')).toHaveText(words('At least 8 characters met'));
  await expect(rule(page, 'classes')).toHaveClass(/(^| )met/);
  await portal.field('confirm_password').fill('abc');
  await expect(page.locator('#matches')).toHaveText('They are not the same yet.');
  await portal.check();
  await fill(portal, PASSWORD, GOOD);
  await expect(page.locator('#matches')).toHaveText('Both are the same.');
  await portal.press();
  await expect(portal.heading).toHaveText('Your password is changed');
  await expect(page.locator('.told li').first()).toBeVisible();
  await demo.message((m) => m.to === 'adele@home.example' && m.subject.includes('password was changed'));
  await portal.press(page.getByRole('link', { name: 'Go to my account' }));
  await expect(page).toHaveURL(/\/account$/);
  // The new one signs in, the old one does not.
  await portal.press(page.locator('form[action="/sign-out"] button'));
  await signIn(portal, 'adele@contoso.com');
  await expect(portal.alert).toContainText("The user ID or the password isn't right.");
  await portal.type('password', GOOD);
  await expect(page).toHaveURL(/\/change-password$/);
});

test('what is wrong is said where it is, and nothing is changed', async ({ portal, page }) => {
  await signIn(portal, 'adele@contoso.com');
  const refused = async (field: string, text: string) => {
    await expect(portal.alert).toBeFocused();
    await expect(portal.alert).toContainText(text);
    await expect(portal.field(field)).toHaveAttribute('aria-invalid', 'true');
    await expect(page.locator(`#${field}-error`)).toContainText(text);
    // Nothing secret is sent back.
    for (const name of ['current_password', 'new_password', 'confirm_password']) await expect(portal.field(name)).toHaveValue('');
  };
  await portal.press();
  await refused('current_password', 'Type the password that you have now.');
  await fill(portal, 'wrong', GOOD);
  await portal.press();
  await refused('current_password', "That isn't your current password. Nothing was changed.");
  await fill(portal, PASSWORD, GOOD, `${GOOD}!`);
  await portal.press();
  await expect(portal.field('confirm_password')).toHaveAttribute('aria-invalid', 'true');
  await fill(portal, PASSWORD, 'short');
  await portal.press();
  await expect(portal.field('new_password')).toHaveAttribute('aria-invalid', 'true');
  await fill(portal, PASSWORD, PASSWORD);
  await portal.press();
  await expect(portal.field('new_password')).toHaveAttribute('aria-invalid', 'true');
  await fill(portal, PASSWORD, GOOD);
  await portal.press();
  await expect(portal.heading).toHaveText('Your password is changed');
});

test('too many wrong ones lock the change, and say until when', async ({ portal }) => {
  await signIn(portal, 'bo@fabrikam.com');
  for (let n = 0; n < 10; n++) {
    await fill(portal, `wrong ${n}`, GOOD);
    await portal.press();
  }
  await expect(portal.alert).toContainText('Too many wrong passwords');
  await fill(portal, PASSWORD, GOOD);
  await portal.press();
  await expect(portal.alert).toContainText('Too many wrong passwords');
});

test('whoever has to change it does so before anything else', async ({ portal, page }) => {
  await signIn(portal, 'christie@contoso.com', '/sign-in');
  await expect(page).toHaveURL(/\/change-password$/);
  await expect(page.locator('p.lead')).toHaveText('Your administrator asks you to choose a password that only you know.');
  for (const path of ['/account', '/account/devices', '/security-info']) {
    await portal.open(path);
    await expect(page, path).toHaveURL(/\/change-password$/);
  }
  await fill(portal, PASSWORD, GOOD);
  await portal.press();
  await expect(portal.heading).toHaveText('Your password is changed');
  await portal.press(page.getByRole('link', { name: 'Go to my account' }));
  await expect(page).not.toHaveURL(/\/change-password$/);
  await portal.open('/change-password');
  await expect(page.locator('p.lead')).toHaveCount(0);
});

test('a password manager finds the page', async ({ portal, page }) => {
  await portal.open('/.well-known/change-password');
  await expect(page).toHaveURL(/\/sign-in\?to=change-password$/);
});

test('by keyboard alone', async ({ portal, page }) => {
  await signIn(portal, 'adele@contoso.com');
  const typed: Record<string, string> = { current_password: PASSWORD, new_password: GOOD, confirm_password: GOOD };
  const reached: string[] = [];
  for (let n = 0; n < 40 && reached.length < 3; n++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => document.activeElement?.getAttribute('name') ?? '');
    if (name in typed) {
      reached.push(name);
      await page.keyboard.type(typed[name]!);
    }
  }
  expect(reached).toEqual(Object.keys(typed));
  await portal.leads(() => page.keyboard.press('Enter'));
  await expect(portal.heading).toHaveText('Your password is changed');
});

test.describe('on a small screen', () => {
  test.use({ viewport: { width: 320, height: 640 } });
  test('every page fits', async ({ portal }) => {
    await signIn(portal, 'christie@contoso.com');
    await fill(portal, 'wrong', 'x', 'y');
    await portal.press();
    await fill(portal, PASSWORD, GOOD);
    await portal.press();
    await expect(portal.heading).toHaveText('Your password is changed');
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('a password is changed, with the rules in words', async ({ portal, page }) => {
    await signIn(portal, 'adele@contoso.com');
    await expect(rule(page, 'min-length')).toHaveText(words('At least 8 characters'));
    await fill(portal, PASSWORD, 'short');
    await portal.press();
    await expect(rule(page, 'min-length')).toHaveClass(/unmet/);
    await fill(portal, PASSWORD, GOOD);
    await portal.press();
    await expect(portal.heading).toHaveText('Your password is changed');
  });
});

test('in Swedish, pages and mail', async ({ portal, page, demo }) => {
  await portal.open('/?mkt=sv');
  await signIn(portal, 'astrid@contoso.com');
  await expect(page.locator('html')).toHaveAttribute('lang', 'sv');
  await expect(portal.heading).toHaveText('Byt ditt lösenord');
  await fill(portal, 'fel', GOOD);
  await portal.press();
  await expect(portal.alert).toContainText('Det är inte ditt nuvarande lösenord. Inget har ändrats.');
  await fill(portal, PASSWORD, GOOD);
  await portal.press();
  await expect(portal.heading).toHaveText('Ditt lösenord är bytt');
  await demo.message((m) => m.to === 'astrid@home.example' && m.subject.includes('lösenord'));
});

for (const locale of ['nl', 'ar-XB']) {
  test(`every page in ${locale}`, async ({ portal, page }) => {
    await portal.open(`/?mkt=${locale}`);
    await signIn(portal, 'christie@contoso.com');
    await fill(portal, 'wrong', GOOD);
    await portal.press();
    await fill(portal, PASSWORD, GOOD);
    await portal.press();
    await expect(page.locator('svg.tick')).toBeVisible();
  });
}
