//! A browser of a test's own: Chromium without a window, driven as the W3C's WebDriver (Recommendation, 2018) says.

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use serde_json::{Value as Json, json};
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// How long a command may take, in seconds; a page that is slow to load is one.
const COMMAND_MAX: u64 = 60;

/// Nothing but the page: no window, no calls home. Without a sandbox, which containers mostly do not allow; the pages
/// are the tests' own.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A running browser with one page, gone when this is dropped.
///
/// It belongs to the thread that started it: when that thread ends, so does its driver.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    session: String,
    /// Profile and home directory.
    _folder: TempDir,
}

impl Browser {
    /// Starts a browser with an empty profile.
    pub fn start() -> Self {
        Self::with_arguments(&[])
    }

    /// Starts a browser with an empty profile and these arguments beside its own.
    pub fn with_arguments(arguments: &[&str]) -> Self {
        let program = find_or_install("chromium-driver", || in_path(&["chromedriver"]));
        let folder = TempDir::with_prefix("livewell-browser-").expect("a temporary directory can be made");
        let user = User::unprivileged("nobody");
        user.own(folder.path()).expect("the directory can be given to another user");
        let port = free_port();
        let mut driver = user.server(&program);
        driver.arg(format!("--port={port}")).env("HOME", folder.path()).env("TMPDIR", folder.path());
        driver.stdout(Stdio::null()).stderr(Stdio::null());
        let driver = driver.spawn().expect("the browser's driver can be started");
        let mut browser = Self { driver, session: format!("http://127.0.0.1:{port}"), _folder: folder };
        wait_until("the browser's driver takes commands", || {
            minreq::get(format!("{}/status", browser.session)).with_timeout(5).send().is_ok()
        });
        browser.begin(arguments);
        browser
    }

    fn begin(&mut self, more: &[&str]) {
        let profile = format!("--user-data-dir={}", self._folder.path().join("profile").display());
        let arguments: Vec<&str> = ARGUMENTS.iter().chain(more).copied().chain([profile.as_str()]).collect();
        let options = json!({ "args": arguments });
        // A question that a page asks stays open until a test answers it.
        let wanted = json!({ "goog:chromeOptions": options, "unhandledPromptBehavior": "ignore" });
        let made = self.post("/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        let id = made.unwrap_or_else(|error| panic!("the browser does not start: {error}"));
        self.session =
            format!("{}/session/{}", self.session, id["sessionId"].as_str().expect("a session's id"));
    }

    /// Shows the page at `url`.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).expect("the page can be opened");
    }

    /// What the body of a function gives back that runs in the page.
    ///
    /// # Errors
    /// What the browser says: the script failed, or the page asks a question that has to be answered first.
    pub fn run(&self, script: &str) -> Result<Json, String> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until the page asks something (`prompt`), and answers it.
    pub fn answer(&self, text: &str) {
        wait_until("the page asks", || self.post("/alert/text", &json!({ "text": text })).is_ok());
        self.post("/alert/accept", &json!({})).expect("an answer can be given");
    }

    /// Waits until the page is as it should be: until what the script gives back is `expected`.
    ///
    /// # Panics
    /// Where it does not become so in time, with what it was last.
    #[track_caller]
    pub fn wait_for(&self, script: &str, expected: &Json) {
        let mut last = Ok(Json::Null);
        let began = std::time::Instant::now();
        while last.as_ref() != Ok(expected) {
            assert!(began.elapsed().as_secs() < COMMAND_MAX, "{script}: {last:?} and not {expected}");
            crate::pause(std::time::Duration::from_millis(20));
            last = self.run(script);
        }
    }

    fn post(&self, path: &str, body: &Json) -> Result<Json, String> {
        let request = minreq::post(format!("{}{path}", self.session)).with_timeout(COMMAND_MAX);
        let answer = request.with_body(body.to_string()).send().map_err(|error| error.to_string())?;
        let text = answer.as_str().map_err(|error| error.to_string())?;
        let mut json: Json = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
        let value = json["value"].take();
        if answer.status_code == 200 { Ok(value) } else { Err(value["message"].to_string()) }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with its session. Where it does not answer, both end with the driver.
        let _ = minreq::delete(&self.session).with_timeout(5).send();
        end(&mut self.driver, "-TERM");
    }
}
