//! Transactions.

use std::task::Poll;

use latchkey_store::{Db, Engine, Options, Retry, StoreError, service, tenants};

use crate::support::{CONTOSO, Fresh, at_once, on_both, options, read, tenant, write};

on_both! {
    what_failed_is_undone_and_what_ended_well_is_kept
    a_caught_failure_of_a_statement_still_undoes_everything
    a_reader_sees_one_state_from_first_to_last
    a_reader_cannot_write
    statements_are_counted
    it_answers_and_refuses_after_closing
    writers_queue_and_none_is_lost
    of_writers_at_once_those_that_fail_undo_only_themselves
    a_transaction_that_is_given_up_undoes_only_itself
    one_that_is_given_up_while_it_begins_leaves_nothing_open
    what_is_answered_is_seen_by_others
    crossed_locks_end_in_both_done
    a_future_of_a_transaction_can_be_sent_between_threads
    no_text_of_an_error_holds_a_value
}

async fn what_failed_is_undone_and_what_ended_well_is_kept(Fresh { db, .. }: Fresh) {
    #[derive(Debug, thiserror::Error)]
    enum AppError {
        #[error("no")]
        No,
        #[error(transparent)]
        Store(#[from] StoreError),
    }
    let refused = db
        .write(async |mut tx| {
            service::set(&mut tx, "a", "1").await?;
            Err::<(), _>(AppError::No)
        })
        .await;
    assert!(matches!(refused, Err(AppError::No)));
    assert_eq!(read!(db, |tx| service::get(tx, "a").await), None);
    write!(db, |tx| service::set(tx, "a", "2").await);
    assert_eq!(
        read!(db, |tx| service::get(tx, "a").await).as_deref(),
        Some("2")
    );
}

async fn a_caught_failure_of_a_statement_still_undoes_everything(Fresh { db, .. }: Fresh) {
    let result: Result<(), StoreError> = db
        .write(async |mut tx| {
            service::set(&mut tx, "a", "1").await?;
            // No such tenant: the reference fails.
            let failed = latchkey_store::audit::insert_head(&mut tx, CONTOSO, &[0; 32]).await;
            assert!(
                matches!(failed, Err(StoreError::Conflict("reference"))),
                "{failed:?}"
            );
            Ok(())
        })
        .await;
    assert!(matches!(result, Err(StoreError::Bug(_))));
    assert_eq!(read!(db, |tx| service::get(tx, "a").await), None);
}

async fn a_reader_sees_one_state_from_first_to_last(Fresh { db, .. }: Fresh) {
    write!(db, |tx| service::set(tx, "a", "before").await);
    let db = &db;
    let (first, second) = read!(db, |tx| {
        let first = service::get(tx, "a").await?;
        write!(db, |other| service::set(other, "a", "after").await);
        Ok::<_, StoreError>((first, service::get(tx, "a").await?))
    });
    assert_eq!(first.as_deref(), Some("before"));
    assert_eq!(second, first);
    assert_eq!(
        read!(db, |tx| service::get(tx, "a").await).as_deref(),
        Some("after")
    );
}

async fn a_reader_cannot_write(Fresh { db, .. }: Fresh) {
    let result = db
        .read(async |mut tx| service::set(&mut tx, "a", "1").await)
        .await;
    assert!(result.is_err());
    assert_eq!(read!(db, |tx| service::get(tx, "a").await), None);
}

async fn statements_are_counted(Fresh { db, .. }: Fresh) {
    let before = db.statements();
    write!(db, |tx| service::set(tx, "a", "1").await);
    read!(db, |tx| {
        service::get(tx, "a").await?;
        service::get(tx, "b").await
    });
    assert_eq!(db.statements() - before, 3);
}

async fn it_answers_and_refuses_after_closing(Fresh { db, .. }: Fresh) {
    db.ping().await.unwrap();
    db.close().await;
    let error = db.ping().await.unwrap_err();
    assert_eq!(error.retry(), Retry::Later);
    assert!(matches!(error, StoreError::Unavailable(_)));
}

async fn writers_queue_and_none_is_lost(Fresh { db, .. }: Fresh) {
    write!(db, |tx| tenant(tx, CONTOSO, "Contoso").await);
    at_once(100, |_| {
        let db = db.clone();
        async move {
            write!(db, |tx| {
                // Reads first: on SQLite a transaction that began otherwise would fail now.
                tenants::get(tx, CONTOSO).await?;
                latchkey_store::counts::bump(tx, CONTOSO, 1, "x", 1_000).await
            });
        }
    })
    .await;
    let counted = read!(db, |tx| latchkey_store::counts::get(tx, CONTOSO, 1, "x")
        .await);
    assert_eq!(counted, 100);
}

async fn of_writers_at_once_those_that_fail_undo_only_themselves(Fresh { db, .. }: Fresh) {
    let shared = db.clone();
    let results = at_once(60, move |number| {
        let db = shared.clone();
        async move {
            let name = format!("n{number}");
            let result: Result<(), StoreError> = db
                .write(async |mut tx| {
                    service::set(&mut tx, &name, "1").await?;
                    match number % 3 {
                        0 => Ok(()),
                        1 => Err(StoreError::Conflict("no")),
                        // A statement that the database refuses.
                        _ => latchkey_store::audit::insert_head(&mut tx, CONTOSO, &[0; 32]).await,
                    }
                })
                .await;
            (number, result)
        }
    })
    .await;
    for (number, result) in results {
        assert_eq!(result.is_ok(), number % 3 == 0, "{number}");
        let name = format!("n{number}");
        let found = read!(db, |tx| service::get(tx, &name).await);
        assert_eq!(found.is_some(), number % 3 == 0, "{number}");
    }
}

async fn a_transaction_that_is_given_up_undoes_only_itself(Fresh { db, .. }: Fresh) {
    let (begun, waits) = tokio::sync::oneshot::channel();
    let given_up = tokio::spawn({
        let db = db.clone();
        let begun = std::sync::Mutex::new(Some(begun));
        async move {
            db.write(async |mut tx| {
                service::set(&mut tx, "given up", "1").await?;
                if let Some(begun) = begun.lock().unwrap().take() {
                    begun.send(()).unwrap();
                }
                std::future::pending::<()>().await;
                Ok::<_, StoreError>(())
            })
            .await
        }
    });
    waits.await.unwrap();
    let others: Vec<_> = (0..5)
        .map(|number| {
            let db = db.clone();
            tokio::spawn(async move {
                let name = format!("n{number}");
                write!(db, |tx| service::set(tx, &name, "1").await);
            })
        })
        .collect();
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(read!(db, |tx| service::get(tx, "given up").await), None);
    for number in 0..5 {
        let name = format!("n{number}");
        assert!(read!(db, |tx| service::get(tx, &name).await).is_some());
    }
}

async fn one_that_is_given_up_while_it_begins_leaves_nothing_open(Fresh { db, .. }: Fresh) {
    for number in 0..60 {
        let reads = db.read(async |mut tx| service::get(&mut tx, "x").await);
        let mut reads = Box::pin(reads);
        // A browser that hangs up drops the future, at whatever step it is.
        for _ in 0..number % 6 {
            let step = std::future::poll_fn(|cx| Poll::Ready(reads.as_mut().poll(cx).is_ready()));
            if step.await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(reads);
        write!(db, |tx| service::set(tx, "x", &number.to_string()).await);
        let kept = read!(db, |tx| service::get(tx, "x").await);
        assert_eq!(kept, Some(number.to_string()));
    }
}

async fn what_is_answered_is_seen_by_others(Fresh { db, url, .. }: Fresh) {
    let shared = db.clone();
    at_once(30, move |number| {
        let (db, url) = (shared.clone(), url.clone());
        async move {
            let name = format!("n{number}");
            write!(db, |tx| service::set(tx, &name, "1").await);
            // Another process has other connections: it sees what is committed, and nothing else.
            let other = Db::open(&url, &options()).await.unwrap();
            assert!(read!(other, |tx| service::get(tx, &name).await).is_some());
            other.close().await;
        }
    })
    .await;
}

/// Two transactions that take the same two rows, each in its own order, and wait for each other in
/// between the first time: PostgreSQL ends one, which is run again. It may then be faster than the
/// other, which still sleeps, and meet it once more: how often is not promised, only that it ends.
/// SQLite lets one in at a time, so there they cannot meet.
async fn crossed_locks_end_in_both_done(Fresh { db, .. }: Fresh) {
    /// The first run and five more.
    const MOST: u32 = 6;
    let meet = db.engine() == Engine::Postgres;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    write!(db, |tx| {
        service::set(tx, "a", "before").await?;
        service::set(tx, "b", "before").await
    });
    let shared = db.clone();
    let runs = at_once(2, move |number| {
        let (db, barrier) = (shared.clone(), barrier.clone());
        async move {
            let (order, mine) = [(["a", "b"], "first"), (["b", "a"], "second")][number];
            let count = std::sync::atomic::AtomicU32::new(0);
            write!(db, |tx| {
                let first = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
                service::set(tx, order[0], mine).await?;
                if first && meet {
                    barrier.wait().await;
                }
                service::set(tx, order[1], mine).await
            });
            count.into_inner()
        }
    })
    .await;
    let again = runs.iter().any(|runs| *runs > 1);
    assert_eq!(again, meet, "{runs:?}");
    assert!(runs.iter().all(|runs| *runs <= MOST), "{runs:?}");
    // Whichever came last wrote both.
    let (a, b) = read!(db, |tx| {
        let a = service::get(tx, "a").await?;
        Ok::<_, StoreError>((a, service::get(tx, "b").await?))
    });
    assert_ne!(a.as_deref(), Some("before"));
    assert_eq!(a, b);
}

async fn a_future_of_a_transaction_can_be_sent_between_threads(Fresh { db, .. }: Fresh) {
    /// Borrows from its caller, as use cases do.
    async fn set(db: &Db, name: &str, values: &[String]) -> Result<usize, StoreError> {
        db.write(async |mut tx| {
            for value in values {
                service::set(&mut tx, name, value).await?;
            }
            Ok(values.len())
        })
        .await
    }
    let set = tokio::spawn(async move { set(&db, "a", &["1".into(), "2".into()]).await });
    assert_eq!(set.await.unwrap().unwrap(), 2);
}

async fn no_text_of_an_error_holds_a_value(Fresh { db, .. }: Fresh) {
    use std::fmt::Write as _;
    let secret = "secret value\0 with a NUL";
    let error = db.write(async |mut tx| {
        // PostgreSQL refuses NUL in a text. SQLite takes it: then the reference fails.
        service::set(&mut tx, secret, secret).await?;
        latchkey_store::audit::insert_head(&mut tx, CONTOSO, &[0; 32]).await
    });
    let error = error.await.unwrap_err();
    let mut texts = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        std::write!(texts, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    assert!(!texts.contains("secret"), "{texts}");
}

#[tokio::test]
async fn an_url_that_is_no_database_is_refused_in_words() {
    for url in [
        "mysql://localhost/x",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:x.db?mode=ro",
        "x",
    ] {
        let error = Db::open(url, &Options::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::Config(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let error = Db::open("postgres://u@127.0.0.1:1/x", &Options::default())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::Later);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file_or_its_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latchkey.db");
    let db = Db::open(&format!("sqlite:{}", path.display()), &options())
        .await
        .unwrap();
    assert_eq!(db.engine(), Engine::Sqlite);
    db.migrate().await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.file_name());
    }
    db.close().await;
}
