#!/usr/bin/env node
// What a page downloads, gzipped, against the budget: the wasm, and the package with its glue as a
// bundler ships them; what `freehold/watch` adds to that; and the verifier of proof files, a module
// by itself. (What lies in js/ is unminified on purpose: it runs as it was written.)
// Prints a line each; fails when one is over.

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const js = new URL('../js/', import.meta.url);
const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** All modules that these reach, minified. */
const bundled = async (...entries) => {
  const folder = await mkdtemp(join(tmpdir(), 'freehold-size-'));
  try {
    await build({
      entryPoints: entries.map((entry) => fileURLToPath(new URL(entry, js))),
      outdir: folder,
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      external: ['node:*', 'module'],
      logLevel: 'error',
    });
    let bytes = 0;
    for (const name of await readdir(folder)) bytes += gzipped(await readFile(join(folder, name)));
    return bytes;
  } finally {
    await rm(folder, { recursive: true });
  }
};

const main = await bundled('index.js');
const sizes = [
  {
    what: 'wasm',
    bytes: gzipped(await readFile(new URL('core/freehold-core.wasm', js))),
    kilobytes: 150,
  },
  { what: 'js', bytes: main, kilobytes: 15 },
  {
    what: 'js of freehold/watch, more',
    bytes: (await bundled('index.js', 'watch.js')) - main,
    kilobytes: 3,
  },
  {
    what: 'verify wasm',
    bytes: gzipped(await readFile(new URL('core/freehold-verify.wasm', js))),
    kilobytes: 50,
  },
];

let over = 0;
for (const { what, bytes, kilobytes } of sizes) {
  const verdict = bytes <= kilobytes * 1000 ? 'within' : 'OVER';
  if (verdict === 'OVER') over += 1;
  console.log(`${what}: ${(bytes / 1000).toFixed(1)} KB gzipped, ${verdict} ${kilobytes} KB`);
}
console.log(`${sizes.length - over} passed, ${over} failed`);
process.exit(over === 0 ? 0 : 1);
