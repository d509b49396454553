//! The web console: `GET /` is its page, and `GET /assets/NAME` its script, style and icon.
//!
//! The files in `built` are made from `web/` by `cargo xtask web --write` and are compressed. Their names have a hash of what
//! they hold, so a browser keeps them for good, and a page never comes with the files of another version. The editors are a
//! script of their own, which the others load when one is opened.

use super::call::{Call, call};
use super::context::Shared;
use super::description::written;
use super::problem::Problem;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const PAGE: &str = include_str!("built/index.html");
/// The names of the files, a line each, in the order of [`FILES`].
const NAMES: &str = include_str!("built/names.txt");

const SCRIPT: &str = "text/javascript; charset=utf-8";
const FILES: [(&str, &[u8]); 5] = [
    (SCRIPT, include_bytes!("built/console.js.gz")),
    (SCRIPT, include_bytes!("built/shared.js.gz")),
    (SCRIPT, include_bytes!("built/editor.js.gz")),
    ("text/css; charset=utf-8", include_bytes!("built/style.css.gz")),
    ("image/svg+xml", include_bytes!("built/icon.svg.gz")),
];

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
    name: &'static str,
    content_type: &'static str,
    /// Compressed with gzip, which every browser reads.
    bytes: &'static [u8],
}

/// The page and its files, under the names of this build.
struct Console {
    etag: HeaderValue,
    assets: Vec<Asset>,
}

static CONSOLE: LazyLock<Console> = LazyLock::new(|| {
    let hash = blake3::hash(PAGE.as_bytes()).to_hex();
    let etag = HeaderValue::from_str(&format!("\"{}\"", &hash[..16]));
    let asset = |(name, (content_type, bytes))| Asset { name, content_type, bytes };
    Console {
        etag: etag.expect("digits are a header's value"),
        assets: NAMES.lines().zip(FILES).map(asset).collect(),
    }
});

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
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE).into_response()
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
    fn every_file_has_a_name_of_its_own_with_a_hash_and_is_compressed() {
        assert_eq!(NAMES.lines().count(), FILES.len());
        let endings = ["js", "js", "js", "css", "svg"];
        for (Asset { name, bytes, .. }, ending) in CONSOLE.assets.iter().zip(endings) {
            let hash = name.rsplit_once('-').and_then(|(_, rest)| rest.strip_suffix(&format!(".{ending}")));
            assert!(hash.is_some_and(|hash| hash.len() >= 8), "{name}");
            assert!(bytes.starts_with(&[0x1f, 0x8b]), "{name} is not compressed");
        }
    }

    #[test]
    fn the_page_loads_what_a_first_view_needs_and_no_editor() {
        for Asset { name, .. } in &CONSOLE.assets {
            let is_named = PAGE.contains(&format!("\"/assets/{name}\""));
            assert_eq!(is_named, !name.starts_with("editor-"), "{name}");
        }
        assert!(!PAGE.contains('{'), "a name was not filled in: {PAGE}");
    }
}
