//! x
use latchkey_store::{Db, StoreError};
async fn inner(db: &Db, name: &str) -> Result<String, StoreError> {
    let n = String::from(name);
    let v = vec![n.clone()];
    db.write(async |mut tx| {
        let tx = &mut tx;
        for x in &v {
            foo(tx, x).await?;
            foo(tx, &n).await?;
        }
        foo(tx, name).await?;
        Ok::<_, StoreError>(n.clone())
    })
    .await
}
fn send<T: Send>(t: T) -> T {
    t
}
#[test]
fn x() {
    async fn outer(db: Db) {
        let s = String::from("x");
        let t = s.as_str();
        let f: std::pin::Pin<Box<dyn Future<Output = Result<String, StoreError>> + Send + '_>> =
            Box::pin(inner(&db, t));
        drop(f);
        send(inner(&db, t));
        send(async { db.write(async |mut tx| foo(&mut tx, t).await).await });
    }
    drop(send(async {
        let db: Db = loop {};
        outer(db).await
    }));
}
async fn foo(_: &mut latchkey_store::Tx, _: &str) -> Result<(), StoreError> {
    Ok(())
}
