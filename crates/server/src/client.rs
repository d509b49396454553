//! Asking a running server: a small blocking HTTP client for the commands.

use crate::command::Failure;
use livewell_model::SmolStr;
use livewell_model::json::value_from_json;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read};

/// Where a server listens if nothing else is said.
pub const DEFAULT: &str = "http://127.0.0.1:7171";
/// The longest line taken from a server, in bytes.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// A server.
pub struct Client {
    base: String,
}

/// An answer that is read line by line.
pub struct Lines {
    reader: BufReader<minreq::ResponseLazy>,
    base: String,
}

impl Client {
    /// The server at `url`, or the one at the default address.
    ///
    /// # Errors
    /// Where it is no address of a kind that can be asked.
    pub fn new(url: Option<&str>) -> Result<Self, Failure> {
        let base = url.unwrap_or(DEFAULT).trim_end_matches('/').to_owned();
        if base.starts_with("http://") {
            return Ok(Self { base });
        }
        Err(Failure::Usage(format!(
            "error: `{base}` is not `http://ADDRESS:PORT`, the only kind of server known here\n"
        )))
    }

    /// `GET` of JSON.
    pub fn get(&self, path: &str) -> Result<Json, Failure> {
        self.json(self.request(minreq::get(self.url(path)))?)
    }

    /// `POST` without a body, for JSON.
    pub fn post(&self, path: &str) -> Result<Json, Failure> {
        self.json(self.request(minreq::post(self.url(path)))?)
    }

    /// `POST` of text, for JSON.
    pub fn post_text(&self, path: &str, text: &str) -> Result<Json, Failure> {
        self.json(self.request(minreq::post(self.url(path)).with_body(text))?)
    }

    /// `GET` of lines.
    pub fn lines(&self, path: &str, accept: &str) -> Result<Lines, Failure> {
        let request = minreq::get(self.url(path)).with_header("accept", accept);
        let response = self.request(request)?;
        Ok(Lines { reader: BufReader::new(response), base: self.base.clone() })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn request(&self, request: minreq::Request) -> Result<minreq::ResponseLazy, Failure> {
        let request = match std::env::var("LIVEWELL_TOKEN") {
            Ok(token) => request.with_header("authorization", format!("Bearer {token}")),
            Err(_) => request,
        };
        let response = request.send_lazy().map_err(|error| {
            Failure::failed(format!(
                "no server answers at {}: {error}; start one with `livewell run`, name another with `--server`, \
                 or use a store that no process runs with `--store`. A run listens only if its configuration says so: \
                 `server: {{ listen: 127.0.0.1:7171 }}` [LW0710]",
                self.base
            ))
        })?;
        if (200..300).contains(&response.status_code) {
            return Ok(response);
        }
        let status = response.status_code;
        let problem = self.json(response).unwrap_or_default();
        let (detail, code) = (problem["detail"].as_str(), problem["code"].as_str());
        Err(Failure::failed(match (detail, code) {
            (Some(detail), Some(code)) => format!("{detail} [{code}]"),
            _ => {
                format!("{} answers with status {status}; is a Livewell listening there? [LW0710]", self.base)
            }
        }))
    }

    fn json(&self, response: minreq::ResponseLazy) -> Result<Json, Failure> {
        let mut text = Vec::new();
        response.take(LINE_BYTES_MAX).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map_err(|_| {
            Failure::failed(format!("{} does not answer as a Livewell does [LW0710]", self.base))
        })
    }
}

impl Lines {
    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.reader.get_ref().headers.iter();
        headers.find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The next line without its end; `None` at the end.
    pub fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line);
        let read = read.map_err(|error| self.broke_off(error))?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok((read > 0).then_some(line))
    }

    /// The failure by which an answer is told that did not come to its end.
    pub fn broke_off(&self, how: impl std::fmt::Display) -> Failure {
        Failure::failed(format!(
            "{} broke off: {how}; its log may say why, else ask again [LW0710]",
            self.base
        ))
    }
}

/// `text` as it stands in the query of an address.
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

/// A row as a server sends it, and the names of its columns.
pub fn row(json: &Json) -> Option<(crate::render::Row, Vec<SmolStr>)> {
    let signature = u64::from_str_radix(json["row_signature"].as_str()?, 16).ok()?;
    let (names, columns) = columns(&json["data"])?;
    Some(((signature, columns), names))
}

/// The values of a row's `data` and their names.
pub fn columns(data: &Json) -> Option<(Vec<SmolStr>, livewell_model::diff::Columns)> {
    let data = data.as_object()?;
    let names = data.keys().map(SmolStr::from).collect();
    let values = data.values().map(value_from_json).collect::<Result<Vec<_>, _>>().ok()?;
    Some((names, values.into()))
}
