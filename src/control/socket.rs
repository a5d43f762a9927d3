//! The socket in the state folder: how it is made, and who may speak there.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use tokio::net::UnixStream;
use tracing::debug;

use crate::words;

/// The socket in the state folder.
pub const FILE: &str = "control.sock";

/// The longest path of a socket, in bytes: the system keeps 108, the end mark included.
const PATH_BYTES: usize = 107;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Its path is too long.
    #[error(
        "the path of the control socket {} has {} bytes; the system allows {}",
        .0.display(), .0.as_os_str().len(), PATH_BYTES
    )]
    TooLong(PathBuf),
    /// Something else is there.
    #[error("{} is not a socket", .0.display())]
    Other(PathBuf),
    /// It cannot be made.
    #[error("the control socket {} cannot be made: {}", .0.display(), words::system(.1))]
    Io(PathBuf, io::Error),
}

impl SocketError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "set `state.path` to a folder with a shorter path",
            Self::Other(_) => "move it away and start again",
            Self::Io(..) => "see that the state folder is on a file system that knows sockets",
        }
    }
}

/// A socket that is listened on. It is removed when this is dropped.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    /// Device and number of the file: a later service may have put its own there.
    file: (u64, u64),
}

impl Socket {
    /// Where the socket of a state folder is.
    #[must_use]
    pub fn path(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Makes the socket in the state folder and listens there. Only for the process that holds the
    /// folder: a socket that a killed process has left there is replaced.
    pub fn listen(folder: &Path) -> Result<(Self, UnixListener), SocketError> {
        let path = Self::path(folder);
        fits(&path)?;
        let at = |error| SocketError::Io(path.clone(), error);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(&path).map_err(at)?,
            Ok(_) => return Err(SocketError::Other(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(error)),
        }
        let listener = UnixListener::bind(&path).map_err(at)?;
        // Who comes before this is asked who they are all the same.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(at)?;
        listener.set_nonblocking(true).map_err(at)?;
        let file = fs::symlink_metadata(&path).map_err(at)?;
        let file = (file.dev(), file.ino());
        Ok((Self { path, file }, listener))
    }
}

/// Whether a path may be one of a socket.
pub(super) fn fits(path: &Path) -> Result<(), SocketError> {
    if path.as_os_str().len() > PATH_BYTES {
        return Err(SocketError::TooLong(path.to_owned()));
    }
    Ok(())
}

impl Drop for Socket {
    fn drop(&mut self) {
        let there = fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| (there.dev(), there.ino()) == self.file)
            && let Err(error) = fs::remove_file(&self.path)
        {
            debug!(%error, "the control socket cannot be removed");
        }
    }
}

/// Whether the one at the other end may give orders: the user of this process, or root.
#[must_use]
pub fn may_order(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_was_left_is_replaced_and_anything_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = Socket::path(folder.path());
        drop(UnixListener::bind(&path).unwrap());
        let (socket, _listener) = Socket::listen(folder.path()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (later, _listener) = Socket::listen(folder.path()).unwrap();
        drop(socket);
        assert!(path.exists(), "it is the later one's");
        drop(later);
        assert!(!path.exists());
        fs::write(&path, "notes").unwrap();
        let refused = Socket::listen(folder.path()).unwrap_err();
        assert!(matches!(refused, SocketError::Other(_)), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }

    #[test]
    fn a_path_that_is_too_long_is_told_with_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(100));
        fs::create_dir(&long).unwrap();
        let told = Socket::listen(&long).unwrap_err().to_string();
        assert!(told.ends_with("bytes; the system allows 107"), "{told}");
    }
}
