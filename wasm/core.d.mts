/** What the modules in this folder export: the core as wasm/bindings.cpp binds it. */
import type { Core } from '../internal.js';

/** Ready when the WebAssembly is; `options` are Emscripten's module options. */
export default function createCore(options?: object): Promise<Core>;
