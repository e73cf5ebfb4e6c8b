// Codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds).

import { createHmac } from 'node:crypto';

export function totp(secret: string, at = Date.now()): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', base32(secret)).update(counter).digest();
  const offset = mac[mac.length - 1]! & 0xf;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

/** What an app showed ten minutes ago or longer: a code that is of no moment near now, not even by chance. */
export function oldTotp(secret: string): string {
  const near = [-3, -2, -1, 0, 1, 2, 3].map((step) => totp(secret, Date.now() + step * 30_000));
  for (let age = 600_000; ; age += 30_000) {
    const code = totp(secret, Date.now() - age);
    if (!near.includes(code)) return code;
  }
}

function base32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of text.replace(/=+$/, '')) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** The secret of somebody's app, as the demo's first page shows it. */
export async function secretOf(demo: { address: string }, name: string): Promise<string> {
  const page = await (await fetch(`${demo.address}/demo`)).text();
  const found = page.slice(page.indexOf(name)).match(/Secret for an app: ([A-Z2-7]+)/);
  if (!found) throw new Error(`${name} has no app`);
  return found[1]!;
}
