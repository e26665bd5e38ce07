//! Telling a host how far a call is, where it asked to be told.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

/// A host hears something at least so often while a call works.
const AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// How far a call is.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is done. It only ever increases (MCP, "Progress"); a sign of life adds less than one.
    pub done: f64,
    /// Of how many, where that is known.
    pub total: Option<u64>,
    /// The same for people.
    pub message: String,
}

type Notify = dyn Fn(Step) -> BoxFuture<'static, ()> + Send + Sync;

/// Where notifications of progress go.
#[derive(Clone)]
pub struct Progress {
    notify: Arc<Notify>,
    told: Arc<Mutex<Told>>,
    began: Instant,
}

/// What was told last.
#[derive(Debug)]
struct Told {
    done: u64,
    total: Option<u64>,
    message: String,
    /// Signs of life since.
    signs: u32,
    at: Instant,
}

impl Progress {
    /// A sink.
    pub fn new(notify: impl Fn(Step) -> BoxFuture<'static, ()> + Send + Sync + 'static) -> Self {
        let began = Instant::now();
        let told = Told { done: 0, total: None, message: "Working".to_owned(), signs: 0, at: began };
        Self { notify: Arc::new(notify), told: Arc::new(Mutex::new(told)), began }
    }

    /// Tells that `done` of `total` (0 = not known) is done, unless that was told before.
    pub async fn tell(&self, done: u64, total: u64, message: String) {
        let step = {
            let mut told = self.told();
            if done <= told.done {
                return;
            }
            let total = (total > 0).then_some(total);
            *told = Told { done, total, message, signs: 0, at: Instant::now() };
            told.step()
        };
        (self.notify)(step).await;
    }

    /// Gives signs of life as long as nothing else is told; it never ends.
    pub async fn keep_telling(&self) {
        loop {
            let next = self.told().at + AT_LEAST_EVERY;
            tokio::time::sleep_until(next).await;
            let step = {
                let mut told = self.told();
                if told.at + AT_LEAST_EVERY > Instant::now() {
                    continue;
                }
                told.signs = told.signs.saturating_add(1);
                told.at = Instant::now();
                let mut step = told.step();
                step.message = format!("{}; {} s so far", step.message, self.began.elapsed().as_secs());
                step
            };
            (self.notify)(step).await;
        }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn step(&self) -> Step {
        #[expect(clippy::cast_precision_loss, reason = "counts of codes are far below 2^52")]
        let done = self.done as f64;
        let sign = 1.0 - 1.0 / (f64::from(self.signs) + 1.0);
        Step { done: done + sign, total: self.total, message: self.message.clone() }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("told", &self.told).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_hears_something_every_five_seconds_and_never_less_than_before() {
        let steps: Arc<Mutex<Vec<Step>>> = Arc::default();
        let sink = Arc::clone(&steps);
        let progress = Progress::new(move |step| {
            sink.lock().unwrap().push(step);
            async {}.boxed()
        });
        let work = async {
            tokio::time::sleep(Duration::from_secs(12)).await;
            progress.tell(3, 10, "3 of 10 codes created".to_owned()).await;
            progress.tell(2, 10, "2 of 10 codes created".to_owned()).await;
            tokio::time::sleep(Duration::from_secs(6)).await;
        };
        tokio::select! {
            () = work => {}
            () = progress.keep_telling() => unreachable!("it never ends"),
        }
        let steps = steps.lock().unwrap();
        let told: Vec<_> = steps.iter().map(|step| (step.message.as_str(), step.total)).collect();
        assert_eq!(
            told,
            [
                ("Working; 5 s so far", None),
                ("Working; 10 s so far", None),
                ("3 of 10 codes created", Some(10)),
                ("3 of 10 codes created; 17 s so far", Some(10)),
            ]
        );
        assert!(steps.is_sorted_by(|one, next| one.done < next.done), "{steps:?}");
        assert!(steps.iter().all(|step| step.done < 4.0), "{steps:?}");
    }
}
