use std::io::Read;

use tempfile::{TempDir, tempdir};

use super::*;

/// A directory `allowed` with `codes.csv` and `sub/codes.csv`, and beside it `secret.csv`.
fn files() -> TempDir {
    let base = tempdir().unwrap();
    fs::create_dir_all(base.path().join("allowed/sub")).unwrap();
    fs::write(base.path().join("allowed/codes.csv"), "code\nA1\n").unwrap();
    fs::write(base.path().join("allowed/sub/codes.csv"), "code\nB1\n").unwrap();
    fs::write(base.path().join("secret.csv"), "code\nS1\n").unwrap();
    base
}

fn content(path: impl AsRef<Path>, allowed: &[PathBuf]) -> Result<String, String> {
    let mut file = open(path.as_ref(), allowed).map_err(|fault| fault.to_string())?;
    let mut content = String::new();
    file.read_to_string(&mut content).unwrap();
    Ok(content)
}

fn refusal(path: impl AsRef<Path>, allowed: &[PathBuf]) -> String {
    content(path, allowed).unwrap_err()
}

#[test]
fn files_inside_an_allowed_directory_are_opened() {
    let base = files();
    let allowed = [base.path().join("allowed"), base.path().join("allowed/sub")];
    for path in ["codes.csv", "./codes.csv"] {
        assert_eq!(content(path, &allowed), Ok("code\nA1\n".to_owned()), "{path}");
    }
    assert_eq!(content("sub/codes.csv", &allowed), Ok("code\nB1\n".to_owned()));
    for directory in &allowed {
        assert!(content(directory.join("codes.csv"), &allowed).is_ok());
    }
    let second = [base.path().join("allowed/sub"), base.path().join("allowed")];
    assert_eq!(content(allowed[0].join("codes.csv"), &second), Ok("code\nA1\n".to_owned()));
    assert_eq!(content("codes.csv", &second), Ok("code\nB1\n".to_owned()));
}

#[test]
fn without_an_allowed_directory_no_file_is_opened() {
    let base = files();
    let message = "no directory may be read: the operator must name one with --allow-dir";
    assert_eq!(refusal(base.path().join("secret.csv"), &[]), message);
    assert_eq!(refusal("codes.csv", &[]), message);
}

#[test]
fn paths_that_lead_outside_are_refused_with_the_directories_that_are_allowed() {
    let base = files();
    let allowed = base.path().join("allowed");
    let other = base.path().join("not there");
    let message = refusal(base.path().join("secret.csv"), &[allowed.clone(), other.clone()]);
    let directories = format!("{}, {}", allowed.display(), other.display());
    assert!(
        message.ends_with(&format!(" is outside of the allowed directories: {directories}")),
        "{message}"
    );
    // A name that begins like an allowed one is another directory.
    fs::create_dir(base.path().join("allowed2")).unwrap();
    fs::write(base.path().join("allowed2/codes.csv"), "code\n").unwrap();
    let message = refusal(base.path().join("allowed2/codes.csv"), std::slice::from_ref(&allowed));
    assert!(message.contains(" is outside of the allowed directories: "), "{message}");
    for path in ["../secret.csv", "sub/../../secret.csv", "..", "sub/../codes.csv"] {
        let message = refusal(path, std::slice::from_ref(&allowed));
        assert_eq!(message, format!("\"{path}\" has .. in it, which is not allowed"));
    }
    let message = refusal(allowed.join("../secret.csv"), std::slice::from_ref(&allowed));
    assert!(message.ends_with(" has .. in it, which is not allowed"), "{message}");
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let base = files();
    let allowed = [base.path().join("allowed")];
    for path in ["sub", ".", ""] {
        assert_eq!(refusal(path, &allowed), format!("\"{path}\" is not a regular file"));
    }
    assert!(refusal(&allowed[0], &allowed).ends_with(" is not a regular file"));
    assert!(refusal("missing.csv", &allowed).starts_with("\"missing.csv\" cannot be read: "));
    assert!(refusal("codes.csv/x", &allowed).starts_with("\"codes.csv/x\" cannot be read: "));
    assert!(refusal("a\0b", &allowed).contains(" cannot be read: "));
    let missing = [base.path().join("missing")];
    assert!(
        refusal("codes.csv", &missing)
            .starts_with(&format!("the allowed directory {} cannot be read: ", missing[0].display()))
    );
}

#[test]
fn a_file_larger_than_an_import_is_not_opened() {
    let base = files();
    let allowed = [base.path().join("allowed")];
    let file = File::create(allowed[0].join("large.csv")).unwrap();
    file.set_len(MAX_FILE_BYTES).unwrap();
    assert!(open(Path::new("large.csv"), &allowed).is_ok());
    file.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert_eq!(refusal("large.csv", &allowed), "larger than 33554432 bytes, the most of one import");
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn no_symbolic_link_below_an_allowed_directory_is_followed() {
        let base = files();
        let allowed = [base.path().join("allowed")];
        symlink(base.path().join("secret.csv"), allowed[0].join("outside.csv")).unwrap();
        symlink(allowed[0].join("codes.csv"), allowed[0].join("inside.csv")).unwrap();
        symlink(base.path(), allowed[0].join("up")).unwrap();
        symlink(allowed[0].join("sub"), allowed[0].join("down")).unwrap();
        symlink("nowhere", allowed[0].join("dangling.csv")).unwrap();
        for path in ["outside.csv", "inside.csv", "up/secret.csv", "down/codes.csv", "dangling.csv"] {
            let message = format!("\"{path}\" is, or leads through, a symbolic link, which is not followed");
            assert_eq!(refusal(path, &allowed), message);
            let absolute = refusal(allowed[0].join(path), &allowed);
            assert!(absolute.ends_with(" a symbolic link, which is not followed"), "{absolute}");
        }
    }

    #[test]
    fn an_allowed_directory_may_itself_be_reached_through_a_link() {
        let base = files();
        let link = base.path().join("link");
        symlink(base.path().join("allowed"), &link).unwrap();
        let expected = Ok("code\nA1\n".to_owned());
        let real = fs::canonicalize(base.path().join("allowed")).unwrap();
        for path in [PathBuf::from("codes.csv"), link.join("codes.csv"), real.join("codes.csv")] {
            assert_eq!(content(&path, std::slice::from_ref(&link)), expected, "{}", path.display());
        }
    }

    #[test]
    fn a_fifo_a_socket_and_a_device_are_refused_without_waiting() {
        let base = files();
        let allowed = [base.path().join("allowed"), PathBuf::from("/dev")];
        let made = Command::new("mkfifo").arg(allowed[0].join("fifo.csv")).status().unwrap();
        assert!(made.success());
        let _listening = UnixListener::bind(allowed[0].join("socket.csv")).unwrap();
        for path in ["fifo.csv", "socket.csv", "/dev/null", "/dev/zero"] {
            assert_eq!(refusal(path, &allowed), format!("\"{path}\" is not a regular file"));
        }
    }

    #[test]
    fn a_file_that_may_not_be_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let base = files();
        let allowed = [base.path().join("allowed")];
        let file = allowed[0].join("codes.csv");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        // Root reads it all the same.
        if File::open(&file).is_err() {
            assert!(refusal("codes.csv", &allowed).starts_with("\"codes.csv\" cannot be read: "));
        }
    }

    #[test]
    fn a_file_that_is_exchanged_after_it_was_looked_at_is_not_taken() {
        type Exchange = fn(&Path);
        let exchanges: [Exchange; 4] = [
            // Another file of the same length.
            |base| {
                fs::write(base.join("new.csv"), "code\nX1\n").unwrap();
                fs::rename(base.join("new.csv"), base.join("allowed/sub/codes.csv")).unwrap();
            },
            |base| {
                fs::remove_file(base.join("allowed/sub/codes.csv")).unwrap();
                symlink(base.join("secret.csv"), base.join("allowed/sub/codes.csv")).unwrap();
            },
            // The same file, but outside by now.
            |base| {
                fs::rename(base.join("allowed/sub"), base.join("elsewhere")).unwrap();
                symlink(base.join("elsewhere"), base.join("allowed/sub")).unwrap();
            },
            |base| {
                fs::remove_file(base.join("allowed/sub/codes.csv")).unwrap();
                fs::create_dir(base.join("allowed/sub/codes.csv")).unwrap();
            },
        ];
        for exchange in exchanges {
            let base = files();
            let root = fs::canonicalize(base.path().join("allowed")).unwrap();
            let path = Path::new("sub/codes.csv");
            let (full, seen) = walk(path, &root, path).unwrap();
            assert!(open_seen(path, &root, &full, &seen).is_ok());
            exchange(base.path());
            assert_eq!(
                open_seen(path, &root, &full, &seen).unwrap_err().to_string(),
                "\"sub/codes.csv\" was exchanged for another while it was opened"
            );
        }
    }
}
