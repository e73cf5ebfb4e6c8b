// What an administrator sets is what people meet, at once.

import { GOOD } from './support/portal';
import { expect, test } from './support/test';

test('where self-service is turned off, it says so: SSPR_0009', async ({ portal, page, demo }) => {
  await demo.operator('policy', 'set', 'fabrikam.com', 'reset.scope=none');
  await portal.start('bo@fabrikam.com');
  await expect(portal.heading).toHaveText("You can't reset this password here");
  await expect(page.locator('.lead').first()).toHaveText('Password reset is turned off for your organisation.');
  await expect(page.locator('dd').first()).toHaveText('SSPR_0009');
});

test('a second gate that is asked for meanwhile is asked of whoever is on the way', async ({ portal, page, demo }) => {
  await demo.operator('policy', 'set', 'contoso.com', 'reset.gates_required=1');
  await portal.start('adele@contoso.com');
  await portal.byEmail('adele@home.example');
  await expect(page).toHaveURL(/\/reset\/password$/);
  await demo.operator('policy', 'set', 'contoso.com', 'reset.gates_required=2');
  await portal.newPassword(GOOD);
  await expect(portal.heading).not.toHaveText('Your password is reset');
  expect((await demo.outbox()).filter((m) => m.subject.includes('was reset'))).toEqual([]);
});
