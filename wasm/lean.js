// Parts of Embind that our bindings have no use for: kinds of values that are never converted. Each
// is registered at start whether it is used or not, and so would bring its code into the module.
addToLibrary({
  _embind_register_std_wstring: () => {},
  _embind_register_bigint: () => {},
});
