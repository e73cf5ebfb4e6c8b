// Passwords in a directory of the organisation: a real Active Directory domain (Samba) on this machine,
// with the real agent beside it.

import { Demo } from './support/demo';
import { type Portal, GOOD } from './support/portal';
import { test as base, expect } from './support/test';
import { words } from './support/words';

/** The password of everybody in the directory, at first. */
const PASSWORD = 'Sunny-Harbour-7';

const isRoot = process.getuid?.() === 0;

const test = base.extend({
  demo: async ({}, use, info) => {
    // Samba's ports are root's alone.
    base.skip(!isRoot && !process.env.CI, 'needs root');
    info.setTimeout(180_000);
    const demo = await Demo.start('--with-directory');
    await demo.agentRuns('Proseware');
    await use(demo);
    await demo.stop();
    if (info.status !== info.expectedStatus) {
      await info.attach('log', { body: demo.log.join('\n'), contentType: 'text/plain' });
    }
    // What a directory refuses is an event of the agent at that level.
    expect(demo.log.filter((line) => line.includes('ERROR') && !line.includes('latchkey_agent::events')), 'the log has no error').toEqual([]);
  },
});

async function reset(portal: Portal, name: string): Promise<void> {
  await portal.start(`${name}@corp.example`);
  await portal.byEmail(`${name}@home.example`);
}

async function signIn(portal: Portal, name: string, password: string): Promise<void> {
  await portal.open('/sign-in?to=change-password');
  await portal.field('user_id').fill(`${name}@corp.example`);
  await portal.press();
  await portal.field('password').fill(password);
  await portal.press();
}

test('a password in a directory is reset there, and its own rules are shown and applied', async ({ portal, page, demo }) => {
  await reset(portal, 'lidia');
  await expect(page).toHaveURL(/\/reset\/what$/);
  await expect(portal.heading).toHaveText('What do you want to do?');
  await expect(page.locator('.lead')).toHaveText(/isn't locked/);
  // Nothing chosen is said, and nothing happens.
  await portal.press();
  await expect(portal.alert).toHaveText(/Choose what you want to do/);
  await page.locator('input[name=deed][value=reset]').check();
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/password$/);
  await expect(page.locator('.lead')).toHaveText(/last word/);
  // The directory's policy, not the tenant's.
  await expect(page.locator('[data-rule=min-length]')).toContainText(words('At least 10 characters'));
  await portal.newPassword('Xk7-pq!z');
  await expect(portal.alert).toHaveText(/too short/);
  await portal.newPassword(GOOD);
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(portal.heading).toHaveText('Your password is reset');
  await expect(page.locator('.lead').first()).toHaveText(/in your organisation's directory/);
  const told = await demo.message((message) => message.to === 'lidia@home.example' && /was reset/.test(message.subject));
  expect(told.html).not.toContain(GOOD);

  await signIn(portal, 'lidia', PASSWORD);
  await expect(portal.alert).toHaveText(/isn't right/);
  await portal.field('password').fill(GOOD);
  await portal.press();
  await expect(page).toHaveURL(/\/change-password$/);
  await expect(page.locator('[data-rule=min-length]')).toContainText(words('At least 10 characters'));
  // The directory compares the present password, and remembers older ones.
  const change = async (current: string, next: string) => {
    await portal.field('current_password').fill(current);
    await portal.field('new_password').fill(next);
    await portal.field('confirm_password').fill(next);
    await portal.press();
  };
  await change('not-the-Password-1', 'Another horse 43 battery');
  await expect(portal.alert).toBeVisible();
  await change(GOOD, 'Another horse 43 battery');
  await expect(portal.heading).toHaveText('Your password is changed');
});

test('a locked account is unlocked, and its password kept', async ({ portal, page, demo }) => {
  await signIn(portal, 'nestor', PASSWORD);
  await expect(portal.alert).toHaveText(/locked in your organisation's directory/);
  await reset(portal, 'nestor');
  await expect(page.locator('.lead')).toHaveText(/is locked/);
  await page.locator('input[name=deed][value=unlock]').check();
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(portal.heading).toHaveText('Your account is unlocked');
  await demo.message((message) => message.to === 'nestor@home.example' && /unlocked/.test(message.subject));
  await signIn(portal, 'nestor', PASSWORD);
  await expect(page).toHaveURL(/\/change-password$/);
});

test('a protected account is refused by the agent, with its own words', async ({ portal, page }) => {
  await reset(portal, 'enrico');
  await page.locator('input[name=deed][value=reset]').check();
  await portal.press();
  await portal.newPassword(GOOD);
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(page.locator('.lead').first()).toHaveText(/account is protected/);
  await expect(page.locator('.details')).toHaveText(/SSPR_0029/);
});
