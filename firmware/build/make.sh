#!/usr/bin/env bash
# make in firmware/, one at a time: builds and tests that run side by side share build/.
set -euo pipefail

firmware=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$firmware/../build"
if command -v flock >/dev/null; then
  exec 9>"$firmware/../build/.lock"
  flock 9
fi
make --no-print-directory -C "$firmware" -j "$(nproc)" "$@" 9>&-
