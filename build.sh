#!/usr/bin/env bash
# The one door: builds, tests, measures and shows monami. `./build.sh --help` says how.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

readonly build_packages=(build-essential libmbedtls-dev pkg-config xz-utils)
readonly lab_packages=(iperf3 iproute2 iputils-ping mosquitto nftables python3-scapy shellcheck tcpdump tshark)
readonly bench_packages=(openvpn wireguard-go wireguard-tools)
readonly bin=node_modules/.bin

usage() {
  cat <<'TEXT'
usage: ./build.sh [COMMAND]

  build             (default) everything from nothing: dist/monami and dist/monami.js, with their sizes
  setup             what build, demo and test need: Debian packages (as root; else says which), npm packages
  demo [OPTION…]    a vehicle on three uplinks that die and return, in network namespaces
                      --json FILE   writes the figures
                      --fast        the short version
  test [LAYER…]     lint unit sim oracle fuzz lab, or a test file; all layers without one
  bench [OPTION…]   measures monami and its peers in the same run; --json FILE writes the figures
  lint              biome, tsc, shellcheck and the C compiler's warnings
  package           the OpenWrt package (a later version)

QuickJS comes from the file named by MONAMI_QUICKJS_TARBALL, the cache, Debian's archive or upstream's site, whichever
has it first; its hash is always checked.
TEXT
}

say() {
  printf '== %s\n' "$*"
}

warn() {
  printf 'build.sh: %s\n' "$*" >&2
}

# Prints those of the named packages that are not installed.
missing_packages() {
  local name installed
  # dpkg-query fails when it does not know one of them, which is an answer too.
  installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Abbrev}\n' "$@" 2>/dev/null || true)
  for name in "$@"; do
    grep -Eq "^$name(:[a-z0-9]+)? ii" <<<"$installed" || printf '%s\n' "$name"
  done
}

apt_install() {
  # RUNLEVEL: a broker that is installed for tests need not be started for good.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

# Installs the named packages where that is possible, and says which are missing where not.
need_packages() {
  local missing=()
  if ! command -v dpkg-query >/dev/null; then
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi
  if ((EUID != 0)); then
    warn "not root, so please install these Debian packages: ${missing[*]}"
    return 0
  fi
  say "Debian packages: ${missing[*]}"
  mkdir -p build
  if ! { apt_install update && apt_install install --no-install-recommends "${missing[@]}"; } >build/apt.log 2>&1; then
    tail -n 20 build/apt.log >&2
    warn "could not install: ${missing[*]}"
    return 1
  fi
}

need_node() {
  command -v node >/dev/null || {
    warn 'Node.js 20 or newer is needed'
    return 1
  }
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || {
    warn "Node.js 20 or newer is needed, this is $(node --version)"
    return 1
  }
  if [[ package-lock.json -nt node_modules/.package-lock.json ]]; then
    say 'npm packages'
    npm ci --no-audit --no-fund --loglevel=error </dev/null
    touch node_modules/.package-lock.json
  fi
}

command_setup() {
  need_packages "${build_packages[@]}" "${lab_packages[@]}"
  need_node
}

command_build() {
  need_packages "${build_packages[@]}"
  need_node
  say 'bundle, QuickJS and native part'
  bash firmware/build/make.sh all
}

# The shell files by their first line, for not all have a suffix.
shell_files() {
  local file first
  while IFS= read -r -d '' file; do
    IFS= read -r first <"$file" || true
    if [[ $first =~ ^'#!'.*[/\ ](ba|da)?sh( |$) ]]; then printf '%s\0' "$file"; fi
  done < <(find build.sh .ci firmware test board src -type f -size -256k -print0 2>/dev/null)
}

lint_biome() { "$bin/biome" check --error-on-warnings; }
lint_types() { "$bin/tsc" -p . && "$bin/tsc" -p test; }
lint_shell() { shell_files | xargs -0 shellcheck; }
lint_c() { bash firmware/build/make.sh compile-only; }

lint_passed=0
lint_failed=0

# Runs every check, so that one round shows all there is to mend.
run_lint() {
  local check
  mkdir -p build
  # Types are only known with what is generated; if that fails, tsc will say what it misses.
  bash firmware/build/make.sh generated || true
  for check in biome types shell c; do
    if "lint_$check" >build/lint.log 2>&1; then
      lint_passed=$((lint_passed + 1))
      printf 'ok   lint %s\n' "$check"
    else
      lint_failed=$((lint_failed + 1))
      printf 'FAIL lint %s\n' "$check"
      cat build/lint.log
    fi
  done
}

command_lint() {
  command_setup
  say 'lint'
  run_lint
  ((lint_failed == 0))
}

# Passes everything on as it comes but the last line, the tests' counts, to which it adds those of the lint.
add_lint_counts() {
  local line last='' passed=$lint_passed failed=$lint_failed rest='' count=0
  while IFS= read -r line; do
    if ((count++ > 0)); then printf '%s\n' "$last"; fi
    last=$line
  done
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(.*)$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    rest=${BASH_REMATCH[3]}
  else
    if ((count > 0)); then printf '%s\n' "$last"; fi
    failed=$((failed + 1))
  fi
  printf '%d passed, %d failed%s\n' "$passed" "$failed" "$rest"
}

command_test() {
  local layer with_lint=$(($# == 0)) layers=() status=0
  for layer in "$@"; do
    if [[ $layer == lint ]]; then with_lint=1; else layers+=("$layer"); fi
  done
  command_setup
  if ((with_lint)); then
    say 'lint'
    run_lint
  fi
  if (($# > 0 && ${#layers[@]} == 0)); then
    printf '%d passed, %d failed\n' "$lint_passed" "$lint_failed"
    return $((lint_failed > 0))
  fi
  command_build || {
    warn 'the build failed'
    printf '%d passed, %d failed\n' "$lint_passed" $((lint_failed + 1))
    return 1
  }
  say "tests: ${layers[*]:-all layers}"
  node --import tsx test/run.ts "${layers[@]}" </dev/null | add_lint_counts || status=1
  return $((status > 0 || lint_failed > 0))
}

command_demo() {
  command_setup
  command_build
  exec node --import tsx test/lab/demo/main.ts "$@"
}

command_bench() {
  command_setup
  need_packages "${bench_packages[@]}" || warn 'measuring without the peers that are missing'
  command_build
  exec node --import tsx test/bench/main.ts "$@"
}

command_package() {
  warn 'packages for OpenWrt come with a later version'
  return 1
}

readonly command=${1:-build}
if (($# > 0)); then shift; fi
case $command in
  build | setup | demo | test | bench | lint | package) "command_$command" "$@" ;;
  -h | --help | help) usage ;;
  *)
    warn "there is no command '$command'"
    usage >&2
    exit 2
    ;;
esac
