//! The example `examples/postgres`, started by its one command, killed, and ended.

use livewell_services::{Postgres, free_port, pause};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const WAIT_MAX: Duration = Duration::from_secs(60);
const KILLS: usize = 5;

struct Shop {
    place: TempDir,
    ports: [u16; 3],
}

impl Shop {
    fn new() -> Self {
        Postgres::programs();
        let receiver = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--quiet", "-p", "shop-receiver"])
            .status()
            .expect("cargo can be run");
        assert!(receiver.success());
        let place = TempDir::with_prefix("livewell-shop-").expect("a temporary directory can be made");
        // The cluster's user has to come through.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("its mode can be set");
        Self { place, ports: [free_port(), free_port(), free_port()] }
    }

    fn run_folder(&self) -> PathBuf {
        self.place.path().join("run")
    }

    fn script(&self, arguments: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/postgres/run.sh");
        let mut command = Command::new(script);
        let [shop, livewell, receiver] = self.ports.map(|port| port.to_string());
        command
            .args(arguments)
            .env("SHOP_RUN", self.run_folder())
            .env("LIVEWELL", env!("CARGO_BIN_EXE_livewell"));
        command.env("SHOP_PORT", shop).env("LIVEWELL_PORT", livewell).env("RECEIVER_PORT", receiver);
        command.env("SHOP_SECONDS", "8").env("SHOP_RATE", "50").stdin(Stdio::null());
        command
    }

    fn start(&self) -> Child {
        let log = |name: &str| fs::File::create(self.place.path().join(name)).expect("a log can be written");
        self.script(&[]).stdout(log("out")).stderr(log("err")).spawn().expect("the script starts")
    }

    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.place.path().join(name)).unwrap_or_default()
    }

    fn check(&self) -> String {
        let Output { stdout, .. } = self.script(&["check"]).output().expect("the script can be run");
        String::from_utf8(stdout).expect("it prints text")
    }

    fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            assert!(
                began.elapsed() < WAIT_MAX,
                "{what}: {}{}{}",
                self.check(),
                self.log("out"),
                self.log("err")
            );
            pause(Duration::from_millis(100));
        }
    }

    fn kill_livewell(&self) {
        let id = fs::read_to_string(self.run_folder().join("livewell.pid")).expect("the script wrote it");
        // Between two lives there is nothing to kill.
        let _ = Command::new("kill").args(["-KILL", id.trim()]).stderr(Stdio::null()).status();
    }
}

#[test]
fn the_example_of_a_shop_keeps_its_table_right_over_kills_and_ends_what_it_started() {
    let shop = Shop::new();
    let mut script = shop.start();
    shop.wait_until("the table is kept", || shop.check().contains("differences: 0"));
    for kill in 0..KILLS {
        pause(Duration::from_millis(400 + 300 * kill as u64));
        shop.kill_livewell();
    }
    shop.wait_until("the shop closes", || {
        shop.log("run/workload.log").contains("transactions actually processed")
    });
    shop.wait_until("the table is right in the end", || shop.check().contains("differences: 0"));
    assert!(shop.log("out").contains("large order "), "{}{}", shop.log("out"), shop.log("err"));

    let ended = Command::new("kill").args(["-INT", &script.id().to_string()]).status();
    assert!(ended.expect("kill can be run").success());
    assert!(script.wait().expect("it ends").success(), "{}", shop.log("err"));
    let check = shop.script(&["check"]).output().expect("the script can be run");
    let said = String::from_utf8_lossy(&check.stderr);
    assert!(!check.status.success() && said.contains("database does not run"), "{said}");
    for port in shop.ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "somebody still listens on {port}");
    }
}

/// The open orders at which the shop is neither quiet nor swamped.
const BUSY: std::ops::RangeInclusive<u32> = 200..=400;

#[test]
fn the_shop_is_as_busy_after_hours_as_at_first() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/postgres");
    let postgres = Postgres::start();
    postgres.sql(&fs::read_to_string(example.join("shop.sql")).expect("the example is there"));
    let open = || -> u32 {
        postgres.sql("select count(*) from orders where status = 'open'").parse().expect("a number")
    };
    let works = |seed: u32, things: u32| {
        let mut bench = postgres.program("pgbench");
        bench.args(["--no-vacuum", "--client=2"]).arg(format!("--transactions={}", things / 2));
        bench.arg(format!("--random-seed={seed}")).arg("-f").arg(example.join("workload.sql"));
        let worked = bench.output().expect("pgbench can be run");
        assert!(worked.status.success(), "{}", String::from_utf8_lossy(&worked.stderr));
    };
    // At twenty things a second these are five minutes each.
    for seed in 1..=2 {
        works(seed, 6_000);
        assert!(BUSY.contains(&open()), "{seed}: {} orders are open", open());
    }
    // Wherever it comes from, it comes back, so it stays there for as long as it runs.
    postgres.sql("update orders set status = 'shipped' where status = 'open'");
    works(3, 6_000);
    assert!(BUSY.contains(&open()), "from none: {} orders are open", open());
    postgres.sql("update orders set status = 'open' where id in (select id from orders where status = 'shipped' limit 300)");
    works(4, 6_000);
    assert!(BUSY.contains(&open()), "from many: {} orders are open", open());
}
