#!/usr/bin/env bash
# Measures how fast Renkei is, against limits on the same machine in the same run, and prints the table of
# ratios. What each row means: docs/performance.md.
#
#   bash tools/performance.sh                   everything, 100,000 residents, SQLite and PostgreSQL
#   bash tools/performance.sh --quick           2,000 residents, short runs: does it work at all
#
#   --residents N        residents of the region (100000)
#   --only sqlite|postgres
#   --steps a,b,…        of: start sync read slip emergency growth overload csv soak (all of them)
#   --rounds N           rounds of everything that is compared (3); the median counts
#   --seconds N          seconds of one measurement (15)
#   --soak-minutes N     (20)
#   --growth A,B         towns that the step growth compares (20000,200000); both have to be filled: --fill
#   --fill N             fills a town of N residents and ends
#   --fresh              throws away what is filled and fills again
#   --keep               goes on with the town as the run before left it, instead of a copy of the filled region
#   --dir D              where data and results lie (target/performance)
#   --binaries DIR       takes renkei, renkei-load and renkei-bare from there instead of building them
#
# The filled region stays for the next run, which asks a copy of it. Results: <dir>/<database>/results.jsonl. Needs curl, cargo, and
# PostgreSQL's programs for the half with PostgreSQL (Debian: apt-get install postgresql).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root="$PWD"
target="${CARGO_TARGET_DIR:-$root/target}"

residents=100000 rounds=3 seconds=15 warm=3 soak_minutes=20 overload_s=60 lines=10000 growth=20000,200000
databases="sqlite postgres" quick="" fresh="" keep_town="" fill_only="" dir="$target/performance" binaries=""
steps="start,sync,read,slip,emergency,growth,overload,csv,soak"
extra_crews=120

usage() {
    sed -n '2,22p' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//' >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case "$1" in
        --residents) residents="$2"; shift ;;
        --only) databases="$2"; shift ;;
        --steps) steps="$2"; shift ;;
        --rounds) rounds="$2"; shift ;;
        --seconds) seconds="$2"; shift ;;
        --soak-minutes) soak_minutes="$2"; shift ;;
        --growth) growth="$2"; shift ;;
        --fill) fill_only="$2"; shift ;;
        --dir) dir="$(realpath -m "$2")"; shift ;;
        --binaries) binaries="$(realpath "$2")"; shift ;;
        --fresh) fresh=yes ;;
        --keep) keep_town=yes ;;
        --quick) quick=yes residents=2000 rounds=1 seconds=5 warm=1 soak_minutes=1 overload_s=10 lines=500 growth=1000,2000 ;;
        *) usage ;;
    esac
    shift
done
case "$databases" in sqlite | postgres | "sqlite postgres") ;; *) usage ;; esac

cluster="$dir/cluster"
running=()
cluster_runs=""

say() { echo "$(date -u +%H:%M:%S) $*" >&2; }

# --- processes -------------------------------------------------------------------------------------------

finish() {
    local code=$?
    stop_all
    if [ -n "$cluster_runs" ]; then stop_cluster; fi
    if [ "$code" -ne 0 ]; then say "FAILED (see $dir/*/log-*)"; fi
}
trap finish EXIT

stop() {
    kill "$1" 2>/dev/null || true
    local waited=0
    while kill -0 "$1" 2>/dev/null && [ "$waited" -lt 400 ]; do sleep 0.1; waited=$((waited + 1)); done
    kill -9 "$1" 2>/dev/null || true
}

stop_all() {
    local pid
    for pid in "${running[@]}"; do stop "$pid"; done
    running=()
}

# launch NAME COMMAND…: starts a server; sets $base and $pid, keeps the line in $launched.
launch() {
    local name="$1"
    shift
    launched="$("$load" launch --label "$name" --log "$own/log-$name" -- "$@")"
    pid="$(sed 's/.*"pid":\([0-9]*\).*/\1/' <<<"$launched")"
    base="$(sed 's/.*"base":"\([^"]*\)".*/\1/' <<<"$launched")"
    running+=("$pid")
}

postgres_program() {
    local found
    found="$(find /usr/lib/postgresql -path "*/bin/$1" 2>/dev/null | sort -V | tail -n 1)"
    if [ -n "$found" ]; then echo "$found"; else command -v "$1" || true; fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# As in production: everything that makes a commit durable is on; a gigabyte of buffers, room for the log.
start_cluster() {
    [ -n "$(postgres_program initdb)" ] || { say "no PostgreSQL here: apt-get install postgresql, or --only sqlite"; exit 1; }
    mkdir -p "$cluster/socket"
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$cluster"; fi
    port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
    if [ ! -f "$cluster/data/PG_VERSION" ]; then
        as_postgres "$(postgres_program initdb)" --auth=trust --encoding=UTF8 --locale=C --username=postgres \
            -D "$cluster/data" >/dev/null
    fi
    as_postgres "$(postgres_program pg_ctl)" start -w -s -t 300 -D "$cluster/data" -l "$cluster/log" -o "-p $port \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories=$cluster/socket -c fsync=on \
        -c full_page_writes=on -c synchronous_commit=on -c max_connections=200 -c shared_buffers=1GB \
        -c effective_cache_size=4GB -c max_wal_size=4GB" </dev/null >/dev/null 2>&1
    cluster_runs=yes
    postmaster="$(head -n 1 "$cluster/data/postmaster.pid")"
    server="postgres://postgres@127.0.0.1:$port"
}

stop_cluster() {
    as_postgres "$(postgres_program pg_ctl)" stop -s -m fast -t 300 -D "$cluster/data" >/dev/null 2>&1 || true
    cluster_runs=""
}

sql() { "$(postgres_program psql)" -X -q -A -t -h 127.0.0.1 -p "$port" -U postgres -v ON_ERROR_STOP=1 -c "$2" "$1"; }

# --- data ------------------------------------------------------------------------------------------------

# town N: sets $town, the folder of N residents in the present database, and $url.
town() {
    town="$own/town-$1"
    if [ "$database" = sqlite ]; then url="sqlite://$town/renkei.db"; else url="$server/town_$1"; fi
}

# fill N: a region of N residents that nobody has asked yet. It stays as it is; renew copies it.
fill() {
    local full="$own/full-$1"
    if [ -n "$fresh" ]; then
        rm -rf "$full"
        if [ "$database" = postgres ]; then sql postgres "drop database if exists full_$1"; fi
    fi
    if [ -f "$full/filled" ]; then return; fi
    say "$database: filling $1 residents"
    local named=()
    if [ "$database" = postgres ]; then
        if [ -z "$(sql postgres "select 1 from pg_database where datname = 'full_$1'")" ]; then
            sql postgres "create database full_$1"
        fi
        named=(--database-url "$server/full_$1")
    fi
    "$renkei" demo --only-fill --residents "$1" --dir "$full" "${named[@]}" >&2
    if [ "$database" = postgres ]; then sql "full_$1" "vacuum analyze"; fi
    touch "$full/filled"
    du -sh "$full" "$cluster" 2>/dev/null >&2 || true
}

# renew N: the town is the filled region again. Slips of an earlier run would make every name, every number and every
# face more frequent than it was, and the same command would give other figures.
renew() {
    town "$1"
    say "$database: a copy of the region of $1"
    rm -rf "$town" "$own/targets-$1"
    cp -a --reflink=auto "$own/full-$1" "$town"
    # Or the copy is still on its way to the disk while commits wait for theirs.
    sync
    if [ "$database" = postgres ]; then
        sql postgres "drop database if exists town_$1"
        sql postgres "create database town_$1 template full_$1"
    fi
}

configuration() {
    cat >"$own/renkei-$1.toml" <<TOML
listen = "127.0.0.1:0"
data_dir = "$town"
profiles_dir = "$root/profiles"
database_url = "$url"
[tokens]
lifetime_max_s = 43200
[emergency]
searches_a_minute = 1000
cards_an_hour = 10000
[log]
filter = "warn"
TOML
}

# serve N: our server with N residents.
serve() {
    town "$1"
    configuration "$1"
    launch "renkei" "$renkei" --config "$own/renkei-$1.toml" serve
    ours="$base" our_pid="$pid"
}

token() {
    "$renkei" --config "$own/renkei-$1.toml" token --kind person --network kitamaru \
        --staff "$2" --profession "$3" --facility "$4"
}

caller() { printf '{"role":"%s","staff":"%s","facility":"%s","token":"%s"}\n' "$1" "$2" "$4" "$(token "$town_size" "$2" "$3" "$4")"; }

# Who asks: physicians and care managers read what their facilities wrote, care managers send, crews look up.
# More crews than the demo has, because each of them may search so often a minute and no more.
callers() {
    town_size="$1"
    targets="$own/targets-$1"
    callers="$targets/callers.jsonl"
    mkdir -p "$targets"
    if [ -f "$callers" ] && [ -n "$(find "$callers" -mmin -300)" ]; then return; fi
    say "$database: tokens"
    local n crews="" office
    for n in $(seq -f %04g "$extra_crews"); do
        crews="$crews${crews:+,}{\"id\":\"AL-$n\",\"name\":\"救急　$n\",\"profession\":\"ambulance_crew\",\"facility\":\"0190000001\"}"
    done
    office="$(token "$1" NO-0001 network_office 0100000001)"
    curl -sS --fail-with-body -X POST "$ours/networks/kitamaru/directory" -H "Authorization: Bearer $office" \
        -H 'Content-Type: application/json' -d "{\"facilities\":[],\"staff\":[$crews]}" >/dev/null
    {
        while IFS=, read -r id _ profession facility _; do
            case "$profession" in
                physician | care_manager)
                    if grep -q "^$facility,.*,yes,[a-z]*$" profiles/kitamaru/population/facilities.csv; then
                        caller reader "$id" "$profession" "$facility"
                    fi
                    ;;
            esac
            case "$profession" in
                care_manager) caller sender "$id" "$profession" "$facility" ;;
                ambulance_crew) caller crew "$id" "$profession" "$facility" ;;
            esac
        done < <(tail -n +2 profiles/kitamaru/population/staff.csv)
        for n in $(seq -f %04g "$extra_crews"); do caller crew "AL-$n" ambulance_crew 0190000001; done
    } >"$callers.new"
    mv "$callers.new" "$callers"
}

# prepare N: what can be asked for.
prepare() {
    callers "$1"
    if [ -f "$targets/targets.json" ]; then return; fi
    say "$database: collecting what can be asked for"
    "$renkei" demo people --residents "$1" --profiles profiles >"$targets/all-people.jsonl"
    "$load" prepare --base "$ours" --callers "$callers" --people "$targets/all-people.jsonl" --out "$targets" >&2
}

# --- results ---------------------------------------------------------------------------------------------

# keep: adds what standard input says to the results, under the present database and step. One at a time:
# two runs beside each other may end together.
keep() {
    local line
    while read -r line; do
        # At the end: of a name that stands twice, the last counts.
        line="${line%\}},\"database\":\"$database_name\",\"residents\":$residents,\"step\":\"$step\"}"
        (flock 9 && printf '%s\n' "$line" >>"$results") 9>"$results.lock"
    done
}

figure() { "$load" figure "$results" --database "$database_name" --label "$1" --place "$2" --times "${3:-1}"; }

tell() { say "$database: $1 $(figure "$1" "$2" 2>/dev/null || true) ${3:-}"; }

# against LABEL BASE PID ARGUMENTS…: a run of the tool against a server, kept.
against() {
    local label="$1" to="$2" of="$3" family=()
    shift 3
    if [ "$database" = postgres ]; then family=(--also-pid "$postmaster"); fi
    "$load" run --label "$label" --base "$to" --pid "$of" "${family[@]}" --targets "$targets" --callers "$callers" "$@" | keep
    tell "$label" /per_s "a second (median so far)"
}

timed() { echo "--warm-s $warm --seconds $seconds"; }

# --- steps -----------------------------------------------------------------------------------------------

# Start with the filled database, several times, and the memory of a server that nobody asks anything.
step_start() {
    local round
    for round in $(seq 3); do
        stop_all
        serve "$residents"
        sed 's/"label":"renkei"/"label":"start"/' <<<"$launched" | keep
    done
    tell start /ms ms
    "$load" watch --label memory-idle --pid "$our_pid" --seconds 10 | keep
    tell memory-idle /own_mb/peak MB
}

step_sync() {
    "$bare" sync --dir "$own" --seconds "$seconds" --json | sed 's/^{/{"label":"sync",/' | keep
    tell sync /sync_ms/p99 "ms p99"
}

# Ours and the limits in turn, so that a disk that drifts drifts for all.
step_read() {
    local round rows=() row row_pid read read_pid fixed fixed_pid n
    if [ "$database" = postgres ]; then
        if [ -z "$(sql postgres "select 1 from pg_database where datname = 'bare'")" ]; then sql postgres "create database bare"; fi
        rows=(--rows-url "$server/bare")
    fi
    launch fixed "$bare" serve --mode fixed --listen 127.0.0.1:0
    fixed="$base" fixed_pid="$pid"
    launch read "$bare" serve --mode read --database-url "$url" --listen 127.0.0.1:0
    read="$base" read_pid="$pid"
    launch row "$bare" serve --mode row --database-url "$url" --listen 127.0.0.1:0 "${rows[@]}"
    row="$base" row_pid="$pid"
    for round in $(seq "$rounds"); do
        against fixed-64 "$fixed" "$fixed_pid" --scenario read --connections 64 $(timed)
        against bare-64 "$read" "$read_pid" --scenario read --connections 64 $(timed)
        for n in 1 16 64; do
            against "row-$n" "$row" "$row_pid" --scenario read --connections "$n" $(timed)
            against "read-$n" "$ours" "$our_pid" --scenario read --connections "$n" $(timed)
        done
        against identifier-64 "$ours" "$our_pid" --scenario identifier --connections 64 $(timed)
        against name-64 "$ours" "$our_pid" --scenario name --connections 64 $(timed)
    done
    stop "$fixed_pid"
    stop "$read_pid"
    stop "$row_pid"
}

step_slip() {
    local round
    # What the limit writes are real slips' rows: there have to be some.
    against slip-first "$ours" "$our_pid" --scenario slip --connections 64 --warm-s 0 --seconds "$seconds"
    for round in $(seq "$rounds"); do
        "$bare" write --database-url "$url" --group 64 --seconds "$seconds" --json | sed 's/^{/{"label":"write",/' | keep
        against slip-64 "$ours" "$our_pid" --scenario slip --connections 64 $(timed)
    done
    tell write /records_per_s "records a second by (c)"
    tell slip-64 /ms/p99 "ms p99"
}

# Look-ups while slips come in at half of what was most.
step_emergency() {
    local round rate beside
    rate="$(figure slip-64 /per_s 0.5)"
    for round in $(seq "$rounds"); do
        against slip-half "$ours" "$our_pid" --scenario slip --rate "$rate" --warm-s 0 --seconds $((seconds + 2 * warm + 2)) &
        beside=$!
        sleep 1
        against emergency-16 "$ours" "$our_pid" --scenario emergency --connections 16 $(timed)
        wait "$beside"
    done
    tell emergency-16 /parts/search/ms/p99 "ms p99 of the search"
    tell emergency-16 /parts/card/ms/p99 "ms p99 of the card"
}

# The same names in a small and a large town.
step_growth() {
    local small="${growth%,*}" large="${growth#*,}" round small_base small_pid small_targets names
    [ -f "$own/full-$small/filled" ] || { say "$database: no town of $small: bash tools/performance.sh --only $database --fill $small"; town "$residents"; return; }
    [ -f "$own/full-$large/filled" ] || { say "$database: no town of $large: bash tools/performance.sh --only $database --fill $large"; town "$residents"; return; }
    stop_all
    for one in "$small" "$large"; do if [ "$one" != "$residents" ]; then renew "$one"; fi; done
    serve "$small"
    prepare "$small"
    small_base="$ours" small_pid="$our_pid" small_targets="$targets"
    serve "$large"
    callers "$large"
    # The large town is asked for the small one's names by its own people.
    names="$targets-names"
    mkdir -p "$names"
    cp "$small_targets/targets.json" "$small_targets/people.jsonl" "$names/"
    cp "$callers" "$names/"
    for round in $(seq "$rounds"); do
        targets="$small_targets" callers="$small_targets/callers.jsonl"
        against growth-small "$small_base" "$small_pid" --scenario name --connections 16 $(timed)
        targets="$names" callers="$names/callers.jsonl"
        against growth-large "$ours" "$our_pid" --scenario name --connections 16 $(timed)
    done
    stop_all
    serve "$residents"
    prepare "$residents"
}

# Three times what is most for a minute, with look-ups and a few quiet reads beside it.
step_overload() {
    local most rate began before=15 after=25 probe crew
    against mixed-64 "$ours" "$our_pid" --scenario mixed --connections 64 $(timed)
    most="$(figure mixed-64 /per_s)"
    rate="$(figure mixed-64 /per_s 3)"
    say "$database: overload with $rate a second, most is $most"
    began="$(date +%s.%N)"
    against overload-probe "$ours" "$our_pid" --scenario read --rate 50 --connections 64 --window-s 1 \
        --warm-s 2 --seconds $((before + overload_s + after)) &
    probe=$!
    sleep $((before + 2))
    against overload-emergency "$ours" "$our_pid" --scenario emergency --rate 10 --connections 64 --window-s 5 \
        --warm-s 0 --seconds $((overload_s + 5)) &
    crew=$!
    local from to
    from="$(date +%s.%N)"
    against overload "$ours" "$our_pid" --scenario mixed --rate "$rate" --connections 512 --window-s 5 \
        --warm-s 0 --seconds "$overload_s" --drain-s 60 --accepted "$own/accepted"
    to="$(date +%s.%N)"
    wait "$crew" "$probe"
    python3 -c "print('{\"what\":\"times\",\"label\":\"overload-times\",\"began_s\":%.1f,\"ended_s\":%.1f}' % ($from - $began - 2, $to - $began - 2))" | keep
    "$load" verify --label overload-verify --base "$ours" --callers "$callers" --accepted "$own/accepted" | keep
    tell overload-verify /lost "slips lost"
}

# A file among reads and look-ups: first both without it, then with it.
step_csv() {
    local n file other
    for n in quiet csv; do
        if [ "$n" = csv ]; then
            "$load" batch --label csv-file --base "$ours" --targets "$targets" --callers "$callers" --lines "$lines" >"$own/batch.json" &
            file=$!
            sleep 1
        fi
        against "$n-emergency" "$ours" "$our_pid" --scenario emergency --rate 10 --connections 64 --warm-s 1 --seconds "$seconds" &
        other=$!
        against "$n-read" "$ours" "$our_pid" --scenario read --rate 200 --connections 64 --warm-s 1 --seconds "$seconds"
        wait "$other"
        if [ "$n" = csv ]; then
            if kill -0 "$file" 2>/dev/null; then say "$database: the file is still on its way"; fi
            wait "$file"
            keep <"$own/batch.json"
        fi
    done
    tell csv-file /lines_per_s "lines a second"
}

# A day's mixture at half of what is most: what stays flat, and what does not.
step_soak() {
    local rate time wal file watcher
    time=$((soak_minutes * 60))
    against mixed-64 "$ours" "$our_pid" --scenario mixed --connections 64 $(timed)
    rate="$(figure mixed-64 /per_s 0.5)"
    if [ "$database" = sqlite ]; then wal="$town/renkei.db-wal" file="$town/renkei.db"; else wal="$cluster/data/pg_wal" file="$cluster/data/base"; fi
    "$load" watch --label soak-watch --pid "$our_pid" --wal "$wal" --database "$file" --seconds "$time" --out "$own/soak.jsonl" >"$own/watch.json" &
    watcher=$!
    against soak "$ours" "$our_pid" --scenario mixed --rate "$rate" --connections 64 --window-s 60 --warm-s 0 --seconds "$time"
    wait "$watcher"
    keep <"$own/watch.json"
    "$load" plot "$own/soak.jsonl" --out "$own/soak.svg" \
        --title "$database_name: $soak_minutes minutes at half of the maximum ($rate requests a second), $residents residents"
    if [ -z "$quick" ]; then cp "$own/soak.svg" "docs/soak-$database.svg"; fi
}

# --- all of it -------------------------------------------------------------------------------------------

build() {
    if [ -z "$binaries" ]; then
        say "building"
        cargo build --release --locked --quiet -p renkei -p renkei-load -p renkei-bare
        binaries="$target/release"
    fi
    renkei="$binaries/renkei" load="$binaries/renkei-load" bare="$binaries/renkei-bare"
}

measure() {
    database="$1"
    case "$database" in sqlite) database_name=SQLite ;; postgres) database_name=PostgreSQL ;; esac
    own="$dir/$database"
    results="$own/results.jsonl"
    mkdir -p "$own"
    if [ "$database" = postgres ]; then start_cluster; fi
    fill "${fill_only:-$residents}"
    if [ -z "$fill_only" ]; then
        if [ -z "$keep_town" ] || [ ! -f "$own/town-$residents/filled" ]; then renew "$residents"; fi
        serve "$residents"
        prepare "$residents"
        for step in ${steps//,/ }; do
            say "$database: step $step"
            # A step that is done again replaces what it found before.
            if [ -f "$results" ]; then
                grep -v "\"step\":\"$step\"}\$" "$results" >"$results.new" || true
                mv "$results.new" "$results"
            fi
            "step_$step"
        done
        stop_all
    fi
    if [ "$database" = postgres ]; then stop_cluster; fi
}

mkdir -p "$dir"
build
for one in $databases; do measure "$one"; done
if [ -z "$fill_only" ]; then
    files=()
    for one in $databases; do files+=("$dir/$one/results.jsonl"); done
    "$load" table "${files[@]}" | tee "$dir/table.md"
fi
say "done in $((SECONDS / 60)) minutes"
