#!/bin/bash
# Formats every C++, JavaScript and JSON file in place; with --check it only says which differ.
set -euo pipefail
cd "$(dirname "$0")/.."
files() { git ls-files --cached --others --exclude-standard -z -- "$@" ':!tests/vectors'; }

if [ "${1:-}" = --check ]; then
  files '*.cpp' '*.hpp' '*.c' | xargs -0 -r clang-format-14 --dry-run --Werror
  exec node_modules/.bin/prettier --check --log-level warn .
fi
files '*.cpp' '*.hpp' '*.c' | xargs -0 -r clang-format-14 -i
exec node_modules/.bin/prettier --write --log-level warn .
