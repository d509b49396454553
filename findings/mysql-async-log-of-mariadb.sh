#!/usr/bin/env bash
# mysql_async follows the binary log of MariaDB, with three surprises.
# * The name of the file in the first event has four more bytes, which are the checksum of the event: the library asks for
#   checksums, the server sends one at once, and the reader expects none until the format is announced. A position made of
#   that name is refused later.
# * A reader that does not set @mariadb_slave_capability gets a BEGIN in the place of MariaDB's own events, until somebody
#   prepares an XA transaction: from then on the server ends its stream with error 1236, which is also the number of a log
#   that is gone, and a new connection comes to the same place.
# * With the capability, the events that begin a group (162: GTID) are none that the library knows: read_data returns
#   Ok(None), as it does for events without content. Who does not look at the raw type sees neither beginnings nor errors.
#
# Seen with mysql_async 0.37.1, mysql_common 0.37.3 and 10.11.19 on 2026-11-30.
. "$(dirname "$0")/lib/mariadb.sh"
. "$(dirname "$0")/lib/rust.sh"

mariadb server
sql "create database d; create table d.t (id int primary key);
     xa start 'x'; insert into d.t values (1); xa end 'x'; xa prepare 'x'; xa commit 'x'"
program=$(cat <<'PROGRAM'
use futures_util::StreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{BinlogStreamRequest, Conn, Error, Opts, Result, binlog::events::EventData};

async fn follow(capability: u8) -> Result<String> {
    let url = std::env::var("URL").expect("the server's URL");
    let mut conn = Conn::new(Opts::from_url(&url)?).await?;
    conn.query_drop(format!("SET @mariadb_slave_capability = {capability}")).await?;
    let request = BinlogStreamRequest::new(7).with_filename(b"log.000001").with_pos(4);
    let (mut stream, mut seen) = (conn.get_binlog_stream(request).await?, String::new());
    while let Some(event) = stream.next().await {
        let event = match event {
            Err(Error::Server(error)) => return Ok(format!("error {}", error.code)),
            event => event?,
        };
        match (event.header().event_type_raw(), event.read_data()?) {
            (4, Some(EventData::RotateEvent(rotate))) if seen.is_empty() => {
                seen = format!("a name of {} bytes", rotate.name_raw().len());
            }
            (162, data) => return Ok(format!("{seen}, {data:?}")),
            _ => {}
        }
    }
    Ok(seen)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    println!("{}; {}", follow(0).await?, follow(4).await?);
    Ok(())
}
PROGRAM
)
export URL="mysql://root@127.0.0.1:$PORT/"
seen=$(rust 'mysql_async = { version = "=0.37.1", default-features = false, features = ["minimal-rust", "binlog"] }
mysql_common = { version = "=0.37.3", default-features = false }
tokio = { version = "1", features = ["macros", "rt"] }
futures-util = "0.3"' <<<"$program")
echo "mysql_async 0.37.1"
expect "without the capability; with it, log.000001 and the beginning of a group" \
    "error 1236; a name of 14 bytes, None" "$seen"
