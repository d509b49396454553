//! A browser for one test: headless Chromium, driven through the W3C's WebDriver (Recommendation, 2018).

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::fmt::Write;
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// How long a command may take, in seconds; loading a slow page is a command.
const COMMAND_MAX: u64 = 60;

/// Nothing but the page: no window, no calls home. Without a sandbox, which containers usually do not allow; the
/// pages are the tests' own.
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

/// A running browser with one page; dropping this ends it.
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

    /// Starts a browser with an empty profile and additional arguments.
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
        // A dialog that a page opens stays open until a test answers it.
        let wanted = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "unhandledPromptBehavior": "ignore",
        });
        let made = self.post("/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        let id = made.unwrap_or_else(|error| panic!("the browser does not start: {error}"));
        self.session =
            format!("{}/session/{}", self.session, id["sessionId"].as_str().expect("a session's id"));
    }

    /// Opens the page at `url`.
    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).expect("the page can be opened");
    }

    /// Runs the body of a function in the page and returns its result.
    ///
    /// # Errors
    /// Returns the browser's error: the script failed, or the page shows a dialog that has to be answered first.
    pub fn run(&self, script: &str) -> Result<Json, String> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until the page shows a dialog (`prompt`), and answers it.
    pub fn answer(&self, text: &str) {
        wait_until("the page asks", || self.post("/alert/text", &json!({ "text": text })).is_ok());
        self.post("/alert/accept", &json!({})).expect("an answer can be given");
    }

    /// Shows pages in this size, in pixels, and tells them that a `light` or `dark` theme is preferred.
    pub fn show(&self, width: u32, height: u32, theme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let preferred = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": preferred }));
    }

    /// Returns a picture of what the page shows, as a PNG file in base 64.
    pub fn picture(&self) -> String {
        let picture = self.devtools("Page.captureScreenshot", &json!({ "format": "png" }));
        picture["data"].as_str().expect("a picture has data").to_owned()
    }

    /// Returns how many bytes the objects of the page take, after it has given up those that nothing refers to.
    pub fn heap(&self) -> u64 {
        self.devtools("HeapProfiler.collectGarbage", &json!({}));
        let usage = self.devtools("Runtime.getHeapUsage", &json!({}));
        usage["usedSize"].as_f64().expect("a size is a number") as u64
    }

    /// Returns the element that a selector finds as those see it who do not see the page: a line for each role with its
    /// name, indented below what it is in.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn tree(&self, selector: &str) -> String {
        self.devtools("Accessibility.enable", &json!({}));
        let document = self.devtools("DOM.getDocument", &json!({ "depth": 0 }));
        let asked = json!({ "nodeId": document["root"]["nodeId"], "selector": selector });
        let found = self.devtools("DOM.querySelector", &asked);
        let described = self.devtools("DOM.describeNode", &json!({ "nodeId": found["nodeId"] }));
        let root = described["node"]["backendNodeId"].clone();
        let tree = self.devtools("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().expect("a tree is a list of nodes");
        let by_id: HashMap<&str, &Json> =
            nodes.iter().filter_map(|node| Some((node["nodeId"].as_str()?, node))).collect();
        let root =
            nodes.iter().find(|node| node["backendDOMNodeId"] == root).expect("the element is in the tree");
        let mut lines = String::new();
        write_tree(root, &by_id, 0, "", &mut lines);
        lines
    }

    /// Opens another tab and works in it from now on; returns the name of it.
    pub fn new_tab(&self) -> String {
        let made = self.post("/window/new", &json!({ "type": "tab" })).expect("a tab can be opened");
        let name = made["handle"].as_str().expect("a tab has a name").to_owned();
        self.to_tab(&name);
        name
    }

    /// Works in a tab from now on.
    pub fn to_tab(&self, name: &str) {
        self.post("/window", &json!({ "handle": name })).expect("the tab is there");
    }

    fn devtools(&self, command: &str, parameters: &Json) -> Json {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", &body).expect("the browser takes commands of its developer tools")
    }

    /// Presses keys one after another, as a person does; special ones have the characters that WebDriver gives them.
    pub fn press(&self, keys: &str) {
        self.act(keys.chars().flat_map(|key| [json!(["keyDown", key]), json!(["keyUp", key])]));
    }

    /// Presses a key while another one is held.
    pub fn press_with(&self, held: char, key: char) {
        self.act([
            json!(["keyDown", held]),
            json!(["keyDown", key]),
            json!(["keyUp", key]),
            json!(["keyUp", held]),
        ]);
    }

    fn act(&self, steps: impl IntoIterator<Item = Json>) {
        let steps: Vec<Json> =
            steps.into_iter().map(|step| json!({ "type": step[0], "value": step[1] })).collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": steps });
        self.post("/actions", &json!({ "actions": [keyboard] })).expect("keys can be pressed");
    }

    /// Returns what pages have written to the console, and what the browser has said of them, since the last call.
    pub fn messages(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({ "type": "browser" })).expect("the browser keeps a log");
        let lines = log.as_array().expect("a log is a list");
        lines.iter().map(|line| line["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until the script returns `expected`.
    ///
    /// # Panics
    /// If that does not happen in time; the message has the last result.
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

/// What only holds others, or repeats the name of what it is in.
const UNSPOKEN: [&str; 6] = ["none", "generic", "StaticText", "InlineTextBox", "LineBreak", "ListMarker"];

/// Writes a node with its role, name and states; what is ignored leaves its place to its children. A text that is the name
/// of what it is in is not written again.
fn write_tree(node: &Json, nodes: &HashMap<&str, &Json>, depth: usize, around: &str, lines: &mut String) {
    let text = |of: &Json| of["value"].as_str().unwrap_or_default().to_owned();
    let (role, name) = (text(&node["role"]), text(&node["name"]));
    let is_text = role == "StaticText";
    let is_repeated = is_text && (name.trim().is_empty() || around.contains(name.trim()));
    let is_shown = node["ignored"] != true && !is_repeated && (is_text || !UNSPOKEN.contains(&role.as_str()));
    if is_shown {
        let name = if name.is_empty() { String::new() } else { format!(" {name:?}") };
        let role = if is_text { "text" } else { &role };
        let _ = writeln!(lines, "{:1$}{role}{name}{2}", "", 2 * depth, states(node));
    }
    // A text has no parts but its lines.
    if is_text {
        return;
    }
    let around = if is_shown { &name } else { around };
    for child in node["childIds"].as_array().into_iter().flatten() {
        if let Some(child) = child.as_str().and_then(|id| nodes.get(id)) {
            write_tree(child, nodes, depth + usize::from(is_shown), around, lines);
        }
    }
}

/// Returns the states of a node that are part of a tree, each that holds.
fn states(node: &Json) -> String {
    let properties = node["properties"].as_array().into_iter().flatten();
    let states = properties.filter_map(|property| {
        let (name, value) = (property["name"].as_str()?, &property["value"]["value"]);
        let holds = *value != false && value != "false";
        (STATES.contains(&name) && holds).then(|| format!(" {name}={value}"))
    });
    states.collect()
}

/// The states that are part of a tree.
const STATES: [&str; 8] =
    ["disabled", "expanded", "checked", "selected", "pressed", "level", "required", "invalid"];

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with its session. If it does not answer, both end with the driver.
        let _ = minreq::delete(&self.session).with_timeout(5).send();
        end(&mut self.driver, "-TERM");
    }
}
