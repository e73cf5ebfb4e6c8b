// An identity provider beside the demo: a process of its own, with accounts of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Demo } from './demo';

export class Provider {
  private constructor(
    private readonly process: ChildProcess,
    /** Its address. */
    readonly issuer: string,
    private readonly client: { id: string; secret: string },
  ) {}

  /** Starts one that sends browsers back to the demo. */
  static async start(demo: Demo): Promise<Provider> {
    const child = spawn('node', ['provider.mjs', `${demo.address}/sign-in/federated`], { stdio: ['pipe', 'pipe', 'ignore'] });
    const line = await new Promise<string>((ready, failed) => {
      child.once('error', failed);
      child.once('exit', (code) => failed(new Error(`the provider ended with ${code}`)));
      createInterface({ input: child.stdout! }).once('line', ready);
    });
    const { issuer, clients } = JSON.parse(line);
    return new Provider(child, issuer, clients[0]);
  }

  /** Makes it the provider of a tenant, by the name that it has in the claim `upn`. */
  async setFor(demo: Demo, tenant: string): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
    const file = join(folder, 'secret');
    await writeFile(file, this.client.secret);
    await demo.operator(
      ...['federation', 'set', tenant, '--issuer', this.issuer, '--client-id', this.client.id],
      ...['--client-secret-file', file, '--name-claim', 'upn', '--unchecked'],
    );
    await rm(folder, { recursive: true });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const gone = new Promise((done) => this.process.once('exit', done));
    this.process.stdin!.end();
    await gone;
  }
}
