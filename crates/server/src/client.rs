//! A small blocking HTTP client for a running server, at an address or by the control socket of its store.

use crate::control;
use crate::failure::Failure;
use crate::refusal;
use crate::tls::Trust;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use futures::StreamExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use livewell_model::SmolStr;
use livewell_model::json::value_from_json;
use serde_json::Value as Json;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;

/// The longest line taken from a server, in bytes.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// A server.
pub struct Client {
    server: Server,
    runtime: Rc<Runtime>,
}

/// Where a server is.
#[derive(Clone)]
enum Server {
    /// At an address: the host and port to connect to, the prefix of paths, and for TLS what is trusted.
    Address { authority: Authority, prefix: String, trust: Option<Trust> },
    /// Behind the control socket in the directory of its store.
    Store(PathBuf),
}

/// An answer whose body was not read yet.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Pieces,
}

/// An answer that is read line by line.
pub struct Lines {
    reader: BufReader<Pieces>,
    headers: HeaderMap,
    server: Server,
}

/// The body of an answer.
struct Pieces {
    body: BodyDataStream,
    left: Bytes,
    runtime: Rc<Runtime>,
    /// Keeps the connection open.
    _sender: SendRequest<Body>,
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

impl Server {
    /// Returns the name of the server for messages.
    fn name(&self) -> String {
        match self {
            Self::Address { authority, prefix, trust } => {
                let scheme = if trust.is_some() { "https" } else { "http" };
                format!("{scheme}://{authority}{prefix}")
            }
            Self::Store(store) => format!("the process that runs {}", store.display()),
        }
    }

    async fn connect(&self) -> io::Result<Box<dyn Connection>> {
        match self {
            Self::Address { authority, trust, .. } => {
                let port = authority.port_u16().unwrap_or(if trust.is_some() { 443 } else { 80 });
                let host = authority.host();
                let stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
                match trust {
                    Some(trust) => Ok(Box::new(trust.connect(host, stream).await?)),
                    None => Ok(Box::new(stream)),
                }
            }
            Self::Store(store) => {
                let stream = control::connect(store)?.ok_or(io::ErrorKind::ConnectionRefused)?;
                stream.set_nonblocking(true)?;
                Ok(Box::new(UnixStream::from_std(stream)?))
            }
        }
    }

    /// Returns the failure of a call to this server, with what to do about it.
    fn no_answer(&self, why: impl std::fmt::Display) -> Failure {
        let name = self.name();
        Failure::failed(match self {
            Self::Address { .. } => format!(
                "no server answers at {name}: {why}. Name the configuration or the store that `livewell run` runs \
                 with `--config FILE` or `--store DIR`, or another address with `--server`. An address is served only \
                 if the configuration says so: `server: {{ listen: 127.0.0.1:7171 }}` [LW0710]"
            ),
            Self::Store(_) => format!("{name} does not answer: {why}; its log may say why [LW0710]"),
        })
    }

    /// Returns the failure of an answer that ended early.
    fn broke_off(&self, how: impl std::fmt::Display) -> Failure {
        let name = self.name();
        Failure::failed(format!("{name} broke off: {how}; its log may say why, else ask again [LW0710]"))
    }
}

impl Client {
    /// Creates a client of the server at `url`: `http://HOST:PORT`, also without the scheme, or `https://HOST:PORT`,
    /// where the certificates in the file `ca` are trusted, or without one those that the system trusts.
    ///
    /// # Errors
    /// Returns [`Failure::Usage`] if it is not an address that a client can use, or if the file cannot be used.
    pub fn at(url: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let rest = rest.trim_end_matches('/');
        let uri = format!("http://{rest}").parse::<Uri>().ok();
        let authority = uri.as_ref().and_then(|uri| uri.authority());
        let authority = authority.filter(|authority| !authority.as_str().contains('@'));
        let Some(authority) = authority.filter(|_| matches!(scheme, "http" | "https")) else {
            let message = format!("error: `{url}` is not `http://ADDRESS:PORT` or `https://ADDRESS:PORT`\n");
            return Err(Failure::Usage(message));
        };
        let trust = (scheme == "https").then(|| Trust::of(ca)).transpose()?;
        let prefix = rest[authority.as_str().len()..].to_owned();
        Self::of(Server::Address { authority: authority.clone(), prefix, trust })
    }

    /// Creates a client of the process that runs the store in this directory.
    ///
    /// # Errors
    /// Returns an error if the system refuses what the client needs.
    pub fn of_store(store: &Path) -> Result<Self, Failure> {
        Self::of(Server::Store(store.to_owned()))
    }

    /// Returns what creates another client of the same server, on any thread.
    pub fn another(&self) -> impl FnOnce() -> Result<Self, Failure> + Send + 'static {
        let server = self.server.clone();
        move || Self::of(server)
    }

    fn of(server: Server) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { server, runtime: Rc::new(runtime) })
    }

    /// Sends a `GET` for JSON.
    pub fn get(&self, path: &str) -> Result<Json, Failure> {
        self.json(self.call(Method::GET, path, None, "")?)
    }

    /// Sends a `GET` for JSON that may not be there.
    pub fn find(&self, path: &str) -> Result<Option<Json>, Failure> {
        self.get_unless(StatusCode::NOT_FOUND, path)
    }

    /// Sends a `GET` for JSON that the token may not be allowed to read.
    pub fn permitted(&self, path: &str) -> Result<Option<Json>, Failure> {
        self.get_unless(StatusCode::FORBIDDEN, path)
    }

    fn get_unless(&self, status: StatusCode, path: &str) -> Result<Option<Json>, Failure> {
        let answer = self.send(Method::GET, path, None, "")?;
        if answer.status == status {
            return Ok(None);
        }
        self.json(self.succeeded(answer)?).map(Some)
    }

    /// Sends a `POST` without a body, for JSON.
    pub fn post(&self, path: &str) -> Result<Json, Failure> {
        self.post_text(path, "")
    }

    /// Sends a `POST` with text, for JSON.
    pub fn post_text(&self, path: &str, text: &str) -> Result<Json, Failure> {
        self.json(self.call(Method::POST, path, None, text)?)
    }

    /// Sends a `DELETE`, for JSON if there is an answer.
    pub fn delete(&self, path: &str) -> Result<Json, Failure> {
        let answer = self.call(Method::DELETE, path, None, "")?;
        if answer.status == StatusCode::NO_CONTENT { Ok(Json::Null) } else { self.json(answer) }
    }

    /// Sends a `POST` without a body, for bytes that are written to what `begin` makes of the values of these headers.
    /// Returns both.
    pub fn download<const N: usize, W: Write>(
        &self,
        path: &str,
        names: [&str; N],
        begin: impl FnOnce(&[Option<String>; N]) -> W,
    ) -> Result<([Option<String>; N], W), Failure> {
        let Answer { headers, mut body, .. } = self.call(Method::POST, path, None, "")?;
        let value = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let values = names.map(value);
        let mut out = begin(&values);
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = body.read(&mut piece).map_err(|error| self.server.broke_off(error))?;
            if read == 0 {
                return Ok((values, out));
            }
            out.write_all(&piece[..read])?;
        }
    }

    /// Sends a `GET` for text, which is written as it comes.
    pub fn text(&self, path: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let mut body = self.call(Method::GET, path, None, "")?.body;
        let mut piece = vec![0; 64 << 10];
        loop {
            match body.read(&mut piece).map_err(|error| self.server.broke_off(error))? {
                0 => return Ok(()),
                read => out.write_all(&piece[..read])?,
            }
        }
    }

    /// Sends a `GET` for lines.
    pub fn lines(&self, path: &str, accept: &str) -> Result<Lines, Failure> {
        let Answer { headers, body, .. } = self.call(Method::GET, path, Some(accept), "")?;
        Ok(Lines { reader: BufReader::new(body), headers, server: self.server.clone() })
    }

    fn call(&self, method: Method, path: &str, accept: Option<&str>, body: &str) -> Result<Answer, Failure> {
        self.succeeded(self.send(method, path, accept, body)?)
    }

    fn send(&self, method: Method, path: &str, accept: Option<&str>, body: &str) -> Result<Answer, Failure> {
        let request = self.request(method, path, accept, body)?;
        let sent = self.runtime.block_on(async {
            let stream = self.server.connect().await.map_err(|error| error.to_string())?;
            let (mut sender, connection) =
                handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
            // It makes progress whenever this runtime waits for something; its failures show there.
            tokio::spawn(connection);
            let answer = sender.send_request(request).await.map_err(|error| refusal::no_answer(&error))?;
            Ok::<_, String>((sender, answer))
        });
        let (sender, answer) = sent.map_err(|why| self.server.no_answer(why))?;
        let (parts, body) = answer.into_parts();
        let (body, runtime) = (Body::new(body).into_data_stream(), self.runtime.clone());
        let body = Pieces { body, left: Bytes::new(), runtime, _sender: sender };
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }

    /// Returns the answer, unless it is a refusal.
    fn succeeded(&self, answer: Answer) -> Result<Answer, Failure> {
        let status = answer.status;
        if status.is_success() {
            return Ok(answer);
        }
        let problem = self.json(answer).unwrap_or_default();
        let (detail, code) = (problem["detail"].as_str(), problem["code"].as_str());
        Err(match (detail, code) {
            (Some(detail), Some(code)) => refusal::failure(detail, code),
            _ => refusal::of_another(&self.server.name(), status.as_u16()),
        })
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        accept: Option<&str>,
        body: &str,
    ) -> Result<Request<Body>, Failure> {
        let (host, path) = match &self.server {
            Server::Address { authority, prefix, .. } => (authority.as_str(), format!("{prefix}{path}")),
            Server::Store(_) => ("localhost", path.to_owned()),
        };
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        if let (Server::Address { .. }, Ok(token)) = (&self.server, std::env::var(refusal::TOKEN)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        request
            .body(Body::from(body.to_owned()))
            .map_err(|error| Failure::Usage(format!("error: this cannot be asked of a server: {error}\n")))
    }

    fn json(&self, answer: Answer) -> Result<Json, Failure> {
        let mut text = Vec::new();
        answer.body.take(LINE_BYTES_MAX).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map_err(|_| {
            Failure::failed(format!("{} does not answer as a Livewell does [LW0710]", self.server.name()))
        })
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() {
            match self.runtime.block_on(self.body.next()) {
                Some(piece) => self.left = piece.map_err(io::Error::other)?,
                None => return Ok(0),
            }
        }
        let length = self.left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.left.split_to(length));
        Ok(length)
    }
}

impl Lines {
    /// Returns a header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the next line without its end; `None` at the end.
    pub fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line);
        let read = read.map_err(|error| self.broke_off(error))?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok((read > 0).then_some(line))
    }

    /// Returns the failure of an answer that ended early.
    pub fn broke_off(&self, how: impl std::fmt::Display) -> Failure {
        self.server.broke_off(how)
    }
}

/// Returns `text` encoded for the query of an address.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Returns the query of an address with these parameters; nothing for none.
pub fn parameters(values: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        values.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Returns a row as a server sends it, and the names of its columns.
pub fn row(json: &Json) -> Option<(crate::render::Row, Vec<SmolStr>)> {
    let signature = u64::from_str_radix(json["row_signature"].as_str()?, 16).ok()?;
    let (names, columns) = columns(&json["data"])?;
    Some(((signature, columns), names))
}

/// Returns the values of a row's `data` and their names.
pub fn columns(data: &Json) -> Option<(Vec<SmolStr>, livewell_model::diff::Columns)> {
    let data = data.as_object()?;
    let names = data.keys().map(SmolStr::from).collect();
    let values = data.values().map(value_from_json).collect::<Result<Vec<_>, _>>().ok()?;
    Some((names, values.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(url: &str) -> Option<String> {
        Client::at(url, None).ok().map(|client| client.server.name())
    }

    #[test]
    fn an_address_is_one_with_a_scheme_and_without() {
        for (url, expected) in [
            ("localhost:7391", "http://localhost:7391"),
            ("http://127.0.0.1:7171/", "http://127.0.0.1:7171"),
            ("[::1]:7171", "http://[::1]:7171"),
            ("http://proxy.test/livewell/", "http://proxy.test/livewell"),
            ("https://livewell.test:8443/", "https://livewell.test:8443"),
        ] {
            assert_eq!(name(url).as_deref(), Some(expected), "{url}");
        }
        for url in ["ftp://x", "http://", "https://", "", "a b", "http://user:secret@localhost"] {
            assert_eq!(name(url), None, "{url}");
        }
    }
}
