// Signing in at the organisation's own identity provider, one that is not ours, in a real browser.

import { type Portal } from './support/portal';
import { Provider } from './support/provider';
import { test as base, expect } from './support/test';

/** Contoso's people at the provider. In the demo the domain is made up for this. */
const ADA = 'ada@contoso.example';
const BO = 'bo@contoso.example';

const test = base.extend<{ provider: Provider }>({
  provider: async ({ demo, watch }, use) => {
    const provider = await Provider.start(demo);
    await demo.operator('domain', 'add', 'Contoso', 'contoso.example');
    await demo.operator('domain', 'verify', 'contoso.example');
    for (const name of [ADA, BO]) {
      await demo.operator('user', 'create', 'Contoso', name, 'source=synchronised', `anchor=${name}`, 'password_managed=federated');
    }
    await provider.setFor(demo, 'Contoso');
    watch.also = provider.issuer;
    await use(provider);
    await provider.stop();
  },
});

async function toTheButton(portal: Portal, userId: string): Promise<void> {
  await portal.open('/sign-in');
  await portal.field('user_id').fill(userId);
  await portal.press();
  await expect(portal.heading).toHaveText('Sign in at your organisation');
}

/** The provider's own pages: who, then whether to go on. */
async function there(portal: Portal, login: string): Promise<void> {
  const { page } = portal;
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('form button[type=submit]').filter({ hasText: /continue/i }).click();
}

test('a person signs in at their organisation and comes back', async ({ portal, page, provider }) => {
  await toTheButton(portal, ADA);
  // The policy of the page lets the form go there, with every redirect on the way.
  await portal.next.click();
  await page.waitForURL((url) => url.origin === provider.issuer);
  // Nothing of the name came along.
  await expect(page.locator('input[name=login]')).toHaveValue('');
  await there(portal, ADA);
  await page.waitForURL((url) => url.pathname === '/account' || url.pathname === '/security-info');
  await portal.check();
  await expect(page.locator('header .who')).toHaveText(ADA);
});

test('somebody else who signed in there is told so, and so is who went back', async ({ portal, page, provider }) => {
  await toTheButton(portal, ADA);
  await portal.next.click();
  await page.waitForURL((url) => url.origin === provider.issuer);
  await there(portal, BO);
  await page.waitForURL(/\/sign-in\/elsewhere\?e=refused$/);
  await portal.check();
  await expect(portal.alert).toContainText('somebody other than this user ID');
  await portal.open('/account');
  await expect(portal.heading).toHaveText('Sign in');
});

test('a provider that is away is told, and the button is still there', async ({ portal, provider }) => {
  await toTheButton(portal, ADA);
  await provider.stop();
  await portal.press();
  await expect(portal.alert).toContainText("can't be reached right now");
  await expect(portal.next).toHaveText(/^Continue to \W?Contoso\W?$/);
});
