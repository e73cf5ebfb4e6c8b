//! Argon2id off the async threads, behind a bounded queue.
//!
//! One hash takes 19 MiB and tens of milliseconds, so that a flood of them is the cheapest attack
//! there is: there are as many workers as cores, each with its own memory, which it keeps while
//! there is work, and a queue that answers *busy* at once when it is full.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_crypto::argon::{ArgonError, Hasher, Verdict, Worker};
use latchkey_types::{Entropy, Password, random_bytes};
use tokio::sync::oneshot;

use crate::AppError;

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// How long a worker that has nothing to do keeps its memory.
const KEPT: Duration = Duration::from_secs(60);

/// The workers and their queue. Clones share them.
#[derive(Clone)]
pub(crate) struct HashPool(Arc<Owner>);

/// Ends the workers when the last clone is gone.
struct Owner(Arc<Queue>);

/// Jobs that wait.
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

/// What a worker does next.
enum Next {
    Work(Job),
    /// There was nothing to do for a while.
    Rest,
    End,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false`: it is full.
    fn put(&self, job: Job) -> bool {
        let mut state = self.state();
        if state.jobs.len() >= self.most {
            return false;
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Waits for a job; with a limit, not for longer.
    fn next(&self, limit: Option<Duration>) -> Next {
        let nothing = |state: &mut State| state.jobs.is_empty() && !state.is_closed;
        let state = self.state();
        let mut state = match limit {
            Some(limit) => {
                let waited = self.changed.wait_timeout_while(state, limit, nothing);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait_while(state, nothing);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        };
        match state.jobs.pop_front() {
            Some(job) => Next::Work(job),
            None if state.is_closed => Next::End,
            None => Next::Rest,
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.state().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl HashPool {
    /// Starts `workers` threads behind a queue for `waiting` jobs.
    pub(crate) fn start(hasher: &Hasher, workers: usize, waiting: usize) -> Result<Self, AppError> {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            most: waiting.max(1),
        });
        let pool = Self(Arc::new(Owner(Arc::clone(&queue))));
        for number in 0..workers.max(1) {
            let (hasher, queue) = (hasher.clone(), Arc::clone(&queue));
            std::thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || work(&hasher, &queue))
                .map_err(|error| AppError::internal("start a hashing thread", error))?;
        }
        Ok(pool)
    }

    /// Hashes a password, which is in NFC.
    pub(crate) async fn hash(
        &self,
        entropy: &dyn Entropy,
        password: Password,
    ) -> Result<String, AppError> {
        let salt = random_bytes::<16>(entropy);
        self.run(move |worker| worker.hash(&password, salt)).await
    }

    /// Compares a password, which is in NFC, with a hash.
    pub(crate) async fn verify(
        &self,
        password: Password,
        phc: String,
    ) -> Result<Verdict, AppError> {
        self.run(move |worker| worker.verify(&password, &phc)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, ArgonError> + Send + 'static,
    ) -> Result<T, AppError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |worker| {
            // Whoever asked may be gone: then the result is, too.
            let _ = answer.send(job(worker));
        });
        if !self.0.0.put(job) {
            metrics::counter!("latchkey_hash_queue_full_total").increment(1);
            return Err(AppError::Busy {
                retry_after: Duration::from_secs(2),
            });
        }
        answered
            .await
            .map_err(|error| AppError::internal("a hashing thread stopped", error))?
            .map_err(|error| AppError::internal("Argon2id", error))
    }
}

fn work(hasher: &Hasher, queue: &Queue) {
    // Its memory is made for the first job, and given back when there has been none for a while.
    let mut worker: Option<Worker> = None;
    loop {
        match queue.next(worker.is_some().then_some(KEPT)) {
            Next::Work(job) => job(worker.get_or_insert_with(|| hasher.worker())),
            Next::Rest => worker = None,
            Next::End => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(most: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            changed: Condvar::new(),
            most,
        }
    }

    #[test]
    fn a_full_queue_takes_no_more_until_something_is_taken_out() {
        let queue = queue(2);
        let put = || queue.put(Box::new(|_| {}));
        assert!(put() && put());
        assert!(!put());
        assert!(matches!(queue.next(None), Next::Work(_)));
        assert!(put());
    }

    #[test]
    fn a_worker_without_work_rests_and_one_of_a_closed_queue_ends_after_the_last_job() {
        let queue = queue(2);
        assert!(matches!(queue.next(Some(Duration::ZERO)), Next::Rest));
        assert!(queue.put(Box::new(|_| {})));
        queue.state().is_closed = true;
        assert!(matches!(queue.next(Some(Duration::ZERO)), Next::Work(_)));
        assert!(matches!(queue.next(None), Next::End));
    }
}
