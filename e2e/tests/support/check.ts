// What holds for every page, in every state.

import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, type Page, expect } from '@playwright/test';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Listens to a browser from its beginning: what its console says, and whom it asks. */
export class Watch {
  readonly problems: string[] = [];
  /** A part of a console message that a test provokes, such as the status of a page that is none. */
  expected: RegExp | null = null;

  constructor(context: BrowserContext, origin: string) {
    context.on('console', (message) => {
      const text = `${message.type()}: ${message.text()}`;
      if (['error', 'warning'].includes(message.type()) && !this.expected?.test(text)) this.problems.push(text);
    });
    context.on('weberror', (error) => this.problems.push(`exception: ${error.error().message}`));
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol !== 'data:' && url.protocol !== 'blob:' && url.origin !== origin) {
        this.problems.push(`request to another origin: ${request.url()}`);
      }
    });
  }
}

/** Checks the page as it is now, in light and in dark. */
export async function check(page: Page, watch: Watch): Promise<void> {
  const facts = await page.evaluate(() => {
    const root = document.documentElement;
    return {
      title: document.title.trim(),
      lang: root.lang,
      dir: root.dir,
      headings: document.querySelectorAll('h1').length,
      wide: root.scrollWidth - root.clientWidth,
      inline: document.querySelectorAll('script:not([src]), [style], style, [onclick], [onsubmit]').length,
      secrets: location.href,
    };
  });
  const where = new URL(facts.secrets).pathname;
  expect.soft(facts.title, `${where}: a title`).not.toBe('');
  expect.soft(facts.lang, `${where}: a language`).toMatch(/^[a-z]{2}(-[A-Z]{2})?$/);
  expect.soft(facts.dir, `${where}: a direction`).toBe(facts.lang === 'ar-XB' ? 'rtl' : 'ltr');
  expect.soft(facts.headings, `${where}: one h1`).toBe(1);
  expect.soft(facts.wide, `${where}: no sideways scrolling`).toBeLessThanOrEqual(0);
  expect.soft(facts.inline, `${where}: nothing inline`).toBe(0);
  expect.soft(facts.secrets, `${where}: nobody's name and no code in the address`).not.toMatch(/@|%40|\d{6}/);

  // Colours are all that changes with the scheme.
  for (const [colorScheme, rules] of [['dark', ['color-contrast']], ['light', null]] as const) {
    await page.emulateMedia({ colorScheme });
    // Legacy mode looks at this document alone; there are no frames.
    const axe = new AxeBuilder({ page }).setLegacyMode(true);
    const { violations } = await (rules ? axe.withRules([...rules]) : axe.withTags(TAGS)).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
    expect.soft(found, `${where}: axe, ${colorScheme}`).toEqual([]);
  }
  expect.soft(watch.problems.splice(0), `${where}: console and requests`).toEqual([]);
}
