// What holds for every page, in every state.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type BrowserContext, type Page, expect } from '@playwright/test';
import type Axe from 'axe-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Listens to a browser from its beginning: what its console says, and whom it asks. */
export class Watch {
  readonly problems: string[] = [];
  /** Another origin that a test goes to; what its pages ask and say is its own affair. */
  also: string | null = null;
  /** A part of a console message that a test provokes, such as the status of a page that is none. */
  expected: RegExp | null = null;
  /** Where axe looks at the pages of a browser that runs no scripts, not even axe. */
  twin: Page | null = null;

  constructor(context: BrowserContext, origin: string) {
    context.on('console', (message) => {
      if (this.isTheirs(message.page()?.url())) return;
      const text = `${message.type()}: ${message.text()}`;
      if (['error', 'warning'].includes(message.type()) && !this.expected?.test(text)) this.problems.push(text);
    });
    context.on('weberror', (error) => this.problems.push(`exception: ${error.error().message}`));
    context.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol !== 'data:' && url.protocol !== 'blob:' && url.origin !== origin && !this.isTheirs(request.isNavigationRequest() ? request.url() : request.frame().url())) {
        this.problems.push(`request to another origin: ${request.url()}`);
      }
    });
  }

  private isTheirs(address = ''): boolean {
    return this.also !== null && address.startsWith(`${this.also}/`);
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
      address: location.href,
    };
  });
  const where = new URL(facts.address).pathname;
  expect.soft(facts.title, `${where}: a title`).not.toBe('');
  expect.soft(facts.lang, `${where}: a language`).toMatch(/^[a-z]{2}(-[A-Z]{2})?$/);
  expect.soft(facts.dir, `${where}: a direction`).toBe(facts.lang === 'ar-XB' ? 'rtl' : 'ltr');
  expect.soft(facts.headings, `${where}: one h1`).toBe(1);
  expect.soft(facts.wide, `${where}: no sideways scrolling`).toBeLessThanOrEqual(0);
  expect.soft(facts.inline, `${where}: nothing inline`).toBe(0);
  expect.soft(facts.address, `${where}: nobody's name and no code in the address`).not.toMatch(/@|%40|\d{6}/);

  for (const [colorScheme, found] of Object.entries(await accessibility(page, watch.twin))) {
    expect.soft(found, `${where}: axe, ${colorScheme}`).toEqual([]);
  }
  expect.soft(watch.problems.splice(0), `${where}: console and requests`).toEqual([]);
}

/** What axe finds. Colours are all that changes with the scheme. */
async function accessibility(page: Page, twin: Page | null): Promise<Record<'light' | 'dark', string[]>> {
  if (twin) {
    await copy(page, twin);
    return accessibility(twin, null);
  }
  await page.evaluate(AXE);
  const run = (runOnly: Axe.RunOptions['runOnly']) =>
    page.evaluate(async (runOnly) => {
      const { violations } = await (window as unknown as { axe: typeof Axe }).axe.run({ runOnly, resultTypes: ['violations'] });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
    }, runOnly);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await run({ type: 'rule', values: ['color-contrast'] });
  await page.emulateMedia({ colorScheme: 'light' });
  return { light: await run({ type: 'tag', values: TAGS }), dark };
}

/** The same page in another browser, without its scripts. */
async function copy(page: Page, twin: Page): Promise<void> {
  const body = (await page.content()).replace(/<script[^>]*><\/script>/g, '');
  await twin.setViewportSize(page.viewportSize()!);
  await twin.route(page.url(), (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body }), { times: 1 });
  await twin.goto(page.url());
}
