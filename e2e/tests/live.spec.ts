// What scripts add to pages that work without them.

import { GOOD } from './support/portal';
import { expect, test } from './support/test';
import { words } from './support/words';

test('rules tick off while typing, in words as well', async ({ portal, page }) => {
  await portal.bo();
  const rule = (name: string) => page.locator(`[data-rule=${name}]`);
  await expect(page.locator('.rule.met, .rule.unmet')).toHaveCount(0);
  const field = page.getByLabel('New password', { exact: true });
  await field.pressSequentially('abcdefg');
  await expect(rule('min-length')).toHaveText(words('At least 8 characters not met yet'));
  await expect(rule('classes')).toHaveClass(/unmet/);
  await field.pressSequentially('H');
  await expect(rule('min-length')).toHaveText(words('At least 8 characters met'));
  await expect(rule('classes')).toHaveClass(/unmet/);
  await field.pressSequentially('9');
  await expect(rule('classes')).toHaveClass(/(^| )met/);
  // Said aloud once typing pauses: only what changed.
  await expect(page.locator('.rules [aria-live=polite]')).toHaveText(words('At least 3 of these 4: small letter, capital letter, digit, symbol: met'));
  await portal.check();
  await field.fill('');
  await expect(rule('min-length')).toHaveText(words('At least 8 characters'));
  // Letters of every language count as the rules say: code points after composition.
  await field.fill('e\u0301E\u03019\u{1F600}');
  await expect(rule('classes')).toHaveClass(/(^| )met/);
  await expect(rule('min-length')).toHaveClass(/unmet/);
});

test('whether both passwords are the same is said while typing', async ({ portal, page }) => {
  await portal.bo();
  const says = page.locator('#matches');
  await expect(says).toHaveText('');
  await portal.field('new_password').fill(GOOD);
  await expect(says).toHaveText('');
  await portal.field('confirm_password').pressSequentially('Cor');
  await expect(says).toHaveText('They are not the same yet.');
  await portal.field('confirm_password').fill(GOOD);
  await expect(says).toHaveText('Both are the same.');
  await expect(portal.field('confirm_password')).toHaveAccessibleDescription('Both are the same.');
});

test('show and hide', async ({ portal, page }) => {
  await portal.bo();
  const field = portal.field('new_password');
  await field.fill(GOOD);
  await expect(field).toHaveAttribute('type', 'password');
  await page.getByRole('button', { name: 'Show: New password' }).click();
  await expect(field).toHaveAttribute('type', 'text');
  await expect(portal.field('confirm_password')).toHaveAttribute('type', 'password');
  await portal.check();
  await page.getByRole('button', { name: 'Hide: New password' }).click();
  await expect(field).toHaveAttribute('type', 'password');
  // Shown or not, it is sent as a password, so that no browser remembers it as text.
  await page.getByRole('button', { name: 'Show: New password' }).click();
  const types = page.evaluate(() => new Promise((done) => document.querySelector('form')!.addEventListener('submit', (event) => {
    event.preventDefault();
    done((document.getElementById('new_password') as HTMLInputElement).type);
  })));
  await portal.next.click();
  expect(await types).toBe('password');
});

test('"try again" and "contact your administrator" appear ten seconds after the code was asked for', async ({ portal, page }) => {
  await page.clock.install();
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const later = page.locator('.later');
  await expect(later).toBeHidden();
  await page.clock.fastForward(1_000);
  await expect(later).toBeHidden();
  await page.clock.fastForward(10_000);
  await expect(later).toBeVisible();
  await expect(later.getByRole('button', { name: 'Try again: send a new code' })).toBeVisible();
  await expect(later.getByRole('link', { name: 'Contact your administrator' })).toBeVisible();
  await portal.check();
});

test('the human check is done before the form is sent, and needs nobody', async ({ portal, page }) => {
  await portal.open('/reset');
  const nonce = page.locator('[name=nonce]');
  await expect(nonce).toHaveValue(/^\d+$/);
  await portal.field('user_id').fill('bo@fabrikam.com');
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  await portal.press();
  expect(new URLSearchParams((await sent).postData()!).get('nonce')).toMatch(/^\d+$/);
  await expect(page).toHaveURL(/\/reset\/verify$/);
});

test('whoever is faster than the check is told to wait, and the form goes by itself once it is done', async ({ portal, page }) => {
  // A check that is done when the test says so.
  await page.addInitScript(() => {
    const Real = Worker;
    (window as unknown as { Worker: unknown }).Worker = class {
      onmessage: ((event: MessageEvent) => void) | null = null;
      private real: Worker;
      constructor(script: string) {
        this.real = new Real(script);
        this.real.onmessage = (event) => {
          (window as unknown as { finish: () => void }).finish = () => this.onmessage?.(event);
        };
      }
      postMessage(data: unknown) { this.real.postMessage(data); }
      terminate() { this.real.terminate(); }
    };
  });
  await portal.open('/reset');
  await portal.field('user_id').fill('bo@fabrikam.com');
  await portal.next.click();
  await expect(page.locator('[role=status]')).toHaveText('One moment: your browser is doing a short check.');
  await expect(portal.next).toHaveAttribute('aria-disabled', 'true');
  await portal.check();
  await page.waitForFunction(() => 'finish' in window);
  await portal.leads(() => page.evaluate(() => (window as unknown as { finish: () => void }).finish()));
  await expect(page).toHaveURL(/\/reset\/verify$/);
});

test('where workers are not allowed, the check is done on the page', async ({ portal, page }) => {
  await page.addInitScript(() => { (window as unknown as { Worker: unknown }).Worker = undefined; });
  await portal.start('bo@fabrikam.com');
  await expect(page).toHaveURL(/\/reset\/verify$/);
});

test('a code is pasted with its spaces, and nothing is sent until the person says so', async ({ portal, page, demo, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await portal.start('bo@fabrikam.com');
  await portal.choose('email');
  const code = await demo.code('mail', 'bo@home.example');
  const posts: string[] = [];
  page.on('request', (request) => { if (request.method() === 'POST') posts.push(request.url()); });
  await page.evaluate((text) => navigator.clipboard.writeText(text), `  ${code.slice(0, 3)} ${code.slice(3, 6)} ${code.slice(6)}\n`);
  const field = portal.field('code');
  await field.focus();
  await page.keyboard.press('Control+V');
  await expect(field).toHaveValue(new RegExp(code.slice(0, 3)));
  await field.blur();
  await portal.check();
  expect(posts).toEqual([]);
  await expect(page).toHaveURL(/\/reset\/code$/);
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/password$/);
  expect(posts).toHaveLength(1);
});

test('a password is pasted', async ({ portal, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await portal.bo();
  await page.evaluate((text) => navigator.clipboard.writeText(text), GOOD);
  for (const name of ['new_password', 'confirm_password']) {
    await portal.field(name).focus();
    await page.keyboard.press('Control+V');
    await expect(portal.field(name)).toHaveValue(GOOD);
  }
  await portal.press();
  await expect(portal.heading).toHaveText('Your password is reset');
});

test('a double click sends a form once', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  const posts: string[] = [];
  page.on('request', (request) => { if (request.method() === 'POST') posts.push(request.url()); });
  await page.locator('input[name=method]').check();
  await portal.leads(() => portal.next.dblclick());
  await demo.code('mail', 'bo@home.example');
  expect(posts).toHaveLength(1);
  expect((await demo.outbox()).filter((m) => m.channel === 'mail')).toHaveLength(1);
});

test('moments are shown in the time zone and language of the reader', async ({ portal, page }) => {
  await portal.start('bo@fabrikam.com', '/reset?mkt=sv');
  await portal.byEmail('bo@home.example');
  await portal.newPassword(GOOD);
  await portal.open('/demo/outbox?mkt=sv');
  const time = page.locator('time').first();
  const moment = new Date((await time.getAttribute('datetime'))!);
  const there = new Intl.DateTimeFormat('sv', { dateStyle: 'long', timeStyle: 'short', timeZone: 'Europe/Amsterdam' });
  await expect(time).toHaveText(there.format(moment));
});

test('a script that is not ours cannot run', async ({ page, watch }) => {
  watch.expected = /Content Security Policy/;
  const said = page.waitForEvent('console', (message) => message.text().includes('Content Security Policy'));
  await page.goto('/reset');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
  });
  await said;
  expect(await page.evaluate(() => 'ran' in window)).toBe(false);
});
