#!/bin/bash
# Unpacks Debian trixie's Emscripten into the private cache, to be driven by bookworm's clang-19.
#
# Only Emscripten's scripts and libraries are used from there. binaryen's programs come along with
# their own loader and libc, so that they run on bookworm and nothing of the system is mixed in.
set -euo pipefail
source "$(dirname "$0")/debian-source.sh"

version=3.1.69+dfsg-3
prefix=$cache/emscripten
[ -e "$prefix/.done" ] && exit 0

mkdir -p "$cache"
work=$(mktemp -d "$cache/emscripten.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root" "$work/debs"

echo "emscripten: fetching $version (about 250 MB)"
private_apt "$work/apt" deb trixie
cd "$work/debs"
others=(binaryen libc6 libstdc++6 libgcc-s1)
apt-get "${apt_options[@]}" download "emscripten=$version" "${others[@]}" || {
  echo "emscripten: $version is gone from the archive, taking what it has"
  apt-get "${apt_options[@]}" download emscripten "${others[@]}"
}
for package in *.deb; do
  dpkg-deb --fsys-tarfile "$package" |
    tar -x -C "$root" --exclude='*/wasm32-emscripten/pic' --exclude='*/wasm32-emscripten/lto-pic' \
      --exclude='*/emscripten/test' --exclude='*/usr/share/doc' --exclude='*/usr/share/man'
done

loader=$(cd "$root" && ls usr/lib/*-linux-gnu*/ld-linux-*.so.* | head -1)
libraries=$prefix/$(dirname "$loader")
mkdir -p "$root/binaryen/bin"
for program in "$root"/usr/bin/wasm*; do
  name=$(basename "$program")
  printf '#!/bin/sh\nexec "%s/%s" --library-path "%s" "%s/usr/bin/%s" "$@"\n' \
    "$prefix" "$loader" "$libraries" "$prefix" "$name" > "$root/binaryen/bin/$name"
  chmod +x "$root/binaryen/bin/$name"
done

# The configuration lies in Emscripten's own folder: EM_CONFIG would be lost in `cmake --build`.
home=$prefix/usr/share/emscripten
cat > "$root/usr/share/emscripten/.emscripten" <<CONFIG
EMSCRIPTEN_ROOT = '$home'
LLVM_ROOT = '/usr/bin'
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
BINARYEN_ROOT = '$prefix/binaryen'
NODE_JS = '$(command -v node)'
CACHE = '$home/cache'
FROZEN_CACHE = True
CONFIG
mkdir -p "$root/usr/share/emscripten/node_modules"
ln -sfn /usr/share/nodejs/acorn "$root/usr/share/emscripten/node_modules/acorn"

rm -rf "$prefix"
mv "$root" "$prefix"
"$home/em++" --version | head -1
touch "$prefix/.done"
