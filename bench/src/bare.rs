//! The limit of pages per second: a handler that answers with so many bytes and does nothing else.

use axum::Router;
use axum::response::Html;
use axum::routing::get;

/// Serves a page of so many bytes; says where.
pub(crate) async fn serve(bytes: usize) {
    let page: &'static str = "x".repeat(bytes).leak();
    let router = Router::new().route("/reset", get(move || async move { Html(page) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    axum::serve(listener, router).await.unwrap();
}
