#!/bin/bash
# `npm run bench`: builds, runs every benchmark, and prints one table of the tree's.
#
#   npm run bench [-- N]     entries of the tree, 100000
#
# The tree in memory, on LMDB and in wasm; beside it, if ../shared/peers is there, the other trees
# that npm alone installs, by the programs there. All lines of JSON stay in build/bench/.
set -euo pipefail
cd "$(dirname "$0")/.."

n=${1:-100000}
out=$PWD/build/bench
peers=${FREEHOLD_PEERS:-$PWD/../shared/peers}
mkdir -p "$out"
scripts/build.sh release:freehold wasm:freehold-core,freehold_bench

echo "# the tree, $n entries" >&2
build/release/freehold bench tree --n "$n" --data "$out" > "$out/freehold-$n.jsonl"
build/release/freehold bench tree --n "$n" --store lmdb --data "$out" > "$out/lmdb-$n.jsonl"
node build/wasm/freehold_bench.js --n "$n" > "$out/wasm-$n.jsonl"

if [ -f "$peers/package.json" ]; then
  work=${PEERS_WORK:-/tmp/freehold-peers}
  mkdir -p "$work"
  [ -d "$work/node_modules" ] || {
    cp -r "$peers/." "$work/"
    chmod -R u+w "$work"
    (cd "$work" && npm install --no-audit --no-fund --silent)
  }
  run_peer() {  # <driver> <mode>: at most five minutes, and no failure of ours
    echo "# $1 $2" >&2
    (cd "$work" && MODE=$2 PEERS_WORK=$work timeout 300 node --expose-gc "drivers/$1.mjs" "$n") \
      > "$out/$1-$n.jsonl" 2> "$out/$1-$n.log" || echo "  stopped: $out/$1-$n.log" >&2
  }
  run_peer okra memory
  run_peer pail batch
  run_peer prolly-trees -
  run_peer atproto-mst -
fi
node scripts/bench-table.mjs "$out" "$n"
