// A person at the portal. Everything that leads to another page also checks that page.

import { type Locator, type Page, expect } from '@playwright/test';
import { Watch, check } from './check';
import { Demo } from './demo';

export type Method = 'email' | 'sms' | 'mobile_call' | 'office_call' | 'questions' | 'authenticator_code' | 'passkey' | 'recovery_code';

/** A password that every rule of the demo likes. */
export const GOOD = 'Correct horse 42 battery';

export class Portal {
  constructor(
    readonly page: Page,
    readonly demo: Demo,
    readonly watch: Watch,
    /** What happens on every page; the screenshots put a camera here. */
    private readonly onPage: (portal: Portal) => Promise<void> = (portal) => check(portal.page, portal.watch),
  ) {}

  get heading(): Locator {
    return this.page.getByRole('heading', { level: 1 });
  }
  get next(): Locator {
    return this.page.locator('main form button.primary');
  }
  /** The summary of what is wrong. */
  get alert(): Locator {
    return this.page.locator('.alert-error');
  }
  /** A word about what happened, which is no fault. */
  get notice(): Locator {
    return this.page.locator('.alert-info');
  }
  field(name: string): Locator {
    return this.page.locator(`[name=${name}]:not([type=hidden])`);
  }

  /** Checks this page. */
  async check(): Promise<void> {
    await this.onPage(this);
  }

  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.check();
  }

  /** Does what leads to another page, waits for that page, and checks it. */
  async leads(act: () => Promise<unknown>): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await act();
    await loaded;
    await this.check();
  }

  async press(button: Locator = this.next): Promise<void> {
    await this.leads(() => button.click());
  }

  /** Step 1. */
  async start(userId: string, path = '/reset'): Promise<void> {
    await this.open(path);
    await this.field('user_id').fill(userId);
    await this.press();
  }

  /** Presses *Next* until the page no longer says that this was faster than a person types. */
  async typedSlowly(): Promise<void> {
    await expect(async () => {
      await this.press();
      await expect(this.field('user_id')).toHaveCount(0, { timeout: 1 });
    }).toPass({ intervals: [500] });
  }

  async choose(method: Method): Promise<void> {
    await this.page.locator(`input[name=method][value=${method}]`).check();
    await this.press();
  }

  async type(field: string, text: string): Promise<void> {
    await this.field(field).fill(text);
    await this.press();
  }

  /** Passes the gate *email*. */
  async byEmail(to: string): Promise<void> {
    await this.choose('email');
    await this.type('code', await this.demo.code('mail', to));
  }

  /** Passes a gate for which the number is typed. */
  async byPhone(method: 'sms' | 'mobile_call' | 'office_call', number: string): Promise<void> {
    await this.choose(method);
    await this.byNumber(number, method === 'sms' ? 'text' : 'call');
  }

  /** The same from the page that asks for the number. */
  async byNumber(number: string, channel: 'text' | 'call'): Promise<void> {
    await this.type('phone', number);
    await this.type('code', await this.demo.code(channel, number.replace(/[^+\d]/g, '')));
  }

  /** Two gates for Adele, up to the new password. */
  async adele(path = '/reset'): Promise<void> {
    await this.start('adele@contoso.com', path);
    await this.byEmail('adele@home.example');
    await this.byPhone('sms', '+31 6 12345601');
    await expect(this.page).toHaveURL(/\/reset\/password$/);
  }

  /** One gate for Bo, up to the new password. */
  async bo(path = '/reset'): Promise<void> {
    await this.start('bo@fabrikam.com', path);
    await this.byEmail('bo@home.example');
    await expect(this.page).toHaveURL(/\/reset\/password$/);
  }

  async newPassword(password: string, confirm = password): Promise<void> {
    await this.field('new_password').fill(password);
    await this.field('confirm_password').fill(confirm);
    await this.press();
  }
}
