#!/bin/bash
# The acceptance cases of ../shared (a third-party client driven against our server), as far as this
# version has the capabilities that they use. A case that passes once is added here and stays.
set -euo pipefail
cd "$(dirname "$0")/.."

cases=(
  http/answers-a-message http/wrong-content-type http/message-of-other-version
  http/message-with-two-keys http/root-is-not-a-message http/car-without-roots
  http/message-without-invocations http/unknown-receipt-is-404 http/did-document
  http/many-at-once ucan/unknown-ability access/authorize-without-an-account
  space/info-unknown blob/add-without-provider filecoin/accept-only-by-the-service
  client/unprovisioned-space
)

folder=build/acceptance
rm -rf "$folder"
mkdir -p "$folder/harness"
cp -r ../shared/acceptance/. "$folder/harness"
chmod -R u+w "$folder/harness"
(cd "$folder/harness" && npm ci --silent)

cat > "$folder/freehold.json" <<'JSON'
{
  "tenants": [
    {
      "did": "did:web:acceptance.localhost",
      "keyFile": "service.key",
      "createKey": true,
      "providers": [{ "did": "did:web:acceptance.localhost", "plan": "free", "capacity": 1000000000 }]
    }
  ]
}
JSON
coproc server { exec build/release/freehold serve --config "$folder/freehold.json" \
  --listen 127.0.0.1:0 --data "$folder/data"; }
server_pid=$server_PID
trap 'kill "$server_pid" 2> /dev/null || true' EXIT
read -r ready <&"${server[0]}"
url=$(node -p 'JSON.parse(process.argv[1]).url' "$ready")

only=$(IFS=,; echo "${cases[*]}")
node "$folder/harness/run.mjs" --url "$url" --admin-key "@$folder/service.key" --only "$only"
