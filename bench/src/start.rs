//! How long it takes from the command to the first page of the demo.

use std::time::Instant;

use crate::crowd;
use crate::service::Running;

const RUNS: usize = 21;

pub(crate) async fn run() {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let (_demo, address) = Running::demo();
        let mut browser = crowd::browser(address);
        browser.open("/reset").await;
        assert_eq!(browser.answer.status, 200);
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "start to first page, demo: median {:.0} ms, least {:.0}, most {:.0} of {RUNS} (budget 150)",
        times[RUNS / 2],
        times[0],
        times[RUNS - 1]
    );
}
