//! Pages per second against a bare handler, and how long a page takes under a steady load.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use latchkey_testkit::{Browser, Server};

use crate::crowd;
use crate::service::{Installation, Running, pinned, step_aside};

const CONNECTIONS: usize = 16;
const TIME: Duration = Duration::from_secs(6);
/// Requests in a second of the steady load, and how many seconds it lasts.
const RATE: u32 = 200;
const STEADY: u32 = 15;

/// Asks for a page on every connection as often as it is answered: by the clock, and by the
/// service's processor time, in answers a second.
async fn flood(
    service: &Running,
    address: SocketAddr,
    like: &Browser,
    path: &'static str,
) -> (f64, f64) {
    let (began, used) = (Instant::now(), service.processor_time());
    let local = tokio::task::LocalSet::new();
    let count = Rc::new(std::cell::Cell::new(0_u32));
    for _ in 0..CONNECTIONS {
        let server = Server::at(address);
        let request = like.request("GET", path).body(Full::default()).unwrap();
        let count = Rc::clone(&count);
        local.spawn_local(async move {
            while began.elapsed() < TIME {
                let answer = server.answer(request.clone()).await;
                assert_eq!(answer.status, 200);
                count.set(count.get() + 1);
            }
        });
    }
    local.await;
    let count = f64::from(count.get());
    (
        count / began.elapsed().as_secs_f64(),
        count / (service.processor_time() - used),
    )
}

/// Times from when a request was due to its whole answer, at [`RATE`] a second, in ms, sorted.
async fn steady(address: SocketAddr, like: &Browser, path: &'static str) -> Vec<f64> {
    let local = tokio::task::LocalSet::new();
    let times = Rc::new(std::cell::RefCell::new(Vec::new()));
    let free: Rc<std::cell::RefCell<Vec<Server>>> = Rc::default();
    let sent = Rc::clone(&times);
    let like = like.request("GET", path).body(Full::default()).unwrap();
    local
        .run_until(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
            let mut asked = tokio::task::JoinSet::new();
            for _ in 0..RATE * STEADY {
                let due = ticks.tick().await.into_std();
                let (free, sent, request) = (Rc::clone(&free), Rc::clone(&sent), like.clone());
                asked.spawn_local(async move {
                    let kept = free.borrow_mut().pop();
                    let server = kept.unwrap_or_else(|| Server::at(address));
                    assert_eq!(server.answer(request).await.status, 200);
                    sent.borrow_mut().push(due.elapsed().as_secs_f64() * 1000.0);
                    free.borrow_mut().push(server);
                });
            }
            while let Some(done) = asked.join_next().await {
                done.unwrap();
            }
        })
        .await;
    let mut times = times.take();
    times.sort_by(f64::total_cmp);
    times
}

pub(crate) async fn run() {
    step_aside();
    let relay = Rc::new(crowd::relay().await);
    let installation = Installation::new(&relay.settings(), 1);
    let service = installation.serve();
    let address = installation.address;
    let mut outside = crowd::browser(address);
    outside.open("/reset").await;
    let bytes = outside.answer.body.len();
    let mut inside = crowd::browser(address);
    inside.begin("u0@t0.example").await;
    assert_eq!(inside.place(), "/reset/verify");

    let mut command = pinned(std::env::current_exe().unwrap());
    command.args(["bare", &bytes.to_string()]);
    let (bare, port) = Running::ready(command);
    let bare_at = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    let limit = flood(&bare, bare_at, &outside, "/reset").await;
    println!(
        "bare handler, {bytes} bytes: {:.0}/s; {:.0}/s of processor time",
        limit.0, limit.1
    );
    for (name, browser, path) in [
        ("GET /reset", &outside, "/reset"),
        ("GET /reset/verify (in a session)", &inside, "/reset/verify"),
    ] {
        let rate = flood(&service, address, browser, path).await;
        println!(
            "{name}: {:.0}/s (ratio {:.2}); {:.0}/s of processor time (ratio {:.2})",
            rate.0,
            rate.0 / limit.0,
            rate.1,
            rate.1 / limit.1
        );
    }
    drop(bare);
    for (name, browser, path) in [
        ("GET /reset", &outside, "/reset"),
        ("GET /reset/verify (in a session)", &inside, "/reset/verify"),
    ] {
        let times = steady(address, browser, path).await;
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        println!(
            "{name} at {RATE}/s: median {:.2} ms, p99 {:.2} ms (budget 5), most {:.2} ms",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}
