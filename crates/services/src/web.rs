//! A web server for one test that answers as it is told: accepts, refuses, hangs, cuts and lies.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

impl Request {
    /// Returns the header `webhook-id`.
    ///
    /// # Panics
    /// If there is none.
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answers with this status and these header lines.
    Answer(u16, &'static str),
    /// Answers 200 and this body.
    Say(String),
    /// Answers with this status and this body.
    Refuse(u16, String),
    /// Says nothing and keeps the connection open.
    Hang,
    /// Answers after a while.
    Slow(Duration),
    /// Reads the request and cuts the connection.
    Cut,
    /// Answers with something that is not HTTP.
    Garble,
    /// Answers 200 and promises a body that does not come.
    Promise,
}

type Script = dyn Fn(&Request, usize) -> Act + Send + Sync;

/// Listens until the process ends.
pub struct Web {
    port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    script: Arc<Mutex<Arc<Script>>>,
}

impl Web {
    /// Starts a server that accepts everything.
    pub fn start() -> Self {
        Self::scripted(|_, _| Act::Answer(200, ""))
    }

    /// Starts a server that does what `script` says for each request and the number of requests before it.
    pub fn scripted(script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine can be listened on");
        let web = Self {
            port: listener.local_addr().expect("a listener has an address").port(),
            seen: Arc::default(),
            script: Arc::new(Mutex::new(Arc::new(script))),
        };
        let (seen, script) = (web.seen.clone(), web.script.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, script) = (seen.clone(), script.clone());
                std::thread::spawn(move || {
                    // The connection ends when the client, or the act, ends it.
                    while serve(&stream, &seen, &script).is_some() {}
                });
            }
        });
        web
    }

    /// Follows another script from now on.
    pub fn set(&self, script: impl Fn(&Request, usize) -> Act + Send + Sync + 'static) {
        *lock(&self.script) = Arc::new(script);
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Returns the port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns every request so far.
    pub fn seen(&self) -> Vec<Request> {
        lock(&self.seen).clone()
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Request>>, script: &Mutex<Arc<Script>>) -> Option<()> {
    let request = read(stream)?;
    let act = {
        let mut seen = lock(seen);
        seen.push(request.clone());
        let script = lock(script).clone();
        script(&request, seen.len() - 1)
    };
    let mut out = stream;
    let answer = match &act {
        Act::Answer(status, headers) => {
            let body = if *status == 200 { "" } else { "no\nthanks" };
            format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
        }
        Act::Say(body) => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
        Act::Refuse(status, body) => {
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Act::Hang => {
            crate::pause(Duration::from_secs(3));
            return None;
        }
        Act::Slow(time) => {
            crate::pause(*time);
            "HTTP/1.1 204 OK\r\n\r\n".into()
        }
        Act::Cut => return None,
        Act::Garble => "SSH-2.0-OpenSSH_9.2\r\n\r\n".into(),
        Act::Promise => "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nand so".into(),
    };
    out.write_all(answer.as_bytes()).ok()?;
    matches!(act, Act::Answer(..) | Act::Say(_) | Act::Refuse(..) | Act::Slow(_)).then_some(())
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?];
    reader.read_exact(&mut body).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    Some(Request { path, headers, body: String::from_utf8(body).ok()? })
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
