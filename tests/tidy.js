#!/usr/bin/env node
/**
 * The house rules that a machine can check: which folder may include which, how long files and
 * lines are, and that CMake knows every file. Prints each breach, and how many files have none.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fileLinesMax = 500;
const lineColumnsMax = 100;

/** A folder of core/freehold may include itself and what lies on a lower level. */
const levels = { base: 0, crypto: 1, block: 2, codec: 3, tree: 4, ucan: 4, sync: 5, db: 6 };

/** What core/ must not have: input and output, clocks, threads, chance, and 48 KB of streams. */
const notInCore = new Set(
  (
    'chrono condition_variable filesystem format fstream future iomanip iostream istream mutex ' +
    'ostream random sstream stop_token syncstream thread'
  ).split(' '),
);

/** @param {string} file @param {string[]} lines @returns {string[]} */
function includeBreaches(file, lines) {
  const folder = /^core\/freehold\/([^/]+)\//.exec(file)?.[1];
  if (!file.startsWith('core/')) return [];
  if (folder === undefined || !(folder in levels)) return ['lies on no level of tests/tidy.js'];

  return lines.flatMap((line, index) => {
    const [, bracket, name] = /^\s*#\s*include\s*([<"])([^>"]+)[>"]/.exec(line) ?? [];
    if (name === undefined) return [];
    const at = `line ${index + 1} includes ${name}, `;
    if (bracket === '<') {
      return notInCore.has(name) ? [`${at}which core/ does without`] : [];
    }
    const other = /^freehold\/([^/]+)\//.exec(name)?.[1];
    if (other === undefined || !(other in levels)) return [`${at}which is not in core/freehold/`];
    if (!existsSync(`${root}core/${name}`)) return [`${at}which does not exist`];
    if (other === folder || levels[other] < levels[folder]) return [];
    return [`${at}but ${folder} (level ${levels[folder]}) is not above ${other}`];
  });
}

/** @param {string} file @param {string[]} lines @returns {string[]} */
function lengthBreaches(file, lines) {
  const breaches = [];
  if (lines.length > fileLinesMax) breaches.push(`${lines.length} lines, above ${fileLinesMax}`);
  lines.forEach((line, index) => {
    const columns = [...line].length;
    if (columns > lineColumnsMax) breaches.push(`line ${index + 1} has ${columns} columns`);
  });
  return breaches;
}

/** The file must stand, by name, in the CMakeLists.txt of its part. @returns {string[]} */
function listBreaches(/** @type {string} */ file) {
  const part = [
    'core/',
    'native/bench/',
    'native/',
    'wasm/',
    'tests/unit/',
    'tests/property/',
  ].find((folder) => file.startsWith(folder));
  if (part === undefined || !/\.(cpp|hpp)$/.test(file)) return [];
  if (file.endsWith('.hpp') && part !== 'core/') return [];
  let folder = file.slice(0, file.lastIndexOf('/'));
  while (!existsSync(`${root}${folder}/CMakeLists.txt`)) {
    folder = folder.slice(0, folder.lastIndexOf('/'));
  }
  const list = readFileSync(`${root}${folder}/CMakeLists.txt`, 'utf8');
  const name = file.slice(folder.length + 1);
  const listed = list.split(/[\s()]+/).includes(name);
  return listed ? [] : [`is not in ${folder}/CMakeLists.txt`];
}

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
})
  .split('\n')
  .filter((file) => /\.(cpp|hpp|c|h|js|mjs|ts)$/.test(file))
  .filter((file) => !file.startsWith('tests/vectors/') && existsSync(root + file));

let failed = 0;
for (const file of files) {
  const lines = readFileSync(root + file, 'utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const breaches = [
    ...includeBreaches(file, lines),
    ...lengthBreaches(file, lines),
    ...listBreaches(file),
  ];
  for (const breach of breaches) console.log(`${file}: ${breach}`);
  if (breaches.length > 0) failed += 1;
}
console.log(`${files.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
