//! The process at the other end of a connection, found by the kernel's tables
//! and ended as the out-of-memory killer would: at once, in the middle of things.

use crate::wire::Connection;

/// What the emulator calls the executable of every function. Nothing else is
/// ever killed.
#[cfg(target_os = "linux")]
const FUNCTION: &str = "bootstrap";

/// Why nothing was killed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKilled {
    /// The kernel's tables could not be read.
    #[cfg(target_os = "linux")]
    #[error("/proc could not be read: {0}")]
    Proc(#[from] procfs::ProcError),
    /// The kernel refused.
    #[cfg(target_os = "linux")]
    #[error("the kernel refused: {0}")]
    Refused(#[from] rustix::io::Errno),
    /// No function holds the other end.
    #[cfg(target_os = "linux")]
    #[error("no function is at the other end of the connection")]
    NoFunction,
    /// There is no /proc on this system.
    #[cfg(not(target_os = "linux"))]
    #[error("functions can be killed on Linux only")]
    NotHere,
}

/// Kills the function at the other end.
#[cfg(target_os = "linux")]
pub(crate) fn kill_peer(connection: &Connection) -> Result<(), NotKilled> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = function_at(connection)?
        .and_then(|process| Pid::from_raw(process.pid))
        .ok_or(NotKilled::NoFunction)?;
    Ok(kill_process(pid, Signal::KILL)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn kill_peer(_: &Connection) -> Result<(), NotKilled> {
    Err(NotKilled::NotHere)
}

#[cfg(target_os = "linux")]
fn function_at(connection: &Connection) -> Result<Option<procfs::process::Process>, NotKilled> {
    // Seen from there, the ends are the other way round.
    let socket = procfs::net::tcp()?
        .into_iter()
        .find(|one| one.local_address == connection.there && one.remote_address == connection.here);
    let Some(socket) = socket else {
        return Ok(None);
    };
    // Processes that end while they are looked at are not the one.
    Ok(procfs::process::all_processes()?
        .flatten()
        .filter(|process| process.stat().is_ok_and(|stat| stat.comm == FUNCTION))
        .find(|process| holds(process, socket.inode)))
}

#[cfg(target_os = "linux")]
fn holds(process: &procfs::process::Process, inode: u64) -> bool {
    use procfs::process::FDTarget;
    process.fd().is_ok_and(|all| {
        all.flatten()
            .any(|one| matches!(one.target, FDTarget::Socket(known) if known == inode))
    })
}
