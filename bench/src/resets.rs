//! Full resets per second against raw Argon2id hashes per second on the same processor.

use std::rc::Rc;
use std::time::{Duration, Instant};

use latchkey_crypto::argon::{Hasher, Params, Pepper, Peppers};
use latchkey_types::Secret;

use crate::crowd::{self, Queue};
use crate::service::{Installation, Running, pinned, step_aside};

/// People at once: enough that the processor is never without work.
const PEOPLE: usize = 24;
const TENANTS: usize = 4;
const WARM_UP: Duration = Duration::from_secs(2);
const TIME: Duration = Duration::from_secs(15);

/// Prints raw hashes in a second, by the clock and by processor time.
pub(crate) fn raw() {
    let pepper = Pepper::from_bytes(1, b"\x8f benches: this protects nothing").unwrap();
    let hasher = Hasher::new(Params::default(), Peppers::new(pepper, Vec::new()));
    let mut worker = hasher.worker();
    let password = Secret::new("Tall-Ships-99".to_owned());
    let used = || {
        let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
        let nanos: f64 = stat.split(' ').next().unwrap().parse().unwrap();
        nanos / 1e9
    };
    worker.hash(&password, [1; 16]).unwrap();
    let (began, before) = (Instant::now(), used());
    let mut count = 0_u32;
    while began.elapsed() < Duration::from_secs(5) {
        worker.hash(&password, [2; 16]).unwrap();
        count += 1;
    }
    let count = f64::from(count);
    println!(
        "{} {}",
        count / began.elapsed().as_secs_f64(),
        count / (used() - before)
    );
}

fn measure_raw() -> (f64, f64) {
    let mut command = pinned(std::env::current_exe().unwrap());
    command.arg("raw");
    let (_running, line) = Running::ready(command);
    let (clock, processor) = line.split_once(' ').unwrap();
    (clock.parse().unwrap(), processor.parse().unwrap())
}

pub(crate) async fn run() {
    step_aside();
    let relay = Rc::new(crowd::relay().await);
    let installation = Installation::new(&relay.settings(), TENANTS);
    let service = installation.serve();
    let queue = Rc::new(Queue::default());
    let before = measure_raw();
    let walk = async |time| {
        let enough = crowd::after(time);
        crowd::walk(
            installation.address,
            &relay,
            &queue,
            TENANTS,
            PEOPLE,
            enough,
        )
        .await;
    };
    walk(WARM_UP).await;
    let (done, used, began) = (queue.done.get(), service.processor_time(), Instant::now());
    walk(TIME).await;
    let count = (queue.done.get() - done) as f64;
    let (time, used) = (
        began.elapsed().as_secs_f64(),
        service.processor_time() - used,
    );
    let after = measure_raw();
    let raw = (
        f64::midpoint(before.0, after.0),
        f64::midpoint(before.1, after.1),
    );
    let line = |what: &str, resets: f64, raw: f64| {
        println!(
            "{what:18} {resets:7.1} resets/s  {raw:7.1} raw Argon2id/s  ratio {:.2}  (budget 0.90)",
            resets / raw
        );
    };
    line("by the clock", count / time, raw.0);
    line("by processor time", count / used, raw.1);
    println!(
        "{count} resets in {time:.1} s, {:.0} % of the processor; {:.2} ms of it each, of which a \
         hash is {:.2} ms",
        100.0 * used / time,
        1000.0 * used / count,
        1000.0 / raw.1
    );
}
