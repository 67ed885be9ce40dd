#!/bin/bash
# `npm run bench`: builds, then runs every benchmark there is: bench/*.bench.js.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
scripts/build.sh release wasm:freehold-core
for benchmark in bench/*.bench.js; do
  echo "# $benchmark"
  node "$benchmark" "$@"
done
