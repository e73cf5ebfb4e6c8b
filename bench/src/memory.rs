//! Resident memory, idle and after many resets.

use std::rc::Rc;

use crate::crowd::{self, Queue};
use crate::service::{Installation, step_aside};

const TENANTS: usize = 20;
const RESETS: usize = 10_000;
/// What one hashing thread keeps, in MiB; there is one for the one processor.
const ARGON: f64 = 19.0;

pub(crate) async fn run() {
    step_aside();
    let relay = Rc::new(crowd::relay().await);
    let installation = Installation::new(&relay.settings(), TENANTS);
    let service = installation.serve();
    crowd::browser(installation.address).open("/reset").await;
    println!(
        "idle, after one page: {:.1} MiB resident (budget 40)",
        service.resident()
    );
    let queue = Rc::new(Queue::default());
    for goal in [1_000, RESETS] {
        let enough = move |queue: &Queue| queue.done.get() + 24 > goal;
        crowd::walk(installation.address, &relay, &queue, TENANTS, 24, enough).await;
        println!(
            "after {} resets: {:.1} MiB resident, {:.1} without Argon2's own (budget 80)",
            queue.done.get(),
            service.resident(),
            service.resident() - ARGON
        );
    }
}
