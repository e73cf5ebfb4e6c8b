// A demo of its own: a fresh data folder and a free port, so that no test meets the throttles, the
// mails or the blocks of another one.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** A message as `/demo/outbox.json` gives it. */
export interface Message {
  id: string;
  channel: 'mail' | 'text' | 'call';
  to: string;
  subject: string;
  text: string;
  html: string;
  created_at: string;
}

const PROGRAM = process.env.LATCHKEY_BIN ?? '../target/debug/latchkey';

export class Demo {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    /** Such as `http://localhost:43210`. */
    readonly address: string,
    /** What the program wrote to its log, warnings and errors. */
    readonly log: string[],
  ) {}

  /** Starts the program and waits for the line that says where it listens. */
  static async start(...options: string[]): Promise<Demo> {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-e2e-'));
    const child = spawn(PROGRAM, ['demo', '--listen', '127.0.0.1:0', '--data', folder, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log: string[] = [];
    createInterface({ input: child.stderr! }).on('line', (line) => log.push(line));
    try {
      const address = await new Promise<string>((ready, failed) => {
        child.once('error', failed);
        child.once('exit', (code) => failed(new Error(`the demo ended with ${code}:\n${log.join('\n')}`)));
        createInterface({ input: child.stdout! }).on('line', (line) => {
          const found = line.match(/http:\/\/localhost:\d+/);
          if (found) ready(found[0]);
        });
      });
      return new Demo(child, folder, address, log);
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = new Promise((done) => this.process.once('exit', done));
      this.process.kill('SIGKILL');
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What an operator does meanwhile at the command line. */
  async operator(...words: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(PROGRAM, [...words, '--data', this.folder]);
    return stdout;
  }

  /** Waits until an agent of an organisation says that its directory is well. */
  async agentRuns(tenant: string): Promise<void> {
    const until = Date.now() + 60_000;
    let said = '';
    while (!/"status":"running"/.test(said)) {
      if (Date.now() > until) throw new Error(`no agent runs: ${said}`);
      said = await this.operator('agent', 'status', tenant, '--json');
    }
  }

  /** Everything that was sent, the newest first. */
  async outbox(): Promise<Message[]> {
    const answer = await fetch(`${this.address}/demo/outbox.json`);
    return (await answer.json()) as Message[];
  }

  /** Waits for the newest message that fits: messages leave by a worker, after the page is there. */
  async message(fits: (message: Message) => boolean): Promise<Message> {
    const until = Date.now() + 30_000;
    for (;;) {
      const outbox = await this.outbox();
      const found = outbox.find(fits);
      if (found) return found;
      if (Date.now() > until) {
        throw new Error(`no such message; there are: ${JSON.stringify(outbox.map((m) => [m.channel, m.to, m.subject]))}`);
      }
    }
  }

  /** The code in the newest message on that channel to that address, other than `not`. */
  async code(channel: Message['channel'], to: string, not = ''): Promise<string> {
    const of = (message: Message) => codeIn(message.text);
    return of(await this.message((m) => m.channel === channel && m.to === to && of(m) !== '' && of(m) !== not));
  }
}

/** The digits of a code, which a call reads one by one. */
export function codeIn(text: string): string {
  const found = text.match(/(?<![\d+])\d(?:[ ,.\u00a0]{0,2}\d){5,7}(?!\d)/);
  return found ? found[0].replace(/\D/g, '') : '';
}

/** A code that has the right form and is wrong. */
export function wrong(code: string): string {
  return code.replace(/\d$/, (last) => String((Number(last) + 1) % 10));
}
