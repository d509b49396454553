//! The shop's own server: the page, and behind it what the page may ask of Livewell.
//!
//! A real shop knows who has logged in, and writes the customer into the address itself. This one believes whoever
//! says who they are.

use crate::result::Result;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy};
use tokio::net::{TcpListener, TcpStream};

const PAGE: &str = include_str!("page.html");
/// The longest head of a request, and the longest body, in bytes.
const REQUEST_MAX: u64 = 64 << 10;

/// What of a request is passed on.
struct Request {
    method: String,
    target: String,
    last_event_id: Option<String>,
    body: Vec<u8>,
}

/// Serves until it is ended.
pub(crate) async fn serve(address: &str, livewell: &str) -> Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("the shop is open: http://{}/#c42", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        let livewell = livewell.to_owned();
        tokio::spawn(async move {
            if let Err(error) = answer(connection, &livewell).await {
                eprintln!("shop: {error}");
            }
        });
    }
}

async fn answer(mut browser: TcpStream, livewell: &str) -> Result<()> {
    let request = read(&mut browser).await?;
    let (path, values) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let target = match (request.method.as_str(), path) {
        ("GET", "/") => {
            let length = PAGE.len();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n";
            return Ok(browser
                .write_all(format!("{head}content-length: {length}\r\n\r\n{PAGE}").as_bytes())
                .await?);
        }
        ("GET", "/orders") => format!("/api/v1/queries/orders-of/changes?{values}"),
        ("GET", "/spent") => format!("/api/v1/queries/spent-by/changes?{values}"),
        ("POST", "/orders") => "/api/v1/sources/shop/changes".to_owned(),
        _ => {
            let refused = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return Ok(browser.write_all(refused.as_bytes()).await?);
        }
    };
    let mut behind = TcpStream::connect(livewell).await?;
    let last = request.last_event_id.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
    let (method, length) = (&request.method, request.body.len());
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {livewell}\r\nconnection: close\r\ncontent-length: {length}\r\n{last}\r\n"
    );
    behind.write_all(&[head.as_bytes(), &request.body].concat()).await?;
    let (mut from_livewell, _to_livewell) = behind.split();
    let (mut from_browser, mut to_browser) = browser.split();
    let gone = async { from_browser.read(&mut [0; 1]).await };
    tokio::select! {
        copied = copy(&mut from_livewell, &mut to_browser) => copied.map(drop)?,
        // A browser that is gone is not to be kept up to date any more.
        gone = gone => drop(gone),
    }
    Ok(())
}

async fn read(browser: &mut TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(browser).take(REQUEST_MAX);
    let mut line = String::new();
    reader.read_line(&mut line).await?;
    let mut words = line.split_whitespace().map(ToOwned::to_owned);
    let (method, target) = words.next().zip(words.next()).ok_or("a request without a target")?;
    let (mut last_event_id, mut length) = (None, 0);
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "last-event-id" => last_event_id = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse::<usize>()?,
            _ => {}
        }
    }
    let mut body = vec![0; length.min(usize::try_from(REQUEST_MAX)?)];
    reader.read_exact(&mut body).await?;
    Ok(Request { method, target, last_event_id, body })
}
