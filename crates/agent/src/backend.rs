//! What an agent needs of a directory.

use async_trait::async_trait;
use latchkey_directory::{Anchor, Directory, Done, Failure, Health, Rights, State, Verdict};
use latchkey_types::Password;

/// A directory, as an agent uses it: the verbs of [`Directory`], whose meaning they have.
#[async_trait]
pub trait Backend: Send + Sync {
    /// See [`Directory::health`].
    async fn health(&self) -> Health;
    /// See [`Directory::state`].
    async fn state(&self, user: &Anchor) -> Result<State, Failure>;
    /// See [`Directory::reset`].
    async fn reset(
        &self,
        user: &Anchor,
        new: &Password,
        must_change: bool,
    ) -> Result<Done, Failure>;
    /// See [`Directory::change`].
    async fn change(&self, user: &Anchor, old: &Password, new: &Password) -> Result<Done, Failure>;
    /// See [`Directory::unlock`].
    async fn unlock(&self, user: &Anchor) -> Result<Done, Failure>;
    /// See [`Directory::verify`].
    async fn verify(&self, user: &Anchor, password: &Password) -> Result<Verdict, Failure>;
    /// See [`Directory::find`].
    async fn find(&self, name: &str) -> Result<Anchor, Failure>;
    /// See [`Directory::rights`].
    async fn rights(&self, user: &Anchor) -> Result<Rights, Failure>;
}

#[async_trait]
impl Backend for Directory {
    async fn health(&self) -> Health {
        Self::health(self).await
    }
    async fn state(&self, user: &Anchor) -> Result<State, Failure> {
        Self::state(self, user).await
    }
    async fn reset(
        &self,
        user: &Anchor,
        new: &Password,
        must_change: bool,
    ) -> Result<Done, Failure> {
        Self::reset(self, user, new, must_change).await
    }
    async fn change(&self, user: &Anchor, old: &Password, new: &Password) -> Result<Done, Failure> {
        Self::change(self, user, old, new).await
    }
    async fn unlock(&self, user: &Anchor) -> Result<Done, Failure> {
        Self::unlock(self, user).await
    }
    async fn verify(&self, user: &Anchor, password: &Password) -> Result<Verdict, Failure> {
        Self::verify(self, user, password).await
    }
    async fn find(&self, name: &str) -> Result<Anchor, Failure> {
        Self::find(self, name).await
    }
    async fn rights(&self, user: &Anchor) -> Result<Rights, Failure> {
        Self::rights(self, user).await
    }
}
