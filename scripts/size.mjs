#!/usr/bin/env node
// What a page downloads, gzipped, against the budget. Prints a line each; fails when one is over.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const js = new URL('../js/', import.meta.url);
const own = readdirSync(js).filter((name) => name.endsWith('.js'));

const budgets = [
  { what: 'wasm', files: ['core/freehold-core.wasm'], kilobytes: 150 },
  { what: 'js', files: ['core/freehold-core.mjs', ...own], kilobytes: 15 },
];

let over = 0;
for (const { what, files, kilobytes } of budgets) {
  let bytes = 0;
  for (const name of files) bytes += gzipSync(readFileSync(new URL(name, js)), { level: 9 }).length;
  const verdict = bytes <= kilobytes * 1000 ? 'within' : 'OVER';
  if (verdict === 'OVER') over += 1;
  console.log(`${what}: ${(bytes / 1000).toFixed(1)} KB gzipped, ${verdict} ${kilobytes} KB`);
}
console.log(`${budgets.length - over} passed, ${over} failed`);
process.exit(over === 0 ? 0 : 1);
