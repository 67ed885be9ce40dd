/** `freehold/verify`: what a proof file proves, from hashes and signatures alone. */
import { decodeCbor } from './cbor.js';
import { FreeholdError } from './error.js';
import { wasmBytes } from './load-wasm.js';

/** @typedef {import('./verify-types.js').VerifyOptions} VerifyOptions */
/** @typedef {import('./verify-types.js').Proved} Proved */

/** @type {Promise<WebAssembly.Module> | undefined} */
let loading;

/**
 * Fails with a `FreeholdError`, whose message says why, unless everything holds.
 *
 * @param {Uint8Array} bytes of the file
 * @param {VerifyOptions} [options]
 * @returns {Promise<Proved>}
 */
export async function verify(bytes, { space, root, keys, now = new Date() } = {}) {
  loading ??= load();
  loading.catch(() => (loading = undefined)); // so that it may be tried again
  const options = [
    ['now', String(Math.max(0, Math.floor(Number(now) / 1000)) || 0)],
    ...(space === undefined ? [] : [['space', space]]),
    ...(root === undefined ? [] : [['root', String(root)]]),
    ...Object.entries(keys ?? {}).map((pair) => ['key', ...pair]),
  ];
  if (options.flat().some((word) => /\s/.test(word)))
    throw new FreeholdError('Malformed', 'options');
  const text = options.map((words) => words.join(' ')).join('\n');
  const { ok, error } = run(await loading, bytes, new TextEncoder().encode(text));
  if (error) throw new FreeholdError(error.name, error.message);
  for (const claim of ok.claims) {
    for (const entry of claim.entries) entry.text = new TextDecoder().decode(entry.key);
  }
  return ok;
}

async function load() {
  const url = new URL('./core/freehold-verify.wasm', import.meta.url);
  return WebAssembly.compile(await wasmBytes(url));
}

/**
 * In an instance of its own: nothing of one file is there when the next one is read.
 *
 * @param {WebAssembly.Module} module
 * @param {Uint8Array} file
 * @param {Uint8Array} options
 */
function run(module, file, options) {
  const bytesAt = (/** @type {number} */ at, /** @type {number} */ size) =>
    new Uint8Array(memory.buffer, at, size);
  // What the core asks of its host: to write floats as JavaScript does.
  const env = {
    freehold_text_of_double: (/** @type {number} */ number, /** @type {number} */ to) =>
      new TextEncoder().encodeInto(String(number), bytesAt(to, 32)).written,
    emscripten_notify_memory_growth() {},
  };
  const { exports } = new WebAssembly.Instance(module, { env });
  const { memory, allocate, verify, _initialize } = /** @type {any} */ (exports);
  _initialize();
  const place = (/** @type {Uint8Array} */ bytes) => {
    const at = allocate(bytes.length);
    if (at === 0) throw new FreeholdError('LimitExceeded', 'memory');
    new Uint8Array(memory.buffer).set(bytes, at);
    return at;
  };
  const [fileAt, optionsAt] = [place(file), place(options)];
  const at = verify(fileAt, file.length, optionsAt, options.length);
  const size = new DataView(memory.buffer).getUint32(at, true);
  return decodeCbor(new Uint8Array(memory.buffer, at + 4, size));
}
