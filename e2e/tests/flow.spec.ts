// The main job: a forgotten password is reset, from the first page to the last.

import { GOOD } from './support/portal';
import { expect, test } from './support/test';

test('with one gate', async ({ portal, page, demo }) => {
  await portal.bo();
  await portal.newPassword(GOOD);
  await expect(page).toHaveURL(/\/reset\/end$/);
  await expect(portal.heading).toHaveText('Your password is reset');
  const mail = await demo.message((m) => m.channel === 'mail' && m.subject.includes('your password was reset'));
  expect(mail.to).toBe('bo@home.example');
});
