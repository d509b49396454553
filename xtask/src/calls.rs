//! Holds the API to its own description: `schemathesis` makes requests of `/openapi.json`, valid ones and others, and
//! judges the answers, with all its checks.

use crate::cargo::{BUILD, run_cargo};
use crate::outcome::Outcome;
use crate::tools;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

const VERSION: &str = "4.32.5";

/// What a description cannot say, and so may be refused: whether a text is a query, and whether what it names is there,
/// such as a column of a query; parameters that go together; what a source of this kind can do; that a key came before
/// with another content. A position that does not come in time is a 504, after less than the time that a request may take
/// here.
const ALLOWED: &str = r#"
[[operations]]
include-name-regex = "^(POST|PUT) /api/v1/(sources|queries|reactions)(/\\{id\\})?$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "412"]

[[operations]]
include-name-regex = "^POST /api/v1/(sources|queries|reactions)/try$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422"]

# There is room for so many views, and a fuzzer keeps making them.
[[operations]]
include-name = "POST /api/v1/queries/{id}/views"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "503"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]

[[operations]]
include-name-regex = "^DELETE /api/v1/(sources|queries|reactions)/\\{id\\}$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "412"]

[[operations]]
include-name-regex = "^(GET|DELETE) /api/v1/queries/\\{id\\}/views/\\{view\\}$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "410"]

[[operations]]
include-name-regex = "^POST /api/v1/(apply|queries/\\{id\\}/(verify|why)|reactions/\\{id\\}/message/try|sources/\\{id\\}/(try|reset|verify|parked/retry))$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409"]

[[operations]]
include-name = "POST /api/v1/sources/{id}/changes"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422"]

[[operations]]
include-name-regex = "^GET /api/v1/(stream|queries/\\{id\\}/(changes|funnel|outbox))$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "410"]

[[operations]]
include-name = "GET /api/v1/queries/{id}/results"
checks.positive_data_acceptance.expected-statuses = ["2xx", "304", "400", "404", "410", "504"]
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "504"]
"#;

const CONFIGURATION: &str = r#"
store: { kind: embedded, path: data, durability: os }
server: { listen: "127.0.0.1:PORT", limits: { request: 5s } }
sources:
  - { id: orders, kind: http }
queries:
  - { id: big, sources: [orders], cypher: "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total" }
  - id: of
    sources: [orders]
    for_each: { customer: text }
    cypher: "MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id"
reactions:
  - { id: board, kind: file, queries: [big], path: livewell-files/board.jsonl, mode: table }
"#;

/// Runs a server and judges its calls.
///
/// # Errors
/// Returns an error if a call is not as the document says.
#[expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]
pub fn check(root: &Path) -> Outcome<()> {
    let Some(program) = installed(root)? else {
        println!(
            "calls: NOT CHECKED, since there is no python3 with venv; `apt-get install python3-venv` brings it"
        );
        return Ok(());
    };
    run_cargo(root, &BUILD, &[])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let place = root.join("target/calls");
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place)?;
    // Free now, and bound again at once.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    fs::write(place.join("livewell.yaml"), CONFIGURATION.replace("PORT", &port.to_string()))?;
    fs::write(place.join("schemathesis.toml"), ALLOWED)?;
    let _server = Server::start(&target.join("debug/livewell"), &place, port)?;
    let document = format!("http://127.0.0.1:{port}/openapi.json");
    let how = ["--checks", "all", "--max-examples", "30", "--seed", "1", "--phases", "coverage,fuzzing"];
    // How hard a body is to make says nothing about the answers.
    let how = [&how[..], &["--suppress-health-check", "filter_too_much"]].concat();
    let arguments = [&["run", document.as_str(), "--request-timeout", "10"][..], &how].concat();
    tools::run(&program, &place, &arguments)
}

/// Returns the program, and installs it first if it is missing; `None` without Python.
fn installed(root: &Path) -> Outcome<Option<PathBuf>> {
    let place = root.join("target/tools").join(format!("schemathesis-{VERSION}"));
    let program = place.join("bin/st");
    if program.is_file() {
        return Ok(Some(program));
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&place).stdout(Stdio::null()).status();
    if !made.is_ok_and(|made| made.success()) {
        return Ok(None);
    }
    let package = format!("schemathesis=={VERSION}");
    tools::run(
        &place.join("bin/pip"),
        root,
        &["install", "--quiet", "--disable-pip-version-check", &package],
    )?;
    Ok(Some(program))
}

/// A server that ends with this.
struct Server(Child);

impl Server {
    fn start(program: &Path, place: &Path, port: u16) -> Outcome<Self> {
        let log = fs::File::create(place.join("log"))?;
        let mut command = Command::new(program);
        let server = Self(command.arg("run").current_dir(place).stdin(Stdio::null()).stderr(log).spawn()?);
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(server);
            }
            thread::park_timeout(Duration::from_millis(50));
        }
        Err(format!("the server does not answer: {}", fs::read_to_string(place.join("log"))?).into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
