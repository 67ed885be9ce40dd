/** The WebAssembly core, loaded once. */
import createCore from './core/freehold-core.mjs';
import { FreeholdError } from './error.js';
import { Link } from './link.js';
import { wasmBytes } from './load-wasm.js';

/** @type {Promise<import('./internal.js').Core> | undefined} */
let loading;

export function loadCore() {
  loading ??= start();
  loading.catch(() => (loading = undefined)); // so that it may be tried again
  return loading;
}

/** @returns {Promise<import('./internal.js').Core>} */
async function start() {
  const wasm = await wasmBytes(new URL('./core/freehold-core.wasm', import.meta.url));
  // The glue would wait for ever for what does not compile.
  if (!WebAssembly.validate(wasm)) throw new FreeholdError('Corrupt', 'freehold-core.wasm');
  const module = await createCore({ FreeholdError, Link, wasm });
  /** @type {any} */
  const core = {};
  /** @type {Record<string, Record<string, Function>>} */
  const methods = {};
  for (const [name, member] of Object.entries(module)) {
    if (typeof member !== 'function') continue;
    const operation = throwing(member);
    // The core has handles for objects: `name:kind` makes one, `kind.method` takes one first.
    const [, first, mark, kind] = /** @type {string[]} */ (/(\w+)(\W?)(\w*)/.exec(name));
    if (mark === ':') core[first] = making(operation, (methods[kind] ??= {}));
    else if (mark) (methods[first] ??= {})[kind] = methodOf(operation);
    else core[first] = operation;
  }
  return core;
}

/** @param {Function} make gives a handle @param {Record<string, Function>} methods */
const making =
  (make, methods) =>
  (/** @type {unknown[]} */ ...args) =>
    Object.assign(Object.create(methods), { handle: make(...args) });

/** @param {Function} operation */
const methodOf = (operation) =>
  /** @this {{handle: number}} */ function (/** @type {unknown[]} */ ...args) {
    return operation(this.handle, ...args);
  };

/** The core returns errors as values (wasm/convert.hpp says why). @param {Function} operation */
const throwing =
  (operation) =>
  (/** @type {unknown[]} */ ...args) => {
    const result = operation(...args);
    if (result instanceof FreeholdError) throw result;
    return result;
  };
