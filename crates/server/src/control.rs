//! The control socket: how the owner of a store asks the process that runs it, without an address or a token.
//!
//! It is in the store's directory, and only the user that owns the process can connect to it. A process that is killed
//! leaves its file behind; nobody listens there, and the next owner of the store replaces it.

use rustix::fs::{Mode, fchmod};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, connect as connect_to, listen, socket};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The name of the socket in the store's directory.
pub const FILE: &str = "control.sock";
/// Its name while it is being created.
const FRESH: &str = "control.sock.new";
/// How many callers may wait to be accepted.
const BACKLOG: i32 = 128;

/// The socket of a store that this process owns. Its file is removed with it.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Listens in the directory of a store that this process owns.
    ///
    /// # Errors
    /// Returns an error if the file of the socket cannot be created.
    pub fn listen(store: &Path) -> io::Result<(Self, UnixListener)> {
        let (path, fresh) = (store.join(FILE), store.join(FRESH));
        // The store is ours, so nobody listens on what is there.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (address, _directory) = address(store, FRESH)?;
        let socket = new_socket()?;
        // Linux creates the file with this mode, so others can never connect. Other systems refuse it.
        let _ = fchmod(&socket, Mode::RUSR | Mode::WUSR);
        bind(&socket, &address)?;
        fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
        listen(&socket, BACKLOG)?;
        let listener = UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        // Under its final name it accepts callers from the first moment on.
        fs::rename(&fresh, &path)?;
        Ok((Self { path }, listener))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // If the file stays, the next owner replaces it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Connects to the process that runs the store in this directory. Returns `None` if there is none.
///
/// # Errors
/// Returns an error if there may be one that cannot be reached, such as another user's.
pub fn connect(store: &Path) -> io::Result<Option<UnixStream>> {
    let connected = || -> io::Result<UnixStream> {
        let (address, _directory) = address(store, FILE)?;
        let socket = new_socket()?;
        connect_to(&socket, &address)?;
        Ok(UnixStream::from(socket))
    };
    match connected() {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::ConnectionRefused => Ok(None),
            _ => Err(error),
        },
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    Ok(socket)
}

/// Returns the address of the socket with this name. The system limits its length (Linux: 108 characters), so a longer
/// path goes through the open directory, which has to stay open until the address was used.
fn address(store: &Path, name: &str) -> io::Result<(SocketAddrUnix, Option<File>)> {
    match SocketAddrUnix::new(store.join(name)) {
        Ok(address) => Ok((address, None)),
        Err(Errno::NAMETOOLONG) => {
            let directory = File::open(store)?;
            let short = format!("/proc/self/fd/{}/{name}", directory.as_raw_fd());
            Ok((SocketAddrUnix::new(short)?, Some(directory)))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn the_owner_alone_can_connect_whatever_the_length_of_the_path() {
        let place = tempfile::tempdir().unwrap();
        for store in [place.path().join("short"), place.path().join("long".repeat(60))] {
            fs::create_dir(&store).unwrap();
            assert!(connect(&store).unwrap().is_none(), "nobody runs it");
            let (control, listener) = Control::listen(&store).unwrap();
            let mode = fs::metadata(store.join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let mut caller = connect(&store).unwrap().expect("it is run");
            let (mut taken, _) = listener.accept().unwrap();
            taken.set_nonblocking(false).unwrap();
            caller.write_all(b"hello").unwrap();
            let mut heard = [0; 5];
            taken.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"hello");
            drop(control);
            assert!(!store.join(FILE).exists());
        }
    }

    #[test]
    fn what_a_killed_process_left_is_nobody_and_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let (control, listener) = Control::listen(place.path()).unwrap();
        std::mem::forget(control);
        drop(listener);
        assert!(place.path().join(FILE).exists());
        assert!(connect(place.path()).unwrap().is_none());
        let (_control, _listener) = Control::listen(place.path()).unwrap();
        assert!(connect(place.path()).unwrap().is_some());
        assert!(connect(&place.path().join("absent")).unwrap().is_none());
    }
}
