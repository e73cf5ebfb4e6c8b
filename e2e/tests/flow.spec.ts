// The main job: a forgotten password is reset, from the first page to the last.

import { type Page } from '@playwright/test';
import { GOOD, type Portal } from './support/portal';
import { expect, test } from './support/test';
import { words } from './support/words';

const DONE = {
  en: 'Your password is reset',
  sv: 'Ditt lösenord är återställt',
  nl: 'Je wachtwoord is opnieuw ingesteld',
};

test('with one gate', async ({ portal, page, demo }) => {
  await portal.start('bo@fabrikam.com');
  await expect(page).toHaveURL(/\/reset\/verify$/);
  await expect(portal.heading).toHaveText("How do you want to prove it's you?");
  await expect(page.locator('.progress')).toHaveText(words("Step 2 of 3: prove it's you"));
  await portal.byEmail('bo@home.example');
  await expect(page.locator('.progress')).toHaveText(words('Step 3 of 3: a new password'));
  await page.getByLabel('New password', { exact: true }).fill(GOOD);
  await page.getByLabel('Confirm new password', { exact: true }).fill(GOOD);
  await portal.press();
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(portal.heading).toHaveText(DONE.en);
  await expect(page.locator('.told li')).toHaveText(['b•••@f•••.com', 'b•••@h•••.example']);
  const told = await demo.message((m) => m.to === 'bo@home.example' && m.subject.includes('was reset'));
  expect(told.text).toContain('bo@fabrikam.com');
  await demo.message((m) => m.to === 'bo@fabrikam.com' && m.subject.includes('was reset'));
});

test('with two gates, each of another kind', async ({ portal, page }) => {
  await portal.start('adele@contoso.com');
  await expect(page.locator('input[name=method]')).toHaveCount(3);
  await portal.byEmail('adele@home.example');
  await expect(page).toHaveURL(/\/reset\/verify$/);
  await expect(page.locator('.lead')).toHaveText('The first proof was right. Choose one more, of another kind.');
  const left = page.locator('input[name=method]');
  expect(await left.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value))).toEqual(['sms', 'mobile_call']);
  await portal.byPhone('sms', '+31 6 12345601');
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText(DONE.en);
});

test('an administrator passes two gates, and the other administrators are told', async ({ portal, demo }) => {
  await portal.start('admin@contoso.com');
  await portal.byEmail('nestor@home.example');
  await portal.byPhone('mobile_call', '+31 6 12345603');
  await portal.newPassword(GOOD);
  await expect(portal.heading).toHaveText(DONE.en);
  await demo.message((m) => m.to === 'lee@contoso.com' && m.subject.includes("administrator's password was reset"));
});

test('a tenant is shown at once where the address names it', async ({ portal, page }) => {
  await portal.open('/reset?whr=contoso.com');
  await expect(page.locator('.wordmark')).toHaveText('Contoso');
  await expect(page).toHaveTitle('Reset your password – Contoso');
  await portal.open('/reset?whr=nobody.example');
  await expect(page.locator('.wordmark')).toHaveText('Latchkey');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('one gate and two gates', async ({ portal, page, demo }) => {
    await portal.open('/reset');
    await portal.field('user_id').fill('bo@fabrikam.com');
    await portal.typedSlowly();
    await portal.byEmail('bo@home.example');
    await portal.newPassword(GOOD);
    await expect(portal.heading).toHaveText(DONE.en);

    await portal.open('/reset');
    await portal.field('user_id').fill('adele@contoso.com');
    await portal.typedSlowly();
    await portal.byEmail('adele@home.example');
    await portal.choose('sms');
    // Nothing that only a script can do is shown; what a script would show later is there.
    await portal.type('phone', '+31 6 12345601');
    await expect(page.getByRole('button', { name: 'Try again: send a new code' })).toBeVisible();
    await portal.type('code', await demo.code('text', '+31612345601'));
    await expect(page.locator('button.show:visible')).toHaveCount(0);
    await portal.newPassword('short');
    await expect(page.locator('.rule.unmet').first()).toHaveText(words('At least 8 characters not met yet'));
    await portal.newPassword(GOOD);
    await expect(portal.heading).toHaveText(DONE.en);
  });

  test('a form that was sent faster than a person types says so, and keeps what was typed and its time', async ({ portal, page, demo }) => {
    await portal.open('/reset');
    await portal.field('user_id').fill('bo@fabrikam.com');
    // With the time of a page that was asked for only now: looking at one can take longer than two
    // seconds.
    let timed = '';
    await page.route('**/reset', async (route) => {
      const fresh = await (await page.request.get(`${demo.address}/reset`)).text();
      timed = fresh.match(/name="timed" value="([^"]+)"/)![1]!;
      const form = new URLSearchParams(route.request().postData()!);
      form.set('timed', timed);
      await route.continue({ postData: form.toString() });
    }, { times: 1 });
    await portal.press();
    await expect(portal.alert).toContainText('faster than a person types');
    await expect(portal.field('user_id')).toHaveValue('bo@fabrikam.com');
    await expect(page.locator('[name=timed]')).toHaveAttribute('value', timed);
    await portal.typedSlowly();
    await expect(page).toHaveURL(/\/reset\/verify$/);
  });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });

  test('the flow fits 320 by 640 pixels, and everything to touch is 44 pixels high', async ({ portal, page }) => {
    const targets = async () => {
      const low = await page.locator('a:visible, button:visible, input:visible:not([readonly]):not([type=radio]), label.choice').evaluateAll((all) =>
        all
          .filter((one) => !one.classList.contains('skip') && !one.closest('.alert'))
          .map((one) => ({ what: one.outerHTML.slice(0, 60), height: one.getBoundingClientRect().height }))
          .filter(({ height }) => height < 44),
      );
      expect.soft(low).toEqual([]);
    };
    await portal.open('/reset');
    await targets();
    await portal.start('adele@contoso.com');
    await targets();
    await portal.byEmail('adele@home.example');
    await portal.choose('sms');
    await targets();
    await portal.press(page.locator('form[action="/reset/other"] button'));
    await portal.byPhone('sms', '+31 6 12345601');
    await targets();
    await portal.newPassword(GOOD);
    await targets();
    await expect(portal.heading).toHaveText(DONE.en);
  });
});

test.describe('by keyboard alone', () => {
  /** Where the focus is, in words; it has to be seen. */
  async function focused(page: Page): Promise<string> {
    const found = await page.evaluate(() => {
      const active = document.activeElement as HTMLElement;
      // A choice shows the focus of its button around the whole row.
      const shown = active.closest<HTMLElement>('.choice') ?? active;
      const style = getComputedStyle(shown);
      const box = shown.getBoundingClientRect();
      return {
        what: active.getAttribute('name') ?? active.textContent!.trim(),
        seen: style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2 && style.outlineColor !== 'rgba(0, 0, 0, 0)',
        inside: box.top >= 0 && box.bottom <= innerHeight && box.width > 0,
      };
    });
    expect.soft(found, 'the focus is seen').toMatchObject({ seen: true, inside: true });
    return found.what;
  }

  /** Every stop of the Tab key, from the top of the page on. */
  async function stops(portal: Portal, count: number): Promise<string[]> {
    const order: string[] = [];
    for (let stop = 0; stop < count; stop++) {
      await portal.page.keyboard.press('Tab');
      order.push(await focused(portal.page));
    }
    return order;
  }

  test('Tab, Space and Enter reset a password, in the order of the page, with the focus seen', async ({ portal, page, demo }) => {
    const keys = page.keyboard;
    await portal.open('/reset');
    expect(await stops(portal, 3)).toEqual(['Skip to the content', 'user_id', 'Next']);
    expect(await stops(portal, 3)).toEqual(['Contact your administrator', 'Svenska', 'Nederlands']);
    for (let back = 0; back < 4; back++) await keys.press('Shift+Tab');
    expect(await focused(page)).toBe('user_id');
    // Wrong first: the summary takes the focus, and its link leads to the field.
    await portal.leads(() => keys.press('Enter'));
    await expect(portal.alert).toBeFocused();
    await keys.press('Tab');
    await keys.press('Enter');
    await expect(portal.field('user_id')).toBeFocused();
    await keys.type('bo@fabrikam.com');
    await portal.leads(() => keys.press('Enter'));

    await keys.press('Tab');
    // The first stop skips what every page has.
    await keys.press('Enter');
    await expect(page.locator('main')).toBeFocused();
    await keys.press('Tab');
    expect(await focused(page)).toBe('method');
    await keys.press('Space');
    await expect(page.locator('input[name=method]').first()).toBeChecked();
    expect(await stops(portal, 1)).toEqual(['Next']);
    await portal.leads(() => keys.press('Space'));

    expect(await stops(portal, 3)).toEqual(['Skip to the content', 'code', 'Next']);
    await keys.press('Shift+Tab');
    await keys.type(await demo.code('mail', 'bo@home.example'));
    await portal.leads(() => keys.press('Enter'));

    expect(await stops(portal, 6)).toEqual(['Skip to the content', 'new_password', 'Show', 'confirm_password', 'Show', 'Set the new password']);
    for (let back = 0; back < 4; back++) await keys.press('Shift+Tab');
    await keys.type(GOOD);
    await keys.press('Tab');
    await keys.press('Space');
    await expect(portal.field('new_password')).toHaveAttribute('type', 'text');
    await keys.press('Tab');
    await keys.type(GOOD);
    await portal.leads(() => keys.press('Enter'));
    await expect(portal.heading).toHaveText(DONE.en);
  });

  test('arrows move between the ways to prove it', async ({ portal, page }) => {
    await portal.start('adele@contoso.com');
    await page.locator('input[name=method]').first().focus();
    await page.keyboard.press('ArrowDown');
    await expect(page.locator('input[value=sms]')).toBeChecked();
    await expect(page.locator('input[value=sms]')).toBeFocused();
    await portal.leads(() => page.keyboard.press('Enter'));
    await expect(page).toHaveURL(/\/reset\/number$/);
  });
});

for (const [locale, user, mailbox, number] of [
  ['sv', 'astrid@contoso.com', 'astrid@home.example', '+46 70 174 06 05'],
  ['nl', 'daan@contoso.com', 'daan@home.example', '+31 6 12345602'],
] as const) {
  test(`in ${locale}, pages and messages`, async ({ portal, page, demo }) => {
    await portal.start(user, `/reset?mkt=${locale}`);
    await expect(page.locator('html')).toHaveAttribute('lang', locale);
    await portal.byEmail(mailbox);
    await portal.byPhone('sms', number);
    await portal.newPassword(GOOD);
    await expect(page.locator('html')).toHaveAttribute('lang', locale);
    await expect(portal.heading).toHaveText(DONE[locale]);
    const mail = await demo.message((m) => m.to === mailbox && m.text.includes('/not-me#'));
    expect(mail.html).toContain(`lang="${locale}"`);
    expect(mail.subject).not.toContain('your password was reset');
  });
}

test.describe('a browser that asks for Swedish', () => {
  test.use({ locale: 'sv-SE' });
  test('gets Swedish, and can choose another language on any page', async ({ portal, page }) => {
    await portal.start('bo@fabrikam.com');
    await expect(page.locator('html')).toHaveAttribute('lang', 'sv');
    await portal.press(page.getByRole('link', { name: 'Nederlands' }));
    await expect(page).toHaveURL(/\/reset\/verify\?mkt=nl$/);
    await portal.byEmail('bo@home.example');
    await expect(page.locator('html')).toHaveAttribute('lang', 'nl');
  });
});

test('in the right-to-left pseudo-language, mirrored', async ({ portal, page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await portal.start('adele@contoso.com', '/reset?mkt=ar-XB');
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  const box = async (selector: string) => (await page.locator(selector).first().boundingBox())!;
  const monogram = await box('.monogram');
  const wordmark = await box('.wordmark');
  expect(monogram.x).toBeGreaterThan(wordmark.x + wordmark.width - 1);
  const radio = await box('.choice input');
  const words = await box('.choice-name');
  expect(radio.x).toBeGreaterThan(words.x + words.width - 1);
  await portal.byEmail('adele@home.example');
  await portal.choose('sms');
  // Numbers stay left to right and in one line.
  const number = page.locator('.on-file .to');
  await expect(number).toHaveAttribute('dir', 'ltr');
  expect((await number.boundingBox())!.height).toBeLessThan(32);
  await portal.type('phone', '+31 6 12345601');
  await portal.type('code', await portal.demo.code('text', '+31612345601'));
  const field = await box('#new_password');
  const show = await box('.show');
  expect(show.x + show.width).toBeLessThanOrEqual(field.x);
  await portal.newPassword(GOOD);
  await expect(page).toHaveURL(/\/reset\/end$/);
});
