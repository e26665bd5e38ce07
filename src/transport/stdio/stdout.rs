//! A watch on stdout, for a host that has closed its end.

/// Whether nobody can read stdout any more, as far as that can be told without a write.
#[cfg(unix)]
pub(super) fn is_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = std::io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok()
        && asked
            .iter()
            .any(|asked| asked.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL))
}

#[cfg(not(unix))]
pub(super) fn is_closed() -> bool {
    false
}

/// Completes when nobody can read stdout any more. A pipe tells that at once, before anything is written; for
/// anything else it takes a write that fails, and this never completes.
#[cfg(target_os = "linux")]
pub(super) async fn closed() {
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
pub(super) async fn closed() {
    std::future::pending::<()>().await;
}
