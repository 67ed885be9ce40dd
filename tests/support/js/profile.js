/** A user's browser: Debian's Chromium with a profile of its own, which outlives the browser. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the browser itself writes to the console when a server is not there. */
const ABSENCE =
  /^Failed to load resource: net::ERR_(CONNECTION_REFUSED|INTERNET_DISCONNECTED|FAILED)/;

/** One profile and one page. Open it, close it, open it again. */
class Profile {
  /** @type {import('playwright-core').BrowserContext | undefined} */
  #context;

  /** What no page should have: errors on its console, uncaught or not. @type {string[]} */
  errors = [];
  /** Whether the browser may complain that the server is not there. */
  mayMissServer = false;
  /** Every request of the page: method and URL. @type {string[]} */
  requests = [];

  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  get context() {
    if (!this.#context) throw new Error('the browser is closed');
    return this.#context;
  }

  /** Starts the browser, and gives its page. */
  async open() {
    this.#context = await chromium.launchPersistentContext(this.folder, {
      executablePath: '/usr/bin/chromium',
      args,
      viewport: { width: 1180, height: 860 },
      colorScheme: 'light',
      locale: 'en-GB',
    });
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    page.setDefaultTimeout(20_000);
    page.on('request', (request) => this.requests.push(`${request.method()} ${request.url()}`));
    page.on('pageerror', (error) => this.errors.push(String(error.stack ?? error)));
    page.on('crash', () => this.errors.push('the page has crashed'));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      if (this.mayMissServer && ABSENCE.test(message.text())) return;
      this.errors.push(`${message.text()} (${message.location().url})`);
    });
    return page;
  }

  /** Ends the browser; what it has stored stays. */
  async close() {
    await this.#context?.close();
    this.#context = undefined;
  }

  /** Ends the browser, and forgets all. */
  async remove() {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export const newProfile = async () =>
  new Profile(await mkdtemp(join(tmpdir(), 'freehold-browser-')));
