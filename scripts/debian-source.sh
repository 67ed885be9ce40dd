# shellcheck shell=bash
# Private use of Debian's archive: packages and sources of any suite, verified by apt's signatures,
# without touching what the system has installed. Sourced by get-emscripten.sh and get-sources.sh.

cache=${FREEHOLD_CACHE:-$HOME/.cache/freehold}

# The archive that this system already uses, in whichever format its apt sources are written.
debian_mirror() {
  local format='$(REPO_URI) $(COMPONENT) $(ORIGIN) $(LABEL)'
  apt-get indextargets --format "$format" 'Created-By: Packages' |
    awk '$2 == "main" && $3 == "Debian" && $4 == "Debian" && NF == 4 { print $1; exit }'
}

# private_apt <work folder> <deb|deb-src> <suite>: prepares `apt_options` for that one suite.
private_apt() {
  local work=$1 kind=$2 suite=$3 mirror
  mirror=$(debian_mirror)
  if [ -z "$mirror" ]; then  # a system that has never read its package lists
    as_root apt-get -qq update
    mirror=$(debian_mirror)
  fi
  [ -n "$mirror" ] || { echo "no Debian archive among the apt sources" >&2; return 1; }
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  printf '%s\n' "Types: $kind" "URIs: $mirror" "Suites: $suite" 'Components: main' \
    'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' > "$work/only.sources"
  apt_options=(-qq -o Dir::Etc::sourcelist="$work/only.sources" -o Dir::Etc::sourceparts=-
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::Cache::pkgcache=
    -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User="$(id -un)")
  # Without the system's own packages apt answers for the suite alone.
  [ "$kind" = deb-src ] || apt_options+=(-o Dir::State::status=/dev/null)
  apt-get "${apt_options[@]}" update
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
