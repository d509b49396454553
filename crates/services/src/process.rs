//! Programs of the system: finds or installs them, and runs them as a user without privileges.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start or to stop.
pub(crate) const START_MAX: Duration = Duration::from_secs(60);

/// Waits for something outside this process that cannot ring a bell.
#[expect(clippy::disallowed_methods, reason = "another process gives no hint to wait on")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Asks again and again until the answer is yes.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < START_MAX, "{what}: not within {START_MAX:?}");
        pause(Duration::from_millis(20));
    }
}

/// Returns a port on which nobody listens at the moment, and that no other test takes as long as this process runs: it
/// may be a while until a server listens on it.
pub fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let place = std::env::temp_dir().join(format!("livewell-tests-port-{port}"));
        let Ok(lock) = File::create(&place) else { return port };
        if lock.try_lock().is_ok() {
            // The system releases it when the process ends.
            std::mem::forget(lock);
            return port;
        }
    }
}

/// Returns Valgrind, which is installed if necessary; `None` if that is not possible.
pub fn valgrind() -> Option<PathBuf> {
    find("valgrind", || in_path(&["valgrind"]))
}

/// Returns what `look` finds, after `apt-get install -y PACKAGE` if necessary.
pub(crate) fn find_or_install(package: &str, look: impl Fn() -> Option<PathBuf>) -> PathBuf {
    find(package, look)
        .unwrap_or_else(|| panic!("this test needs {package}; install it with `apt-get install {package}`"))
}

/// Like [`find_or_install`], but returns `None` if `package` cannot be installed.
pub(crate) fn find(package: &str, look: impl Fn() -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(found) = look() {
        return Some(found);
    }
    if !is_root() {
        return None;
    }
    locked(|| {
        // Another test may have installed it meanwhile.
        if let Some(found) = look() {
            return Some(found);
        }
        for arguments in [vec!["update"], vec!["-o", "DPkg::Lock::Timeout=600", "install", "-y", package]] {
            let mut install = Command::new("apt-get");
            install.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            // Looking again shows whether it worked.
            let _ = install.stdin(Stdio::null()).stdout(Stdio::null()).status();
        }
        look()
    })
}

/// Runs `install` while no other test of any process installs anything.
pub(crate) fn locked<T>(install: impl FnOnce() -> T) -> T {
    let lock = std::env::temp_dir().join("livewell-install.lock");
    let lock = File::options().create(true).append(true).open(lock).expect("a temporary file can be made");
    lock.lock().expect("a file can be locked");
    install()
}

/// Returns the first of `names` in one of the directories of `PATH`.
pub(crate) fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| place.is_file())
}

pub(crate) fn is_root() -> bool {
    id("-u", None) == Some(0)
}

fn id(what: &str, user: Option<&str>) -> Option<u32> {
    let output = Command::new("id").arg(what).args(user).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The user for servers that refuse to run as root; `None` if this process has no privileges.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User(Option<(u32, u32)>);

impl User {
    /// Returns `name` if there is such a user, else `nobody`; the process' own user unless it runs as root.
    pub(crate) fn unprivileged(name: &str) -> Self {
        if !is_root() {
            return Self(None);
        }
        let ids = |name| Some((id("-u", Some(name))?, id("-g", Some(name))?));
        Self(Some(ids(name).or_else(|| ids("nobody")).expect("there is a user without privileges")))
    }

    /// Makes the user the owner of `path`.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        self.0.map_or(Ok(()), |(user, group)| std::os::unix::fs::chown(path, Some(user), Some(group)))
    }

    /// Returns a command that the user runs.
    pub(crate) fn command(self, program: &Path) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// Returns a command that the user runs and that ends with the thread that started it, even if that is killed.
    pub(crate) fn server(self, program: &Path) -> Command {
        self.server_ended_by("INT", program)
    }

    /// Like [`User::server`], for a program that ends at another signal than an interrupt.
    pub(crate) fn server_ended_by(self, signal: &str, program: &Path) -> Command {
        let Some(setpriv) = in_path(&["setpriv"]) else { return self.command(program) };
        let mut command = Command::new(setpriv);
        if let Some((user, group)) = self.0 {
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
        }
        command.args(["--pdeathsig", signal]).arg(program).current_dir("/").stdin(Stdio::null());
        command
    }
}

/// Sends a signal to a child process; returns whether that worked.
pub(crate) fn signal(child: &Child, signal: &str) -> bool {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    sent.is_ok_and(|status| status.success())
}

/// Ends a child process by a signal and waits for it.
pub(crate) fn end(child: &mut Child, signal: &str) {
    if !self::signal(child, signal) {
        let _ = child.kill();
    }
    child.wait().expect("a child process can be waited for");
}
