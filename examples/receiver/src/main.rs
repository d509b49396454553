//! Prints the body of every POST that it gets, and accepts it: a target for trying reactions out.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "showing what comes is what it is for")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// The largest body that is accepted, in bytes.
const BODY_BYTES_MAX: u64 = 1 << 20;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8090".into());
    let listener = TcpListener::bind(&address)?;
    eprintln!("waiting for webhooks at http://{}/", listener.local_addr()?);
    for connection in listener.incoming() {
        let connection = connection?;
        std::thread::spawn(move || {
            if let Err(error) = serve(&connection) {
                eprintln!("receiver: {error}");
            }
        });
    }
    Ok(())
}

/// Answers requests until the other side ends the connection.
fn serve(connection: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    while let Some(body) = body(&mut reader)? {
        println!("{}", String::from_utf8_lossy(&body).trim_end());
        (&mut &*connection).write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
    Ok(())
}

/// Reads the next request and returns its body; `None` at the end of the connection.
fn body(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| io::Error::other("the length is not a number"))?;
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(io::Error::other("the body is too long"));
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(body))
}
