#!/usr/bin/env bash
# A publication is dropped and recreated while a slot exists: commits in between are decoded with the catalogs of that
# time, which have no such publication. PostgreSQL 17 stops with an error for as long as the slot is at that place.
# PostgreSQL 18 warns in the server's log and continues, and the rows are missing for good: nothing in the stream shows it.
#
# Seen with 17.10 and 18.4 on 2026-11-28.
. "$(dirname "$0")/lib/postgres.sh"

stream='select count(*)::int from pg_logical_slot_peek_binary_changes($$s$$, null, null, $$proto_version$$, $$1$$,
    $$publication_names$$, $$p$$) where get_byte(data, 0) = ascii($$I$$)'

for version in 17.10.0-beta.17 18.4.0-beta.17; do
    postgres "$version"
    sql "$PORT" "create table t (id int primary key); create publication p for table t"
    sql "$PORT" "select from pg_create_logical_replication_slot('s', 'pgoutput')" >/dev/null
    sql "$PORT" "insert into t values (1)"
    sql "$PORT" "drop publication p"
    sql "$PORT" "insert into t values (2)"
    sql "$PORT" "create publication p for table t"
    sql "$PORT" "insert into t values (3)"
    seen=$(sql "$PORT" "$stream" || true)
    case $version in
    17.*) expect "rows in the stream, of 3" 'ERROR 42704: publication "p" does not exist' "$seen" ;;
    18.*) expect "rows in the stream, of 3" '\[2\]' "$seen" ;;
    esac
done
