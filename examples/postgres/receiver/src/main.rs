//! Receives the example's webhooks: verifies each, shows it, and remembers its id so that none counts twice.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "showing what comes is what it is for")]

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use standardwebhooks::Webhook;
use std::collections::HashSet;
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The largest body that is accepted, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, secret] = arguments.as_slice() else {
        return Err("usage: shop-receiver ADDRESS SECRET".into());
    };
    let webhook = Webhook::new(secret)?;
    let mut seen = HashSet::new();
    for connection in TcpListener::bind(address)?.incoming() {
        // Livewell sends one message after another over one connection, and over a new one if that breaks.
        if let Err(error) = serve(&connection?, &webhook, &mut seen) {
            eprintln!("receiver: {error}");
        }
    }
    Ok(())
}

/// Answers requests until the other side ends the connection.
fn serve(connection: &TcpStream, webhook: &Webhook, seen: &mut HashSet<String>) -> Result<()> {
    let mut reader = BufReader::new(connection);
    while let Some((headers, body)) = request(&mut reader)? {
        let status = match take(webhook, &headers, &body, seen) {
            Ok(()) => "204 No Content",
            Err(error) => {
                eprintln!("receiver: refused: {error}");
                "401 Unauthorized"
            }
        };
        write!(&mut &*connection, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}

/// Reads the headers and the body of the next request, if there is one.
fn request(reader: &mut impl BufRead) -> Result<Option<(HeaderMap, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(value.trim())?);
    }
    let length: usize = headers.get("content-length").ok_or("a body without a length")?.to_str()?.parse()?;
    if length > BODY_BYTES_MAX {
        return Err("the body is too long".into());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((headers, body)))
}

fn take(webhook: &Webhook, headers: &HeaderMap, body: &[u8], seen: &mut HashSet<String>) -> Result<()> {
    webhook.verify(body, headers)?;
    let id = headers.get("webhook-id").ok_or("no webhook-id")?.to_str()?;
    if !seen.insert(id.to_owned()) {
        println!("  (again, and not counted: {id})");
        return Ok(());
    }
    let message: Json = serde_json::from_slice(body)?;
    for diff in message["results"].as_array().into_iter().flatten() {
        println!("{}", sentence(diff));
    }
    Ok(())
}

fn sentence(diff: &Json) -> String {
    let (kind, row) = match diff["type"].as_str() {
        Some("ADD") => ("large order ", &diff["data"]),
        Some("DELETE") => ("done with   ", &diff["data"]),
        _ => ("changed     ", &diff["after"]),
    };
    let euros = row["cents"].as_f64().unwrap_or_default() / 100.0;
    format!(
        "{kind} {} of {}, {}: {euros:.2}",
        row["id"],
        row["customer"].as_str().unwrap_or_default(),
        row["region"]
    )
}
