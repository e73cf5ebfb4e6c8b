// What a page costs whoever has little.

import { expect, test } from './support/test';

test('the first page is at most 60 KB over the wire in at most 3 requests', async ({ page, context, demo }) => {
  const wire = await context.newCDPSession(page);
  await wire.send('Network.enable');
  let bytes = 0;
  const asked: string[] = [];
  wire.on('Network.requestWillBeSent', ({ request }) => { if (!request.url.startsWith('data:')) asked.push(request.url); });
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto('/reset', { waitUntil: 'networkidle' });
  await expect(page.locator('[name=nonce]')).toHaveValue(/^\d+$/);
  console.log(`/reset: ${asked.length} requests, ${bytes} bytes`);
  expect(asked.length, asked.join('\n')).toBeLessThanOrEqual(3);
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(60 * 1024);
  // What is fetched once stays: the second page costs its own bytes alone.
  const before = asked.length;
  await page.goto(`${demo.address}/reset/help`, { waitUntil: 'networkidle' });
  expect(asked.length - before).toBeLessThanOrEqual(3);
});
