#!/bin/bash
# `npm start`: builds what is not built, runs the service with the example's page, prints its URL.
#
#   npm start [-- <more arguments of `freehold serve`>]      PORT=8787  the first port to try
set -euo pipefail
cd "$(dirname "$0")/.."

log=build/start.log
mkdir -p build
[ -e build/release/freehold ] || echo "Building Freehold; the first time takes some minutes ($log)"
scripts/build.sh release:freehold wasm:freehold-core > "$log" 2>&1 || {
  tail -40 "$log" >&2
  exit 1
}

port=${PORT:-8787}
while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done

# The program's first line is JSON, {"url", "did", "didKey"}; what follows goes through as it is.
# The page is at /, the npm package that it uses at /freehold/; the service's key is made in ./data.
mkdir -p data
exec {output}< <(exec build/release/freehold serve \
  --config examples/drawer/freehold.json --data ./data --listen "127.0.0.1:$port" \
  --www examples/drawer --www js=/freehold "$@")
program=$!
trap 'kill -TERM "$program" 2> /dev/null || true' INT TERM HUP

ready=
IFS= read -r ready <&"$output" || true
url=$(sed -n 's/.*"url" *: *"\([^"]*\)".*/\1/p' <<< "$ready")
if [ -n "$url" ]; then
  echo "Drawer: $url"
elif [ -n "$ready" ]; then
  printf '%s\n' "$ready"
fi
cat <&"$output" &

# `wait` ends early when a signal arrives; the program then has still to shut down.
status=0
wait "$program" || status=$?
while kill -0 "$program" 2> /dev/null; do
  status=0
  wait "$program" || status=$?
done
exit "$status"
