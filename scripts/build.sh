#!/bin/bash
# Builds presets, after whatever must come before: packages, node_modules, configuring.
#
#   scripts/build.sh [--browser] <preset>[:<target>[,<target>…]]…
set -euo pipefail
cd "$(dirname "$0")/.."

setup_options=()
if [ "${1:-}" = --browser ]; then
  setup_options+=(--browser)
  shift
fi
scripts/setup.sh "${setup_options[@]}"
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund

for what in "$@"; do
  preset=${what%%:*}
  [ -e "build/$preset/build.ninja" ] || cmake --preset "$preset"
  targets=()
  [ "$preset" = "$what" ] || IFS=, read -ra targets <<< "${what#*:}"
  cmake --build --preset "$preset" --parallel "$(nproc)" ${targets:+--target "${targets[@]}"}
done
