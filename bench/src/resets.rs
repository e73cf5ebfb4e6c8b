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
/// Hashes and resets take turns, because what else runs on the machine changes from minute to minute.
const ROUNDS: usize = 5;
const TIME: Duration = Duration::from_secs(5);
const RAW_TIME: Duration = Duration::from_secs(3);

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
    while began.elapsed() < RAW_TIME {
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
    beside_raw("resets", &service, &queue, async |time| {
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
    })
    .await;
}

/// Lets what is measured and raw hashes take turns, and prints how they compare.
pub(crate) async fn beside_raw(
    what: &str,
    service: &Running,
    queue: &Queue,
    walk: impl AsyncFn(Duration),
) {
    walk(WARM_UP).await;
    let (mut count, mut time, mut used) = (0.0, 0.0, 0.0);
    let mut raws = vec![measure_raw()];
    for _ in 0..ROUNDS {
        let (done, before, began) = (queue.done.get(), service.processor_time(), Instant::now());
        walk(TIME).await;
        count += (queue.done.get() - done) as f64;
        time += began.elapsed().as_secs_f64();
        used += service.processor_time() - before;
        raws.push(measure_raw());
    }
    let mean = |of: fn(&(f64, f64)) -> f64| raws.iter().map(of).sum::<f64>() / raws.len() as f64;
    let raw = (mean(|raw| raw.0), mean(|raw| raw.1));
    let line = |how: &str, rate: f64, raw: f64| {
        println!(
            "{how:18} {rate:7.1} {what}/s  {raw:7.1} raw Argon2id/s  ratio {:.2}  (budget 0.90)",
            rate / raw
        );
    };
    line("by the clock", count / time, raw.0);
    line("by processor time", count / used, raw.1);
    println!(
        "{count} {what} in {time:.1} s, {:.0} % of the processor; {:.2} ms of it each, of which a \
         hash is {:.2} ms",
        100.0 * used / time,
        1000.0 * used / count,
        1000.0 / raw.1
    );
}
