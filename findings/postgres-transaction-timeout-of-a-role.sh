#!/usr/bin/env bash
# transaction_timeout (17 and later) that is set on a role runs from the start of each transaction. SET LOCAL to a larger
# value within the transaction changes the output of SHOW but not the running timer: the session ends at the old limit.
# SET LOCAL to 0 does stop the timer, so setting 0 first and then the larger value works. lock_timeout and
# statement_timeout follow SET LOCAL to any value.
#
# Seen with 17.10 and 18.4 on 2026-11-28.
. "$(dirname "$0")/lib/postgres.sh"

ended='ERROR 25P04: terminating connection due to transaction timeout'
for version in 17.10.0-beta.17 18.4.0-beta.17; do
    postgres "$version"
    sql "$PORT" "alter role postgres set transaction_timeout = '500ms'"
    try() { sql "$PORT" "begin; $1; select pg_sleep(1.5)::text; select current_setting('transaction_timeout')" || true; }
    expect "a larger value" "$ended" "$(try "set local transaction_timeout = '1h'" | tail -1)"
    expect "0" '\["0"\]' "$(try "set local transaction_timeout = 0" | tail -1)"
    expect "0, then a larger value" '\["1h"\]' \
        "$(try "set local transaction_timeout = 0; set local transaction_timeout = '1h'" | tail -1)"
done
