use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{LazyLock, Mutex};

use super::*;

/// Longer than any machine takes for a line.
const PATIENCE: Duration = Duration::from_mins(1);

fn log(lines: &'static Lines, text: &str) {
    lines.push(format!("{text}\n").into_bytes(), Origin::Log);
}

#[test]
fn the_next_log_line_counts_those_that_were_dropped() {
    static WRITTEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static FULL: Mutex<bool> = Mutex::new(true);
    static LINES: Lines = Lines::new(|line| {
        if *FULL.lock().unwrap() {
            return Err(Unwritten { begun: false });
        }
        WRITTEN.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
        Ok(())
    });
    for number in 0..3 {
        log(&LINES, &number.to_string());
    }
    LINES.flush(PATIENCE);
    *FULL.lock().unwrap() = false;
    LINES.push(b"listening on http://127.0.0.1:1\n".to_vec(), Origin::Note);
    log(&LINES, "first");
    log(&LINES, "second");
    LINES.flush(PATIENCE);
    let expected = ["listening on http://127.0.0.1:1\n", "first dropped_log_lines=3\n", "second\n"];
    assert_eq!(*WRITTEN.lock().unwrap(), expected);
}

#[test]
fn a_json_line_counts_the_dropped_ones_in_a_field() {
    let counted = with_count(b"{\"level\":\"INFO\"}\n".to_vec(), 3);
    assert_eq!(String::from_utf8(counted).unwrap(), "{\"level\":\"INFO\",\"dropped_log_lines\":3}\n");
}

#[test]
fn a_writer_that_hangs_keeps_nobody_waiting() {
    type Gate = (Sender<()>, Mutex<Receiver<()>>);
    fn gate() -> Gate {
        let (open, gate) = channel();
        (open, Mutex::new(gate))
    }
    static WRITTEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    static GATE: LazyLock<Gate> = LazyLock::new(gate);
    static BEGUN: LazyLock<Gate> = LazyLock::new(gate);
    static LINES: Lines = Lines::new(|line| {
        BEGUN.0.send(()).unwrap();
        GATE.1.lock().unwrap().recv().unwrap();
        WRITTEN.lock().unwrap().push(line.len());
        Ok(())
    });
    let long = vec![b'x'; MOST_BYTES / 2];
    LINES.push(long.clone(), Origin::Note);
    BEGUN.1.lock().unwrap().recv().unwrap();
    LINES.flush(Duration::from_millis(10));
    // One is being written, two wait, and three have no room.
    for _ in 0..5 {
        LINES.push(long.clone(), Origin::Log);
    }
    log(&LINES, "");
    // After one wait in vain there is none.
    LINES.flush(PATIENCE * 60);
    for _ in 0..3 {
        GATE.0.send(()).unwrap();
    }
    let room = |state: &mut State| state.bytes > 0 || state.writer == Writer::Writing;
    drop(LINES.changed.wait_while(LINES.state(), room).unwrap());
    GATE.0.send(()).unwrap();
    log(&LINES, "room again");
    LINES.flush(PATIENCE);
    let counted = MOST_BYTES / 2 + " dropped_log_lines=4\n".len();
    assert_eq!(*WRITTEN.lock().unwrap(), [MOST_BYTES / 2, counted, MOST_BYTES / 2, "room again\n".len()]);
}

#[test]
fn a_line_that_was_cut_short_does_not_run_into_the_next() {
    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static LINES: Lines = Lines::new(|line| {
        let mut written = WRITTEN.lock().unwrap();
        let cut = line.starts_with(b"cut");
        written.extend_from_slice(if cut { b"cu" } else { line });
        if cut { Err(Unwritten { begun: true }) } else { Ok(()) }
    });
    log(&LINES, "cut");
    log(&LINES, "whole");
    log(&LINES, "whole too");
    LINES.flush(PATIENCE);
    assert_eq!(*WRITTEN.lock().unwrap(), b"cu\nwhole dropped_log_lines=1\nwhole too\n");
}

/// Answers each write as told.
struct Moody(VecDeque<Result<usize, ErrorKind>>);

impl io::Write for Moody {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        self.0.pop_front().unwrap().map_err(Into::into)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_is_written_in_as_many_pieces_as_it_takes() {
    let written = |answers: &[Result<usize, ErrorKind>]| {
        let mut to = Moody(answers.iter().copied().collect());
        let written = write_whole(&mut to, b"four");
        assert!(to.0.is_empty());
        written
    };
    let (again, later) = (Err(ErrorKind::Interrupted), Err(ErrorKind::WouldBlock));
    assert_eq!(written(&[Ok(1), again, Ok(2), later, Ok(1)]), Ok(()));
    assert_eq!(written(&[Err(ErrorKind::StorageFull)]), Err(Unwritten { begun: false }));
    assert_eq!(written(&[Ok(2), Ok(0)]), Err(Unwritten { begun: true }));
}
