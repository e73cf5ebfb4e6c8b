// One walk through every page and every state of it that a person can get to.

import { type Portal, GOOD } from './portal';
import { wrong } from './demo';
import { secretOf, totp } from './totp';

/** Calls `look` once for every page and state, however often the walk comes by. */
export function once(look: (portal: Portal) => Promise<void>): (portal: Portal) => Promise<void> {
  const seen = new Set<string>();
  return async (portal) => {
    const words = await portal.page.locator('body').innerText();
    const state = words.replace(/[0-9a-f-]{36}|\d+/g, '#') + (await portal.page.locator('main input').count());
    if (seen.has(state)) return;
    seen.add(state);
    await look(portal);
  };
}

/** Goes everywhere in one language; `portal` looks at each page as it comes. */
export async function everyState(portal: Portal, locale: string): Promise<void> {
  const { demo, page } = portal;
  const start = `/reset?mkt=${locale}`;
  const cancel = () => portal.press(page.locator('form[action="/reset/cancel"] button'));

  // Before anything happened.
  await portal.open(`/demo?mkt=${locale}`);
  await portal.open('/demo/outbox');
  await portal.open(start);
  await portal.press();
  await portal.open(`/reset?whr=contoso.com&mkt=${locale}`);
  await portal.open('/reset/help');
  await portal.open('/reset/code');

  // Two gates, with everything that can go wrong on the way.
  await portal.start('adele@contoso.com', start);
  await portal.press();
  await portal.choose('email');
  await portal.press();
  const code = await demo.code('mail', 'adele@home.example');
  await portal.type('code', wrong(code));
  await portal.open('/reset/help');
  await portal.open('/reset/code');
  await portal.type('code', code);
  await portal.choose('mobile_call');
  await portal.type('phone', 'my number');
  await portal.type('phone', '+31 6 99999999');
  await portal.type('phone', '+31 6 12345601');
  await portal.press(page.locator('form[action="/reset/other"] button'));
  await portal.byPhone('sms', '+31 6 12345601');
  await portal.newPassword('');
  await portal.newPassword('Adele1', 'Adele1');
  await portal.newPassword(GOOD, 'something else');
  await portal.newPassword(GOOD);

  // The other ways to prove it.
  await portal.start('megan@contoso.com', start);
  await portal.byEmail('megan@home.example');
  await portal.choose('questions');
  await portal.press();
  for (const answer of await portal.page.locator('input[name^=answer_]').all()) await answer.fill('no idea');
  await portal.press();
  await cancel();
  await portal.start('alex@contoso.com', start);
  await portal.choose('authenticator_code');
  await portal.type('code', wrong(totp(await secretOf(demo, 'Alex Wilber'))));
  await portal.press(page.locator('.ways-out a'));
  await portal.press();
  await portal.start('debra@contoso.com', start);
  await portal.choose('recovery_code');
  await portal.type('code', '1234');
  await portal.type('code', '7777-7777-7777-7777-7777-7777');
  await portal.press(page.locator('form[action="/reset/other"] button'));
  await cancel();
  // Somebody who seems to have a passkey: before one is registered, only names that nobody has do.
  for (let n = 0; (await page.locator('input[value=passkey]').count()) === 0; n++) {
    await portal.start(`somebody${n}@contoso.com`, start);
  }
  await portal.choose('passkey');
  await portal.leads(() =>
    page.evaluate(() => {
      const form = document.querySelector<HTMLFormElement>('form[data-passkey]')!;
      (form.elements.namedItem('credential') as HTMLInputElement).value = '{}';
      form.requestSubmit();
    }),
  );
  await cancel();
  await portal.start('irvin@contoso.com', start);
  await portal.choose('office_call');

  // Who cannot.
  for (const user of ['joni@contoso.com', 'diego@contoso.com', 'henrietta@contoso.com', 'evan@woodgrove.com', 'nobody@fabrikam.com']) {
    await portal.start(user, start);
  }

  // Too many tries: at one way, and at all of them.
  await portal.start('daan@contoso.com', start);
  await portal.choose('email');
  const daan = await demo.code('mail', 'daan@home.example');
  for (let left = 4; left >= 0; left--) await portal.type('code', wrong(daan));
  for (let attempt = 0; attempt < 6; attempt++) await portal.start('cleo@fabrikam.com', start);

  // It was somebody else.
  await portal.open('/not-me');
  await portal.type('token', 'no code');
  const mail = await demo.message((m) => m.to === 'adele@home.example' && m.text.includes('/not-me#'));
  await portal.type('token', mail.text.match(/\/not-me#(\S+)/)![1]!);
  await portal.press();

  portal.watch.expected = /status of 404/;
  await portal.open('/nothing-here');
  portal.watch.expected = null;
  await portal.open('/demo/outbox');
}
