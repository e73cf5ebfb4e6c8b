//! What a page weighs over the wire, with everything that it loads.

use latchkey_testkit::Browser;

use crate::crowd;
use crate::service::Running;

/// Body and head of the answer, in bytes, as HTTP/1.1 writes them.
fn size(browser: &Browser) -> usize {
    let answer = &browser.answer;
    let head: usize = answer
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    head + "HTTP/1.1 200 OK\r\n\r\n".len() + answer.body.len()
}

pub(crate) async fn run() {
    let (_demo, address) = Running::demo();
    let mut browser = crowd::browser(address).with_header("accept-encoding", "gzip, deflate, br");
    browser.open("/reset").await;
    let page = browser.page();
    let mut total = size(&browser);
    let mut requests = 1;
    println!(
        "/reset: {total} bytes, {} of them the page",
        browser.answer.body.len()
    );
    let links = page.all("link").filter_map(|link| link.attribute("href"));
    let scripts = page
        .all("script")
        .filter_map(|script| script.attribute("src"));
    let targets: Vec<String> = links
        .chain(scripts)
        // What is in the page itself is not asked for.
        .filter(|target| !target.starts_with("data:"))
        .map(str::to_owned)
        .collect();
    for target in targets {
        browser.get(&target).await;
        assert_eq!(browser.answer.status, 200, "{target}");
        println!("{target}: {} bytes", size(&browser));
        total += size(&browser);
        requests += 1;
    }
    println!(
        "together: {:.1} KB in {requests} requests (budget 60 KB, 3 requests)",
        total as f64 / 1000.0
    );
}
