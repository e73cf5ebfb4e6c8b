use std::time::Duration;

use latchkey_app::MasterKey;
use latchkey_core::model::User;
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::sign_in_sessions::{self, NewSession};
use latchkey_types::{Clock as _, Secret, SignInSessionId};

use crate::{Seeded, TestApp};

/// A session of a user, as signing in with these factors leaves it; its cookie. For tests of what is
/// behind the sign-in.
///
/// # Panics
/// If the database fails.
pub async fn session(test: &TestApp, user: &User, factors: &[&str]) -> Secret<String> {
    let app = &test.app;
    let cookie = codes::token(app.entropy());
    let master = MasterKey::generate(&Seeded::new(42)).expect("a key");
    let hasher = master.keyed_hasher().expect("keys");
    let tag = hasher.tag(
        Purpose::SessionCookie,
        &[b"signed in", cookie.expose().as_bytes()],
    );
    let now = test.clock.now();
    let new = NewSession {
        id: SignInSessionId::new(app.clock(), app.entropy()),
        user: user.id,
        cookie_tag: tag.as_bytes(),
        factors,
        is_twice: factors.len() > 1 || factors.contains(&"passkey"),
        created_at: now,
        expires_at: now.plus(Duration::from_hours(12)),
        client_address: "",
        client_class: "",
    };
    app.db()
        .write(async |mut tx| sign_in_sessions::insert(&mut tx, user.tenant, &new).await)
        .await
        .expect("a session");
    cookie
}
