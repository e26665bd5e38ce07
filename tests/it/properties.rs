//! What must hold for whatever is sent, tried with inputs drawn at random.

mod checkout;
mod driver;
mod exposure;
mod flat_promotion;
mod found;
mod guard;
mod hostile_store;
mod round_trip;
mod script;
mod worst_case;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

/// The same inputs in every run, so that a failure comes again; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` try others.
const SEED: u64 = 20_261_122;

/// Runs `test` on `cases` inputs. A test says what is wrong in its error; the input is then made as small as it
/// can be in a few more tries.
fn check<S: Strategy>(
    runtime: &Runtime,
    cases: u32,
    inputs: S,
    test: impl AsyncFn(S::Value) -> Result<(), String>,
) {
    let (mut runner, seed) = runner(cases);
    let outcome = runner.run(&inputs, |input| runtime.block_on(test(input)).map_err(TestCaseError::fail));
    if let Err(failure) = outcome {
        panic!("PROPTEST_RNG_SEED={seed}: {failure}");
    }
}

/// What tries `cases` inputs, and the seed that they come from.
fn runner(cases: u32) -> (TestRunner, RngSeed) {
    let mut config = Config { failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(SEED);
    }
    let seed = config.rng_seed;
    (TestRunner::new(config), seed)
}
