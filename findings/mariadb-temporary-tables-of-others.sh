#!/usr/bin/env bash
# A server that starts deletes every file in its folder for temporary files whose name begins as those of temporary tables
# do. The default is the system's: servers that share it take each other's temporary tables away. mariadb-install-db runs
# a server too, so of two that make new servers at once, one fails now and then: `Unknown table 'mysql.tmp_user_sys'`.
#
# Seen with 10.11.19 on 2026-11-30.
. "$(dirname "$0")/lib/mariadb.sh"

mariadb one
sql "create database d"
# A session keeps a temporary table in use, while another server starts in the same folder.
mkfifo "$PLACE/statements"
command mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$PORT" --user=root --batch --skip-column-names \
    --unbuffered --force <"$PLACE/statements" >"$PLACE/answers" 2>&1 &
SERVERS+=("$!")
exec 3>"$PLACE/statements"
echo "create temporary table d.t (a int) engine=MyISAM; insert into d.t values (7); flush tables; select a from d.t;" >&3
until grep -qs 7 "$PLACE/answers"; do sleep 0.1; done
files() { find "$PLACE" -maxdepth 1 -name '#sql*' | wc -l; }
expect "files of the table" "[1-9]" "$(files)"
mariadb another
expect "files of the table after another server has started" "0" "$(files)"
