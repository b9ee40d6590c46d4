#!/usr/bin/env bash
# Prints the sizes of what was built against the budgets, and fails when one is over what it must not exceed.
set -euo pipefail

readonly dist=$1
status=0

check() {
  local file=$1 must_bytes=$2 aim_bytes=$3 size verdict=ok
  size=$(stat -c %s "$dist/$file")
  if ((size > must_bytes)); then
    verdict='OVER BUDGET'
    status=1
  elif ((size > aim_bytes)); then
    verdict='ok, over the aim'
  fi
  printf '%-16s %8d bytes  must <= %d  aim <= %d  %s\n' "dist/$file" "$size" "$must_bytes" "$aim_bytes" "$verdict"
}

check monami.js 400000 300000
check monami 1700000 1300000
exit "$status"
