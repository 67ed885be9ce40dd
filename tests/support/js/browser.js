/** Debian's Chromium, and a small server for the files that it is to load. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const root = new URL('../../../', import.meta.url);
const types = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves the repository on a free port of loopback, with an empty page at `/`. */
export async function serveFiles() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/') {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>test</title>');
      return;
    }
    try {
      const body = await readFile(fileURLToPath(new URL(`.${pathname}`, root)));
      response.setHeader('content-type', types[extname(pathname)] ?? 'application/octet-stream');
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/`, close };
}

/** @param {string} profile folder of a profile that outlives the browser */
export const launchWithProfile = (profile) =>
  chromium.launchPersistentContext(profile, { executablePath: '/usr/bin/chromium', args });

export const launch = () => chromium.launch({ executablePath: '/usr/bin/chromium', args });

const args = ['--no-sandbox', '--disable-dev-shm-usage'];
