/** The bytes of a WebAssembly module of this package. */
import { request } from './fetch-transport.js';

/** @param {URL} url @returns {Promise<BufferSource>} */
export async function wasmBytes(url) {
  if (url.protocol !== 'file:') return (await request(url)).arrayBuffer();
  const name = /** @type {string} */ ('node:fs/promises'); // not for bundlers to look for
  const { readFile } = await import(name);
  return readFile(url);
}
