#!/usr/bin/env node
// Writes the file lists of core/CMakeLists.txt anew: what lies in core/freehold/, in level order.
// CMake itself takes no globs: a list that changes is a change to look at.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const core = new URL('../core/', import.meta.url);
const folders = ['base', 'crypto', 'block', 'codec', 'tree', 'ucan', 'sync', 'db'];

const filesWith = (ending) =>
  folders
    .flatMap((folder) =>
      readdirSync(new URL(`freehold/${folder}/`, core))
        .filter((name) => name.endsWith(ending))
        .sort()
        .map((name) => `\n    freehold/${folder}/${name}`),
    )
    .join('');

const list = new URL('CMakeLists.txt', core);
const text = readFileSync(list, 'utf8')
  .replace(/(\n {2}PRIVATE)(\n {4}freehold\/\S+\.cpp)+/, (_, head) => head + filesWith('.cpp'))
  .replace(/( FILES)(\n {4}freehold\/\S+\.hpp)+/, (_, head) => head + filesWith('.hpp'));
writeFileSync(list, text);
