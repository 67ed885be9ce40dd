#!/usr/bin/env node
/**
 * One table of what `freehold bench tree` and the programs of the other trees have printed.
 *
 *     node scripts/bench-table.mjs <folder of .jsonl files> <n>
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [folder, n] = [process.argv[2], Number(process.argv[3])];

/** Workload, metric, d, what it is called. */
const rows = [
  ['F', 'hash_entries', null, 'hashing alone, entries/s'],
  ['F', 'memcpy_entries', null, 'copying alone, entries/s'],
  ['F', 'hash_4_nodes', null, 'hashing four nodes, us'],
  ['W1', 'entries_per_s', null, 'build, entries/s'],
  ['W1', 'stored_ratio', null, 'stored / logical'],
  ['W2', 'p50', null, 'put p50, us'],
  ['W2', 'p99', null, 'put p99, us'],
  ['W2', 'blocks_per_put', null, 'nodes / put'],
  ['W2', 'bytes_per_put', null, 'node bytes / put'],
  ['W3', 'puts_per_s', null, 'batches of 100, puts/s'],
  ['W4', 'warm_ops_per_s', null, 'get warm, 1/s'],
  ['W4', 'hot_ops_per_s', null, 'get, all read before, 1/s'],
  ['W4', 'cold_ops_per_s', null, 'get through the store, 1/s'],
  ['W5', 'scan_entries_per_s', null, 'scan, entries/s'],
  ['W5', 'range100_p50', null, 'range of 100 p50, us'],
  ...[1, 100, 10000].map((d) => ['W6', 'diff_ms', d, `diff of ${d}, ms`]),
  ['W8', 'p50', null, 'delete p50, us'],
  ['END', 'history_independent', null, 'same root whatever the history'],
];

/** @param {string} line */
function parse(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // some peers log to standard output
  }
}

const figures = readdirSync(folder)
  .filter((name) => name.endsWith(`-${n}.jsonl`))
  .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').map(parse))
  .filter((figure) => figure?.n === n);
const order = [
  ...['floor', 'freehold', 'lmdb-nosync', 'floor-wasm', 'freehold-wasm'],
  ...['freehold-lmdb', 'lmdb-sync'],
];
const rank = (/** @type {string} */ peer) =>
  (order.indexOf(peer) + order.length + 1) % (order.length + 1);
const peers = [...new Set(figures.map((figure) => figure.peer))].sort((a, b) => rank(a) - rank(b));

/** @param {number | null | undefined} value */
function short(value) {
  if (value === null || value === undefined) return '';
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return String(Number(value.toPrecision(3)));
}

console.log(`\n| n = ${n} | ${peers.join(' | ')} |\n|---|${peers.map(() => '---:|').join('')}`);
for (const [workload, metric, d, label] of rows) {
  const cells = peers.map((peer) =>
    short(
      figures.find(
        (figure) =>
          figure.peer === peer &&
          figure.workload === workload &&
          figure.metric === metric &&
          figure.d === d,
      )?.value,
    ),
  );
  if (cells.some((cell) => cell !== '')) console.log(`| ${label} | ${cells.join(' | ')} |`);
}
for (const { peer, workload, metric, note } of figures) {
  if (metric === 'error') console.log(`${peer}: ${workload} failed: ${note}`);
}
