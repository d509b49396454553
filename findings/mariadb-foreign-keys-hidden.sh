#!/usr/bin/env bash
# information_schema.referential_constraints is empty, without an error, for a user who may only read a table; its columns
# and indexes are all shown. Whoever looks there for foreign keys that cascade (InnoDB does not log the rows that they
# change) with the rights of a reader finds that there are none. SHOW CREATE TABLE has them.
#
# Seen with 10.11.19 on 2026-11-30.
. "$(dirname "$0")/lib/mariadb.sh"

mariadb server
sql "create database d; create table d.p (id int primary key);
     create table d.c (id int primary key, p int, foreign key (p) references d.p (id) on delete cascade);
     create user reader; grant select on d.* to reader"
rules="select count(*) from information_schema.referential_constraints where constraint_schema = 'd'"
expect "for the owner" "1" "$(sql "$rules")"
as_reader() { sql "$1" --user=reader; }
expect "for a reader" "0" "$(as_reader "$rules")"
expect "in the definition, for a reader" ".*ON DELETE CASCADE.*" "$(as_reader 'show create table d.c')"
