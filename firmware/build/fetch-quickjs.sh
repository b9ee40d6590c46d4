#!/usr/bin/env bash
# Puts the pinned QuickJS tarball at the path named by the first argument. Looks, in this order, at the file named by
# MONAMI_QUICKJS_TARBALL, the user's cache, Debian's source package, and upstream's site. The hash decides what is good.
set -euo pipefail

readonly version=2025.04.26
readonly sha256=ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe
readonly upstream=https://bellard.org/quickjs/quickjs-2025-04-26.tar.xz
readonly cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/monami
readonly name=quickjs_$version.orig.tar.xz
readonly target=$1

is_good() {
  [[ -f $1 ]] && [[ $(sha256sum <"$1") == "$sha256 "* ]]
}

take() {
  install -D -m 0644 "$1" "$target.part"
  mv "$target.part" "$target"
}

# A private apt configuration, so that the system's own lists and sources stay as they are. Which mirror to ask is the
# system's business; only the suite differs, for older releases carry an older QuickJS.
from_debian() {
  local directory=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror
  [[ -f $keyring ]] && command -v apt-get >/dev/null || return 1
  # shellcheck disable=SC2016 # apt expands $(REPO_URI), not the shell
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages') || return 1
  mirror=$(grep -m 1 '/debian/\?$' <<<"$mirror") || return 1
  mkdir -p "$directory"/{lists/partial,cache/archives/partial,parts,download}
  # apt drops to its own user, which must be able to look inside.
  chmod 755 "$directory"
  chmod 777 "$directory/download"
  echo "deb-src [signed-by=$keyring] $mirror trixie main" >"$directory/sources.list"
  local options=(
    -q
    -o "Dir::Etc::sourcelist=$directory/sources.list"
    -o "Dir::Etc::sourceparts=$directory/parts"
    -o "Dir::State::lists=$directory/lists"
    -o "Dir::Cache=$directory/cache"
    -o "Acquire::Languages=none"
  )
  (
    cd "$directory/download"
    apt-get "${options[@]}" update && apt-get "${options[@]}" source --download-only quickjs
  ) </dev/null >"$directory/log" 2>&1 || {
    tail -n 5 "$directory/log" >&2
    return 1
  }
  found=$directory/download/$name
}

from_upstream() {
  found=$1/upstream.tar.xz
  if command -v curl >/dev/null; then
    curl -fsSL --max-time 120 -o "$found" "$upstream"
  elif command -v wget >/dev/null; then
    wget -q --timeout=120 -O "$found" "$upstream"
  else
    return 1
  fi
}

if is_good "$target"; then exit 0; fi

if [[ -n ${MONAMI_QUICKJS_TARBALL:-} ]]; then
  is_good "$MONAMI_QUICKJS_TARBALL" || {
    echo "MONAMI_QUICKJS_TARBALL=$MONAMI_QUICKJS_TARBALL is not QuickJS $version (sha256 $sha256)" >&2
    exit 1
  }
  take "$MONAMI_QUICKJS_TARBALL"
  exit 0
fi

if is_good "$cache/$name"; then
  take "$cache/$name"
  exit 0
fi

keep() {
  is_good "$1" || return 1
  take "$1"
  # A cache that cannot be written only costs the next build a download.
  install -D -m 0644 "$1" "$cache/$name" 2>/dev/null || true
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
found=
echo "QuickJS $version: trying Debian's source package" >&2
if from_debian "$work" && keep "$found"; then exit 0; fi
echo "QuickJS $version: trying $upstream" >&2
if from_upstream "$work" && keep "$found"; then exit 0; fi
echo "QuickJS $version cannot be had here; name a tarball with sha256 $sha256 in MONAMI_QUICKJS_TARBALL" >&2
exit 1
