//! A terminal of 80 columns, and what a person sees on it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::process::PATIENCE;

const COLUMNS: u16 = 80;

pub(crate) struct Terminal {
    end: OwnedFd,
    shown: Arc<Mutex<String>>,
    /// Ends when nobody has the terminal open any more.
    reader: JoinHandle<()>,
}

impl Terminal {
    pub(crate) fn open() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let name = OsStr::from_bytes(name.as_bytes()).to_owned();
        let end = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let reader = tokio::task::spawn_blocking({
            let shown = Arc::clone(&shown);
            move || {
                let (mut master, mut part) = (File::from(master), [0; 4096]);
                while let Ok(length @ 1..) = master.read(&mut part) {
                    shown.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..length]));
                }
            }
        });
        Self { end, shown, reader }
    }

    fn side(&self) -> Stdio {
        self.end.try_clone().unwrap().into()
    }

    pub(crate) fn spawn(&self, mut command: Command) -> Child {
        command.stdin(self.side()).stdout(self.side()).stderr(self.side()).spawn().unwrap()
    }

    /// Waits until it shows `text`.
    pub(crate) async fn shows(&self, text: &str) {
        let found = async {
            while !self.shown.lock().unwrap().contains(text) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never shown: {text}"));
    }

    /// The lines that were shown by the time that nobody writes any more, without what moves the cursor or colours them.
    pub(crate) async fn lines(self) -> Vec<String> {
        drop(self.end);
        tokio::time::timeout(PATIENCE, self.reader).await.expect("somebody still writes").unwrap();
        let shown = self.shown.lock().unwrap().clone();
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |end| end + 1);
            rest = &after[end..];
        }
        plain.push_str(rest);
        plain.split(['\r', '\n']).map(str::to_owned).filter(|line| !line.is_empty()).collect()
    }
}

/// Fails if a line is wider than the terminal.
pub(crate) fn assert_fits(lines: &[String]) {
    for line in lines {
        assert!(line.chars().count() <= COLUMNS.into(), "{line}\nof {lines:#?}");
    }
}
