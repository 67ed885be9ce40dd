#!/bin/bash
# Brings a Debian 12 machine to where `cmake --preset dev|release|wasm|fuzz` works. Run it as often
# as you like: what is there already is left alone.
#
#   scripts/setup.sh [--browser]    --browser: also Chromium, which the browser tests drive
set -euo pipefail
cd "$(dirname "$0")"

packages=(
  cmake ninja-build g++ pkg-config ccache mold clang-format-14
  libboost1.81-dev libboost-json1.81-dev liblmdb-dev libssl-dev libmimalloc-dev
  libsodium-dev libbearssl-dev libexpected-dev libxxhash-dev
  catch2 librapidcheck-dev
  clang-19 lld-19 llvm-19 libclang-rt-19-dev node-acorn python3  # wasm and fuzz
  patch xz-utils                                                # get-sources.sh
)
[ "$(dpkg --print-architecture)" != amd64 ] || packages+=(libipsec-mb-dev)
for option in "$@"; do
  case $option in
    --browser) packages+=(chromium) ;;
    *) echo "setup.sh: unknown option $option" >&2; exit 2 ;;
  esac
done

format='${db:Status-Status} ${Package}\n'
installed=$(dpkg-query -W -f="$format" "${packages[@]}" 2> /dev/null || true)
missing=()
for package in "${packages[@]}"; do
  [[ $'\n'$installed$'\n' == *$'\n'"installed $package"$'\n'* ]] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  source ./debian-source.sh
  echo "setup: installing ${missing[*]}"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install --yes --no-install-recommends "${missing[@]}" > /dev/null
fi
./get-emscripten.sh
./get-sources.sh
