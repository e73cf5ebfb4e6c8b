//! Argon2id off the async threads, behind a bounded queue.
//!
//! One hash takes 19 MiB and tens of milliseconds, so that a flood of them is the cheapest attack
//! there is: there are as many workers as cores, each with its own memory, which it keeps, and a
//! queue that answers *busy* at once when it is full.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use latchkey_crypto::argon::{ArgonError, Hasher, Verdict, Worker};
use latchkey_types::{Entropy, Password, random_bytes};
use tokio::sync::oneshot;

use crate::AppError;

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// The workers and their queue. Clones share them.
#[derive(Clone)]
pub(crate) struct HashPool {
    queue: SyncSender<Job>,
}

impl HashPool {
    /// Starts `workers` threads behind a queue for `waiting` jobs.
    pub(crate) fn start(hasher: &Hasher, workers: usize, waiting: usize) -> Result<Self, AppError> {
        let (queue, jobs) = sync_channel::<Job>(waiting.max(1));
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..workers.max(1) {
            let worker = hasher.worker();
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(format!("argon2-{number}"))
                .spawn(move || work(worker, &jobs))
                .map_err(|error| AppError::internal("start a hashing thread", error))?;
        }
        Ok(Self { queue })
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
        match self.queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                metrics::counter!("latchkey_hash_queue_full_total").increment(1);
                return Err(AppError::Busy {
                    retry_after: Duration::from_secs(2),
                });
            }
            Err(TrySendError::Disconnected(_)) => {
                return Err(AppError::bug("hashing threads are gone"));
            }
        }
        answered
            .await
            .map_err(|error| AppError::internal("a hashing thread stopped", error))?
            .map_err(|error| AppError::internal("Argon2id", error))
    }
}

fn work(mut worker: Worker, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&mut worker),
            Err(_) => return,
        }
    }
}
