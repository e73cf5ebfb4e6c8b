// What a camera reads from a QR code.

import { type Locator } from '@playwright/test';
import jsQR from 'jsqr';

/** The text of a QR code, from the picture that is on the screen. */
export async function scan(code: Locator): Promise<string> {
  const shot = (await code.screenshot()).toString('base64');
  const screen = await code.page().context().newPage();
  const { data, width, height } = await screen.evaluate(async (src) => {
    const image = new Image();
    image.src = src;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    canvas.drawImage(image, 0, 0);
    const pixels = canvas.getImageData(0, 0, image.width, image.height);
    return { data: [...pixels.data], width: pixels.width, height: pixels.height };
  }, `data:image/png;base64,${shot}`);
  await screen.close();
  const found = jsQR(Uint8ClampedArray.from(data), width, height);
  if (!found) throw new Error('no QR code is seen');
  return found.data;
}
