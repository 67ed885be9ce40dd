// Parts of Embind that our bindings have no use for. Kinds of values that are never converted: each
// is registered at start whether it is used or not, and so would bring its code into the module.
addToLibrary({
  _embind_register_std_wstring: () => {},
  _embind_register_bigint: () => {},
  // All hosts of today have it; Emscripten asks around for it.
  $emval_get_global: () => globalThis,
  // All types of our bindings are bound, or no test would run.
  $throwUnboundTypeError__deps: [],
  $throwUnboundTypeError: (message) => {
    throw new Error(message);
  },
});
