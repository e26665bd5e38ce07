//! `coupon-mcp jobs`: pending jobs finished, shown and stopped from the shell.

mod cancel;
mod look;
mod run;
mod stage;
#[cfg(target_os = "linux")]
mod terminal;
