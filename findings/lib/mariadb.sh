# The system's MariaDB for findings: `mariadb FOLDER ARGUMENT...` makes a server in a new folder, starts it without a
# password, and leaves its port in $PORT; `sql STATEMENTS OPTION...` runs statements there and prints rows, with tabs
# between values. $PLACE is a temporary folder that the server's user can write to. Everything is gone when the script
# ends.

set -euo pipefail
PLACE=$(mktemp -d)
SERVERS=()

finish() {
    for server in "${SERVERS[@]}"; do kill -KILL "$server" 2>/dev/null || true; done
    wait 2>/dev/null
    rm -rf "$PLACE"
}
trap finish EXIT

# The server refuses to run as root.
as_server() {
    if [ "$(id -u)" -ne 0 ]; then exec "$@"; else exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; fi
}
if [ "$(id -u)" -eq 0 ]; then chown 65534:65534 "$PLACE"; fi

mariadb() {
    local data="$PLACE/$1"
    shift
    (as_server mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
        --tmpdir="$PLACE" --datadir="$data") >"$PLACE/log" 2>&1
    PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    (as_server mariadbd --no-defaults --datadir="$data" --tmpdir="$PLACE" --socket="$data.socket" --port="$PORT" \
        --bind-address=127.0.0.1 --skip-name-resolve --log-bin=log --server-id=1 --binlog-format=ROW "$@") \
        >>"$PLACE/log" 2>&1 &
    SERVERS+=("$!")
    until sql 'do 1' >/dev/null 2>&1; do sleep 0.2; done
    echo "MariaDB $(sql 'select version()')"
}

sql() {
    command mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$PORT" --user=root --batch \
        --skip-column-names --execute="$1" "${@:2}"
}

# Fails if the outcome is not the same as before: `expect WHAT PATTERN SEEN`.
expect() {
    if [[ $3 =~ ^$2$ ]]; then echo "  $1: $3"; else echo "$1: expected $2, saw: $3" >&2; exit 1; fi
}
