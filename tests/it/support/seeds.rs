//! Random runs that can be repeated.

use futures::StreamExt;

/// Runs at once.
const ABREAST: usize = 5;

/// Runs `run` for each seed and names those that failed. `COUPON_MCP_SEEDS` says how many there are, or which:
/// `200`, or `17..18` for one that failed.
pub(crate) async fn each<F>(usual: u64, run: impl Fn(u64) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let given = std::env::var("COUPON_MCP_SEEDS").ok();
    let seeds = given.as_deref().map_or(0..usual, |given| match given.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..given.parse().unwrap(),
    });
    let runs = seeds.map(|seed| {
        let run = tokio::spawn(run(seed));
        async move { run.await.err().map(|error| (seed, error)) }
    });
    let failed: Vec<_> = futures::stream::iter(runs).buffer_unordered(ABREAST).collect().await;
    let failed: Vec<String> = failed.into_iter().flatten().map(|(seed, error)| told(seed, error)).collect();
    assert!(failed.is_empty(), "{} seeds failed:\n{}", failed.len(), failed.join("\n"));
}

fn told(seed: u64, error: tokio::task::JoinError) -> String {
    let cause = error.into_panic();
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    format!("seed {seed}: {text}")
}
