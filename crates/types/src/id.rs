use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Clock, Entropy, Malformed, random_bytes};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id: UUID version 7 from the clock and 74 random bits. An id is not a secret.
            pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
                let bytes = random_bytes::<10>(entropy);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
            }

            /// Reads the usual hyphenated form.
            pub fn parse(text: &str) -> Result<Self, Malformed> {
                Uuid::try_parse(text).map(Self).map_err(|_| {
                    Malformed("an id looks like 0190d4a8-0000-7000-8000-000000000000")
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// An organisation. It is part of every key and of every repository call.
    TenantId;
    /// A user, or a decoy that stands for one: a decoy's id is derived from a secret and the name
    /// that was typed, so that everything which is kept per user is kept alike for both.
    UserId;
    /// A security group.
    GroupId;
    /// A domain of a tenant.
    DomainId;
    /// One pass through the reset portal. Worthless without the browser's cookie.
    SessionId;
    /// One way to a session: from the user ID to being signed in. Worthless without the cookie.
    SignInFlowId;
    /// Being signed in, in one browser. Worthless without the cookie.
    SignInSessionId;
    /// One request; shown to people as the support reference.
    RequestId;
    /// An audit event.
    EventId;
    /// A message in the outbox; also the local part of its Message-ID.
    MessageId;
    /// A code that was sent, or a set of questions that was drawn.
    ChallengeId;
    /// A registered method of a user, or an opaque choice on the page that shows them.
    MethodId;
    /// A method on its way to being registered.
    PendingMethodId;
    /// A tenant's identity provider.
    FederationId;
    /// An agent of a tenant, beside one of its directories.
    AgentId;
    /// Something that an agent is asked to do: its events on both sides carry this id.
    OperationId;
    /// One synchronisation, from its first page to its last.
    SyncRunId;
}

impl TenantId {
    /// The service itself: events that belong to no organisation (an unknown domain was typed) are
    /// kept in the chain of this tenant. It has no users.
    pub const SERVICE: Self = Self(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    struct At(i64);
    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.0)
        }
    }
    struct Ones;
    impl Entropy for Ones {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xff);
        }
    }

    #[test]
    fn ids_are_version_7_and_sort_by_time() {
        let early = UserId::new(&At(1_000), &Ones);
        let late = UserId::new(&At(2_000), &Ones);
        assert_eq!(early.0.get_version_num(), 7);
        assert!(early < late);
        assert_eq!(UserId::parse(&early.to_string()), Ok(early));
        assert!(UserId::parse("42").is_err());
    }
}
