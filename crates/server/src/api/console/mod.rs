//! The web console: `GET /` is its page, and `GET /assets/NAME` its script, style and icon.
//!
//! The files in `built` are made from `web/` by `cargo xtask web --write` and are compressed. Their addresses have a hash of
//! what they hold, so a browser keeps them for good, and a page never comes with the files of another version.

use super::call::{Call, call};
use super::context::Shared;
use super::description::written;
use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const PAGE: &str = include_str!("built/index.html");
const SCRIPT: &[u8] = include_bytes!("built/console.js.gz");
const STYLE: &[u8] = include_bytes!("built/style.css.gz");
const ICON: &[u8] = include_bytes!("built/icon.svg.gz");

/// The page runs its own files and calls its own server, and nothing else. Text never becomes markup or code: no script may
/// write either into the page. No other page may show this one in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
/// A name stands for what the file holds, so a browser need not ask again for a year.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// A browser that has seen the page by TLS asks for it in no other way for a year.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// A file of the console.
struct Asset {
    name: String,
    content_type: &'static str,
    /// Compressed with gzip, which every browser reads.
    bytes: &'static [u8],
}

impl Asset {
    /// Creates a file `STEM-HASH.EXTENSION`.
    fn new(stem: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { name: format!("{stem}-{}.{extension}", hash(bytes)), content_type, bytes }
    }

    fn address(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

/// The page and its files, under the names of this build.
struct Console {
    page: Bytes,
    etag: HeaderValue,
    assets: [Asset; 3],
}

static CONSOLE: LazyLock<Console> = LazyLock::new(|| {
    let script = Asset::new("console", "js", "text/javascript; charset=utf-8", SCRIPT);
    let style = Asset::new("style", "css", "text/css; charset=utf-8", STYLE);
    let icon = Asset::new("icon", "svg", "image/svg+xml", ICON);
    let page = PAGE
        .replace("{script}", &script.address())
        .replace("{style}", &style.address())
        .replace("{icon}", &icon.address());
    let etag = HeaderValue::from_str(&format!("\"{}\"", hash(page.as_bytes())));
    Console {
        page: page.into(),
        etag: etag.expect("digits are a header's value"),
        assets: [script, style, icon],
    }
});

/// Returns the beginning of a hash, in hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// Returns the calls.
pub fn calls() -> Vec<Call> {
    let page = call(Method::GET, "/", page, "The console");
    let asset = call(
        Method::GET,
        "/assets/{name}",
        asset,
        "A file of the console: its script, style or icon, compressed with gzip",
    );
    let types = ["text/javascript", "text/css", "image/svg+xml"];
    let asset = types.into_iter().fold(asset, |asset, media| asset.content(200, media, written::<String>));
    vec![
        page.answers(200, "A page").content(200, "text/html", written::<String>),
        asset.answers(200, "The file"),
    ]
}

/// `GET /`: the page. A browser that has it is told so.
async fn page(State(api): State<Shared>, headers: HeaderMap) -> Response {
    let console = &*CONSOLE;
    let mut answer = if headers.get(header::IF_NONE_MATCH) == Some(&console.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], console.page.clone()).into_response()
    };
    let more = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, console.etag.clone()),
    ];
    answer.headers_mut().extend(more);
    if api.tls.is_some() {
        answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    answer
}

/// `GET /assets/NAME`: a file of this build.
async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = CONSOLE.assets.iter().find(|asset| asset.name == name).ok_or_else(|| {
        let message =
            "the console of this server has no such file; it may be that of another version: reload the page";
        Problem::new(404, "LW0702", message)
    })?;
    let headers = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, FOR_GOOD),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, asset.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_file_by_its_hash() {
        let page = std::str::from_utf8(&CONSOLE.page).unwrap();
        for asset in &CONSOLE.assets {
            assert!(page.contains(&asset.address()), "{}", asset.name);
            assert!(asset.bytes.starts_with(&[0x1f, 0x8b]), "{} is not compressed", asset.name);
        }
        assert!(!page.contains('{'), "a name was not filled in: {page}");
        assert_ne!(hash(SCRIPT), hash(STYLE));
    }
}
