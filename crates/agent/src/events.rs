//! The numbered events of the agent's log. The numbers are those that administrators know; the table
//! is `spec/data/writeback-events.csv`, and a test holds both to each other.

use latchkey_types::OperationId;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Info,
    /// It mends itself.
    Warning,
    /// Somebody should look.
    Error,
}

impl Level {
    /// Its name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! events {
    ($($code:literal $name:ident $level:ident $doc:literal;)*) => {
        /// An event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Event { $(#[doc = $doc] $name,)* }

        impl Event {
            /// Every event.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its number.
            pub const fn code(self) -> u32 { match self { $(Self::$name => $code,)* } }

            /// Its name.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => stringify!($name),)* } }

            /// How bad it is.
            pub const fn level(self) -> Level { match self { $(Self::$name => Level::$level,)* } }

            /// What it means.
            pub const fn meaning(self) -> &'static str { match self { $(Self::$name => $doc,)* } }
        }
    };
}

events! {
    31001 PasswordResetStart Info "a self-service reset arrived";
    31002 PasswordResetSuccess Info "the new password was set";
    31003 PasswordResetFail Error "the directory refused the reset";
    31004 OnboardingEventStart Info "enrolment began";
    31005 OnboardingEventSuccess Info "enrolment is complete";
    31006 ChangePasswordStart Info "a change arrived";
    31007 ChangePasswordSuccess Info "the password was changed";
    31008 ChangePasswordFail Error "the directory refused the change";
    31009 ResetUserPasswordByAdminStart Info "an administrator's reset arrived";
    31010 ResetUserPasswordByAdminSuccess Info "the administrator's reset was set";
    31011 ResetUserPasswordByAdminFail Error "the directory refused the administrator's reset";
    31012 OffboardingEventStart Info "removal of the agent began";
    31013 OffboardingEventSuccess Info "the agent was removed";
    31014 OffboardingEventFail Error "the agent could not be removed";
    31015 WriteBackServiceStarted Info "the agent is ready";
    31016 WriteBackServiceStopped Info "the agent stopped";
    31017 AuthTokenSuccess Info "the service accepted the agent";
    31018 KeyPairCreationSuccess Info "new keys were made";
    31019 UnlockStart Info "an unlock arrived";
    31020 UnlockSuccess Info "the account was unlocked";
    31021 UnlockFail Error "the directory refused the unlock";
    32000 UnknownError Error "an unexpected fault";
    32001 ServiceError Error "the service could not be reached";
    32002 RelayError Error "the connection to the relay failed";
    32003 InputValidationError Error "a request was malformed";
    32004 DecryptionError Error "a request could not be opened with the agent's key";
    32005 ConfigurationError Error "the configuration could not be read or written";
    32008 ValidationError Error "the service's answer was invalid";
    32009 AuthTokenError Error "the service refused the agent";
    32010 CryptoError Error "keys could not be made or used";
    32011 OnboardingServiceError Error "enrolment could not reach the service";
    32013 OffboardingError Error "removal could not reach the service";
    32014 RelayWarning Warning "the connection had to be retried";
    32015 ReportServiceHealthError Warning "a heartbeat could not be sent";
    33001 ADUnknownError Error "the directory gave an unknown error";
    33002 ADUserNotFoundError Error "the user is not in the directory";
    33003 ADMultiMatchError Error "two objects have the user's anchor";
    33004 ADPermissionsError Error "the service account lacks a right on this user";
    33005 ADUserAccountDisabled Error "the account is disabled";
    33006 ADUserAccountLockedOut Error "the account is locked";
    33007 ADUserIncorrectPassword Error "the old password is wrong";
    33008 ADPasswordPolicyError Error "the password breaks the directory's policy";
    33009 ADConfigurationError Error "the directory is not configured for this";
}

/// What an event is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The operation.
    pub operation: Option<OperationId>,
    /// The user principal name, where it is known.
    pub user: Option<&'a str>,
}

/// Logs an event. The detail never holds a password.
pub fn log(event: Event, about: About<'_>, detail: &str) {
    let (code, name, meaning) = (event.code(), event.name(), event.meaning());
    let operation = about.operation.map(tracing::field::display);
    let user = about.user;
    let detail = (!detail.is_empty()).then_some(detail);
    match event.level() {
        Level::Info => tracing::info!(code, name, operation, user, detail, "{meaning}"),
        Level::Warning => tracing::warn!(code, name, operation, user, detail, "{meaning}"),
        Level::Error => tracing::error!(code, name, operation, user, detail, "{meaning}"),
    }
}

/// Logs an event that is about no operation.
pub fn say(event: Event, detail: &str) {
    log(event, About::default(), detail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_events_are_those_of_the_table() {
        let table = include_str!("../../../spec/data/writeback-events.csv");
        let rows: Vec<(&str, &str, &str, &str)> = table
            .lines()
            .skip(1)
            .map(|line| {
                let mut cells = line.splitn(4, ',');
                let mut next = || cells.next().unwrap();
                (next(), next(), next(), next())
            })
            .collect();
        let ours: Vec<(String, &Event)> = Event::ALL
            .iter()
            .map(|e| (e.code().to_string(), e))
            .collect();
        assert_eq!(rows.len(), ours.len());
        for ((code, name, level, meaning), (our_code, event)) in rows.iter().zip(&ours) {
            assert_eq!(code, our_code);
            assert_eq!(*name, event.name());
            assert_eq!(*level, event.level().as_str());
            assert_eq!(*meaning, event.meaning());
        }
    }

    #[test]
    fn the_handbook_says_what_to_do_for_each() {
        let handbook = include_str!("../../../docs/agent.md");
        for event in Event::ALL {
            let row = format!("| {} | {} |", event.code(), event.name());
            assert!(handbook.contains(&row), "{row}");
        }
    }
}
