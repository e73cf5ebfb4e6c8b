//! The vocabulary of the audit log. Specification: *Audit log*.

macro_rules! activities {
    ($($(#[$doc:meta])* $variant:ident = $name:literal in $category:ident;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Activity { $($(#[$doc])* $variant,)* }

        impl Activity {
            /// Every activity.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in the log, in reports and in filters.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The category it belongs to.
            pub const fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category,)* }
            }

            /// Reads a name, in any case.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|a| a.name().eq_ignore_ascii_case(name.trim()))
            }
        }
    };
}

activities! {
    /// A limit was reached.
    Blocked = "Blocked from self-service password reset" in SelfService;
    /// A person changed their password.
    ChangePassword = "Change password (self-service)" in SelfService;
    /// An administrator reset somebody's password.
    ResetByAdmin = "Reset password (by admin)" in SelfService;
    /// A person reset their password, or a reset ended otherwise.
    ResetSelfService = "Reset password (self-service)" in SelfService;
    /// A step or a gate of a reset.
    Progress = "Self-serve password reset flow activity progress" in SelfService;
    /// A person unlocked their account.
    Unlock = "Unlock user account (self-service)" in SelfService;
    /// A person registered methods.
    Registered = "User registered for self-service password reset" in SelfService;
    /// A person signed in, or did not.
    SignIn = "Sign in" in SignIn;
    /// A person signed out.
    SignOut = "Sign out" in SignIn;
    /// Too many wrong passwords locked an account.
    AccountLocked = "Lock account after failed sign-ins" in SignIn;
    /// A session was ended from another one, or by what happened to its account.
    SessionEnded = "End session" in SignIn;
    /// The owner of an account said that a reset was not theirs.
    ReportedNotMe = "Report a reset as not mine" in Risk;
    /// A limit on texts and calls was reached.
    SpendLimit = "Reach a limit for texts and calls" in Risk;
    /// A tenant was created.
    TenantCreated = "Create tenant" in TenantManagement;
    /// A tenant's name, country, language or state changed.
    TenantChanged = "Update tenant" in TenantManagement;
    /// A tenant's settings changed.
    PolicyChanged = "Update policy" in Policy;
    /// A domain was added.
    DomainAdded = "Add domain" in TenantManagement;
    /// A domain was marked verified.
    DomainVerified = "Verify domain" in TenantManagement;
    /// A tenant's identity provider was set, changed or removed.
    FederationChanged = "Update federation" in TenantManagement;
    /// A token was made with which one agent can be enrolled.
    AgentToken = "Make agent enrolment token" in TenantManagement;
    /// An agent was enrolled beside a directory.
    AgentEnrolled = "Enrol agent" in TenantManagement;
    /// An agent was revoked, or removed itself.
    AgentRemoved = "Remove agent" in TenantManagement;
    /// An agent made new keys.
    AgentKeys = "Roll over agent keys" in TenantManagement;
    /// Nobody could find out in time what a directory did.
    WritebackUnknown = "Lose track of a password writeback" in Risk;
    /// A directory was synchronised, or could not be.
    Synchronised = "Synchronise directory" in UserManagement;
    /// A user was created.
    UserCreated = "Create user" in UserManagement;
    /// A user's attributes, roles or state changed.
    UserChanged = "Update user" in UserManagement;
    /// A user was deleted.
    UserDeleted = "Delete user" in UserManagement;
    /// An administrator set a user's methods.
    MethodsChanged = "Update authentication methods" in UserManagement;
    /// A person added, replaced or removed a method of their own.
    SecurityInfoChanged = "Change security info" in UserManagement;
    /// A person said that what is on file is right.
    SecurityInfoConfirmed = "Confirm security info" in UserManagement;
    /// An administrator asked people to register or confirm once more.
    RegistrationForced = "Require registration again" in UserManagement;
    /// A group was created.
    GroupCreated = "Create group" in GroupManagement;
    /// A group was deleted.
    GroupDeleted = "Delete group" in GroupManagement;
    /// A member was added to a group.
    MemberAdded = "Add member to group" in GroupManagement;
    /// A member was removed from a group.
    MemberRemoved = "Remove member from group" in GroupManagement;
    /// Events older than the tenant's retention were removed.
    EventsExpired = "Remove expired audit events" in AuditLog;
    /// A person was told that their password expires.
    PasswordExpiryNotice = "Send password expiry notice" in Notification;
    /// A message could not be delivered for good.
    MessageFailed = "Give up on a message" in Notification;
}

/// The kind of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    /// Resets, changes, unlocks, registrations.
    SelfService,
    /// Signing in and out, locks, sessions.
    SignIn,
    /// Something that somebody should look at.
    Risk,
    /// Tenants and domains.
    TenantManagement,
    /// Settings.
    Policy,
    /// Users and their methods.
    UserManagement,
    /// Groups.
    GroupManagement,
    /// Mails, texts, calls.
    Notification,
    /// The log itself.
    AuditLog,
}

impl Category {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfService => "Self-service Password Management",
            Self::SignIn => "Sign-in",
            Self::Risk => "Risk",
            Self::TenantManagement => "Tenant Management",
            Self::Policy => "Policy",
            Self::UserManagement => "User Management",
            Self::GroupManagement => "Group Management",
            Self::Notification => "Notification",
            Self::AuditLog => "Audit Log",
        }
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// The person themselves, or somebody who claims to be.
    User,
    /// An administrator in a portal.
    Administrator,
    /// The operator at the command line.
    Operator,
    /// An on-premises agent.
    Agent,
    /// Latchkey itself: a job, an expiry.
    System,
}

impl ActorKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Administrator => "administrator",
            Self::Operator => "operator",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [
            Self::User,
            Self::Administrator,
            Self::Operator,
            Self::Agent,
            Self::System,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it was meant to.
    Success,
    /// It did not.
    Failure,
}

impl Outcome {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_self_service_activities_are_those_of_the_specification() {
        let mut names: Vec<&str> = Activity::ALL
            .iter()
            .filter(|activity| activity.category() == Category::SelfService)
            .map(|activity| activity.name())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "Blocked from self-service password reset",
                "Change password (self-service)",
                "Reset password (by admin)",
                "Reset password (self-service)",
                "Self-serve password reset flow activity progress",
                "Unlock user account (self-service)",
                "User registered for self-service password reset",
            ]
        );
    }

    #[test]
    fn names_are_read_back() {
        for activity in Activity::ALL {
            assert_eq!(Activity::parse(activity.name()), Some(*activity));
        }
    }
}
