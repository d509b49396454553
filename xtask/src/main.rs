//! Chores of the repository that are not part of the product: `cargo xtask CHORE`.

mod before;
mod book;
mod calls;
mod cargo;
mod ci;
mod clients;
mod deny;
mod features;
mod flights;
mod growth;
mod instructions;
mod long;
mod msrv;
mod outcome;
mod packages;
mod rate;
mod release;
mod said;
mod tck;
mod tidy;
mod tools;
mod train;
mod ttc;
mod web;

use mimalloc::MiMalloc;
use std::path::Path;
use std::process::ExitCode;

/// What is measured here has the allocator of the binary `livewell`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const USAGE: &str = "\
usage: cargo xtask CHORE

  ci                               everything that has to hold before a change goes in
  features                         the libraries without features, and with each alone
  tidy                             the rules of style that are tests
  web                              check the console in web/ and what was built of it (--write: build it)
  clients                          check the sizes, versions and types of the clients in clients/
  book                             build the book from docs/ into target/book/html, and check its links
  calls                            hold the API to its own description, by requests that are made of it
  deny                             the licences, origins and known faults of the dependencies
  msrv                             the oldest Rust that Cargo.toml promises compiles everything
  release                          make the files of a release (--dry-run: without optimization, of any tree)
  packages                         check deploy/: the image's build context, the service, the chart
  tck FILE                         judge a file of scenarios (--tier, --seeds, --seed, --unsupported, --json)
  ttc                              measure the social media query (--size, --runs)
  train                            measure the Train Benchmark (--size, --query, --runs, --part, --as)
  growth                           measure how an operator's cost grows (--case, --largest)
  before COMMIT EXAMPLE ...        run an example that measures over an earlier commit and now, in turns
  instructions                     count what a change takes, and compare with the record (--write)
  rate                             measure changes from a database or Kafka (--from, --transactions, --rows, --durability)
  long NAME                        a run of minutes or hours, recorded in docs/long-runs.md; without NAME, lists them
  flights --data DIR --out DIR     prepare the data of the flights example";

#[expect(clippy::print_stderr, reason = "a chore speaks to the person who runs it")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["ci"] => ci::run(root()),
        ["features"] => features::check(root()),
        ["tidy"] => tidy::run(root()),
        ["web"] => web::check(root()),
        ["web", "--write"] => web::write(root()),
        ["clients"] => clients::check(root()),
        ["book"] => book::build(root()),
        ["calls"] => calls::check(root()),
        ["packages"] => packages::check(root()),
        ["deny"] => deny::check(root()),
        ["msrv"] => msrv::check(root()),
        ["release"] => release::make(root(), false),
        ["release", "--dry-run"] => release::make(root(), true),
        ["tck", ..] => return tck::run(&arguments[1..]),
        ["instructions"] => instructions::check(root()),
        ["instructions", "--write"] => instructions::write(root()),
        ["before", ..] => before::run(root(), &arguments[1..]),
        ["growth", ..] => growth::run(&arguments[1..]),
        ["train", ..] => train::run(&arguments[1..]),
        ["ttc", ..] => ttc::run(&arguments[1..]),
        ["rate", ..] => rate::run(root(), &arguments[1..]),
        ["long"] => long::run(root(), None),
        ["long", name] => long::run(root(), Some(name)),
        ["flights", ..] => flights::run(&arguments[1..]),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the directory of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace's directory")
}
