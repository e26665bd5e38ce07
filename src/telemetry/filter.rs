//! What is logged: the operator's wish, read so that a slip silences nothing.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

/// The target of messages for people, where these are lines of the log.
pub(super) const NOTE: &str = "coupon_mcp::note";

/// What is wrong with a wish. It is not shown: a variable may hold a secret by mistake.
const FAULT: &str = "COUPON_MCP_LOG cannot be read, so the log is as usual: give one of error, warn, info, debug, trace, \
                     off, or directives such as coupon_mcp=debug";

/// A filter, and what is wrong with the wish that it was made from.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) filter: EnvFilter,
    pub(super) fault: Option<&'static str>,
}

/// The filter for `wish`: a level, which is this program's own, or directives in the syntax of [`EnvFilter`], or both,
/// with commas between them; without any, `usual` is this program's own level. Other crates' lines stay at warnings unless a directive names them or the level is
/// `trace`: theirs hold what was said and written, coupon codes too.
pub(super) fn read(wish: Option<&str>, usual: LevelFilter) -> Filter {
    match wish.map(parse) {
        None => Filter { filter: build(usual, Vec::new()), fault: None },
        Some(Some((level, directives))) => {
            Filter { filter: build(level.unwrap_or(usual), directives), fault: None }
        }
        Some(None) => Filter { filter: build(usual, Vec::new()), fault: Some(FAULT) },
    }
}

fn parse(wish: &str) -> Option<(Option<LevelFilter>, Vec<Directive>)> {
    let (mut level, mut directives) = (None, Vec::new());
    for part in wish.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if let Ok(read) = part.parse::<LevelFilter>() {
            level = Some(read);
        } else if part.contains(['=', '[']) || part.contains("::") {
            // A word alone would be taken for the name of a crate, and everything else be silenced.
            directives.push(part.parse().ok()?);
        } else {
            return None;
        }
    }
    Some((level, directives))
}

fn build(own: LevelFilter, directives: Vec<Directive>) -> EnvFilter {
    if own == LevelFilter::TRACE {
        return directives.into_iter().fold(EnvFilter::new("trace"), EnvFilter::add_directive);
    }
    let others = own.min(LevelFilter::WARN);
    // rmcp complains when a peer has left, and of no more than errors is there anything to be done.
    let rmcp = own.min(LevelFilter::ERROR);
    let usual = format!("{others},rmcp={rmcp},rmcp::service=off,coupon_mcp={own},{NOTE}=info");
    directives.into_iter().fold(EnvFilter::new(usual), EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(wish: &str) -> String {
        let Filter { filter, fault } = read(Some(wish), LevelFilter::INFO);
        assert_eq!(fault, None, "{wish}");
        filter.to_string()
    }

    #[test]
    fn a_level_is_this_programs_own() {
        for (wish, shown, hidden) in [
            ("debug", "coupon_mcp=debug", "rmcp=debug"),
            ("error", "rmcp=error", "warn"),
            ("off", "coupon_mcp=off", "error"),
            ("debug, hyper=info", "hyper=info", "rmcp=info"),
        ] {
            let built = filter(wish);
            assert!(built.contains(shown) && !built.contains(hidden), "{wish}: {built}");
            assert!(built.contains("coupon_mcp::note=info"), "{wish}: {built}");
        }
        assert_eq!(filter("TRACE"), "trace");
    }

    #[test]
    fn a_directive_that_names_a_crate_is_obeyed() {
        let built = filter("rmcp=debug");
        assert!(built.contains("rmcp=debug") && built.contains("coupon_mcp=info"), "{built}");
    }

    #[test]
    fn what_cannot_be_read_leaves_the_log_as_it_is() {
        let usual = read(None, LevelFilter::INFO).filter.to_string();
        for wrong in
            ["verbose", "coupon_mcp=loud", "debug;info", "coupon_mcp", "5x", "https://user:x@api.example"]
        {
            let Filter { filter, fault } = read(Some(wrong), LevelFilter::INFO);
            assert_eq!((filter.to_string(), fault), (usual.clone(), Some(FAULT)), "{wrong}");
        }
    }
}
