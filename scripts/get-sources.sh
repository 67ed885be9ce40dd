#!/bin/bash
# Fetches the two C libraries that the wasm build compiles itself, libsodium and BearSSL: the very
# sources, Debian's patches included, of the packages that the native build links.
set -euo pipefail
source "$(dirname "$0")/debian-source.sh"

# name, version, archive of the upstream source, its SHA-256
sources=(
  "libsodium 1.0.18 libsodium_1.0.18.orig.tar.gz d59323c6b712a1519a5daf710b68f5e7fde57040845ffec53850911f10a5d4f4"
  "bearssl 0.6 bearssl_0.6+dfsg.1.orig.tar.xz 102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004"
)

missing=()
for source in "${sources[@]}"; do
  read -r name version _ <<< "$source"
  [ -e "$cache/$name-$version/.done" ] || missing+=("$source")
done
[ ${#missing[@]} = 0 ] && exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/sources.XXXXXX")
trap 'rm -rf "$work"' EXIT
private_apt "$work/apt" deb-src bookworm

for source in "${missing[@]}"; do
  read -r name version archive checksum <<< "$source"
  mkdir -p "$work/$name/tree"
  cd "$work/$name"
  apt-get "${apt_options[@]}" source --download-only "$name"
  echo "$checksum  $archive" | sha256sum --check --quiet
  tar -xf "$archive" -C tree --strip-components=1
  tar -xf ./*.debian.tar.* -C tree
  if [ -e tree/debian/patches/series ]; then
    while read -r change _; do
      case $change in '' | '#'*) continue ;; esac
      patch -s -d tree -p1 < "tree/debian/patches/$change"
    done < tree/debian/patches/series
  fi
  touch tree/.done
  rm -rf "${cache:?}/$name-$version"
  mv tree "$cache/$name-$version"
  echo "sources: $name $version"
done
