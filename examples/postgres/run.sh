#!/usr/bin/env bash
# A shop in PostgreSQL and Livewell over it: see README.md.
#
#   run.sh          starts everything and runs until Ctrl-C, which ends everything it started
#   run.sh check    compares the synced table with the same query in SQL, while it runs
#   run.sh clean    removes what it made
#
# LIVEWELL=PATH runs that binary, with `shop-receiver` beside it, and builds nothing.
set -euo pipefail
example=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

export SHOP_RUN=${SHOP_RUN:-$example/run}
export SHOP_PORT=${SHOP_PORT:-54329} LIVEWELL_PORT=${LIVEWELL_PORT:-7171} RECEIVER_PORT=${RECEIVER_PORT:-8090}
export SHOP_URL="postgres://postgres@127.0.0.1:$SHOP_PORT/postgres?sslmode=disable"
export HOOK_SECRET=whsec_bGl2ZXdlbGwtZXhhbXBsZS1zaG9wLXNlY3JldA==
rate=${SHOP_RATE:-20} seconds=${SHOP_SECONDS:-86400}      # actions per second, and for how long

say() { printf '\033[1m%s\033[0m\n' "$*"; }

programs() {
    local all=(/usr/lib/postgresql/*/bin)
    if [ -x "${all[-1]}/initdb" ]; then
        echo "${all[-1]}"
    elif command -v initdb >/dev/null; then
        dirname "$(command -v initdb)"
    else
        echo "PostgreSQL is not installed; on Debian and Ubuntu: apt-get install postgresql" >&2
        exit 1
    fi
}
bin=$(programs)

# PostgreSQL does not run as root.
as_user() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

sql() { "$bin/psql" --no-psqlrc --quiet --no-align --tuples-only -v ON_ERROR_STOP=1 -d "${SHOP_URL%%\?*}" "$@"; }

check() {
    if ! sql -c "select" >/dev/null 2>&1; then
        echo "the shop's database does not run; it does while run.sh runs" >&2
        exit 1
    fi
    sql -c "select count(*) || ' customers wait for ' || sum(orders) || ' orders; differences: ' ||
        (select count(*) from ((table open_by_customer_asked except table open_by_customer)
            union all (table open_by_customer except table open_by_customer_asked)) as different)
        from open_by_customer_asked"
}

case ${1:-run} in
    run) ;;
    check) check; exit ;;
    clean) rm -rf "$SHOP_RUN"; exit ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

started=()
finish() {
    trap - EXIT INT TERM
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait "${started[@]}" 2>/dev/null || true
    as_user "$bin/pg_ctl" --silent -D "$SHOP_RUN/postgres" -m fast stop 2>/dev/null || true
}
trap finish EXIT
trap 'exit 0' INT TERM

if [ -z "${LIVEWELL:-}" ]; then
    say "building Livewell"
    (cd "$example/../.." && cargo build --release -p livewell-server -p shop-receiver)
    LIVEWELL=$example/../../${CARGO_TARGET_DIR:-target}/release/livewell
    [ -z "${CARGO_TARGET_DIR:-}" ] || LIVEWELL=$CARGO_TARGET_DIR/release/livewell
fi

mkdir -p "$SHOP_RUN"
fresh=false
if [ ! -d "$SHOP_RUN/postgres" ]; then
    fresh=true
    say "making a database cluster in $SHOP_RUN/postgres"
    mkdir "$SHOP_RUN/postgres"
    [ "$(id -u)" -ne 0 ] || chown postgres "$SHOP_RUN/postgres"
    as_user "$bin/initdb" -D "$SHOP_RUN/postgres" -U postgres -A trust -E UTF8 --locale=C >/dev/null
fi
as_user "$bin/pg_ctl" --silent -D "$SHOP_RUN/postgres" -l "$SHOP_RUN/postgres/log" -w start \
    -o "-p $SHOP_PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c wal_level=logical"
if $fresh; then sql --single-transaction -f "$example/shop.sql"; fi

"$(dirname "$LIVEWELL")/shop-receiver" "127.0.0.1:$RECEIVER_PORT" "$HOOK_SECRET" &
started+=($!)
"$bin/pgbench" --no-vacuum --client=2 --rate="$rate" --time="$seconds" -f "$example/workload.sql" "${SHOP_URL%%\?*}" \
    &>"$SHOP_RUN/workload.log" &
started+=($!)

# Kill it as you like: it is started again, and resumes where it was.
keep_running() {
    trap 'kill "$livewell" 2>/dev/null; wait "$livewell" 2>/dev/null; exit' TERM
    while true; do
        "$LIVEWELL" run "$example/livewell.yaml" --log-level warn &
        livewell=$!
        echo "$livewell" >"$SHOP_RUN/livewell.pid"
        wait "$livewell" && return
        say "Livewell has ended; starting it again"
        sleep 1
    done
}
keep_running &
started+=($!)

say "a live page of each customer's open orders: http://127.0.0.1:$LIVEWELL_PORT/#open-by-customer"
say "the messages about large orders follow; Ctrl-C ends everything"
wait
