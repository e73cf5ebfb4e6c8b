// What a page costs whoever has little.

import { expect, test } from './support/test';

test('the first page is at most 60 KB over the wire in at most 3 requests', async ({ page, context, demo }) => {
  const wire = await context.newCDPSession(page);
  await wire.send('Network.enable');
  let bytes = 0;
  const asked: string[] = [];
  // The human check runs the script a second time, from what the browser has already.
  const cached = new Set<string>();
  wire.on('Network.requestServedFromCache', ({ requestId }) => cached.add(requestId));
  wire.on('Network.responseReceived', ({ requestId, response }) => {
    if (!response.url.startsWith('data:') && !response.fromDiskCache && !cached.has(requestId)) asked.push(response.url);
  });
  wire.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await page.goto('/reset', { waitUntil: 'networkidle' });
  await expect(page.locator('[name=nonce]')).toHaveValue(/^\d+$/);
  test.info().annotations.push({ type: 'weight', description: `${asked.length} requests, ${bytes} bytes` });
  expect(asked.length, asked.join('\n')).toBeLessThanOrEqual(3);
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(60 * 1024);
  // What was fetched once stays: the next page costs its own bytes alone.
  asked.length = 0;
  await page.goto('/reset/help', { waitUntil: 'networkidle' });
  expect(asked).toEqual([`${demo.address}/reset/help`]);
});
