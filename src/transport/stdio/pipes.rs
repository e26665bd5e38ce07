//! A watch on stdin and stdout, for a host that has closed its end.

/// Whether nobody can read stdout any more, as far as that can be told without a write.
#[cfg(unix)]
pub(super) fn stdout_is_closed() -> bool {
    use rustix::event::PollFlags;
    is(&std::io::stdout(), PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
}

/// Whether nothing can be written to stdin any more, however much of it is unread.
#[cfg(unix)]
pub(super) fn stdin_is_closed() -> bool {
    use rustix::event::PollFlags;
    is(&std::io::stdin(), PollFlags::HUP)
}

#[cfg(unix)]
fn is(stream: &impl std::os::fd::AsFd, any_of: rustix::event::PollFlags) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(stream, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok() && asked.iter().any(|asked| asked.revents().intersects(any_of))
}

#[cfg(not(unix))]
pub(super) fn stdout_is_closed() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn stdin_is_closed() -> bool {
    false
}

/// Completes when nobody can read stdout any more. A pipe tells that at once, before anything is written; for
/// anything else it takes a write that fails, and this never completes.
#[cfg(target_os = "linux")]
pub(super) async fn stdout_closed() {
    use tokio::io::Interest;
    use tokio::net::unix::pipe::OpenOptions;
    // A description of its own, so that stdout itself stays as the host made it.
    if let Ok(pipe) = OpenOptions::new().open_sender("/proc/self/fd/1")
        && pipe.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

#[cfg(not(target_os = "linux"))]
pub(super) async fn stdout_closed() {
    std::future::pending::<()>().await;
}
