//! Administrator roles and who may reset whose password.
//!
//! The tables are those of `spec/data/admin-roles.csv` and `spec/data/may-reset.csv`; tests hold
//! them equal.

macro_rules! roles {
    ($($variant:ident, $name:literal, $template:literal;)*) => {
        /// A directory role.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $(#[doc = $name] $variant,)*
        }

        impl Role {
            /// Every role, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The role's name; also its form in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The well-known id of the role's template.
            pub const fn template_id(self) -> &'static str {
                match self { $(Self::$variant => $template,)* }
            }
        }
    };
}

roles! {
    GlobalAdministrator, "Global Administrator", "62e90394-69f5-4237-9190-012177145e10";
    GlobalReader, "Global Reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    PrivilegedAuthenticationAdministrator, "Privileged Authentication Administrator", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";
    AuthenticationAdministrator, "Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f";
    AuthenticationPolicyAdministrator, "Authentication Policy Administrator", "0526716b-113d-4c15-b2c8-68e3c22b9f80";
    UserAdministrator, "User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1";
    HelpdeskAdministrator, "Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8";
    PasswordAdministrator, "Password Administrator", "966707d0-3269-4727-9be2-8c3a10f19b9d";
    GroupsAdministrator, "Groups Administrator", "fdd7a751-b60b-444a-984c-02652fe8fa1c";
    LicenseAdministrator, "License Administrator", "4d6ac14f-3453-41d0-bef9-a3e0c569773a";
    PrivilegedRoleAdministrator, "Privileged Role Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814";
    ReportsReader, "Reports Reader", "4a5d8f65-41da-4de4-8968-e035b65339cf";
    SecurityAdministrator, "Security Administrator", "194ae4cb-b126-40b2-bd5b-6091b380977d";
    SecurityOperator, "Security Operator", "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f";
    SecurityReader, "Security Reader", "5d6b6bb7-de71-4623-b4af-96380a352509";
    BillingAdministrator, "Billing Administrator", "b0f54661-2d74-4c50-afa3-1ec803f12efe";
    ComplianceAdministrator, "Compliance Administrator", "17315797-102d-40b4-93e0-432062caca18";
    OrganizationalBrandingAdministrator, "Organizational Branding Administrator", "92ed04bf-c94a-4b82-9729-b799a7a4c178";
    DomainNameAdministrator, "Domain Name Administrator", "8329153b-31d0-4727-b945-745eb3bc5f31";
    DirectoryReaders, "Directory Readers", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
    DirectoryWriters, "Directory Writers", "9360feb5-f418-4baa-8175-e2a00bac4301";
    HybridIdentityAdministrator, "Hybrid Identity Administrator", "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2";
    GuestInviter, "Guest Inviter", "95e79109-95c0-4d8e-aee3-d01accf2d47b";
    MessageCenterReader, "Message Center Reader", "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b";
    UsageSummaryReportsReader, "Usage Summary Reports Reader", "75934031-6c7e-415a-99d7-48dbd49e875e";
    ApplicationAdministrator, "Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3";
    ExchangeAdministrator, "Exchange Administrator", "29232cdf-9323-42fd-ade2-1d097af3e4de";
    SharePointAdministrator, "SharePoint Administrator", "f28a1f50-f6e7-4571-818b-6a12f2af6b6c";
    IntuneAdministrator, "Intune Administrator", "3a2c62db-5318-420d-8d74-23affee5d9d5";
    ServiceSupportAdministrator, "Service Support Administrator", "f023fd81-a637-4b56-95fd-791ac0226033";
}

impl Role {
    /// Reads a role's name, in any case, or its template id.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.iter().copied().find(|role| {
            role.name().eq_ignore_ascii_case(text) || role.template_id().eq_ignore_ascii_case(text)
        })
    }

    /// Whether the role makes its holder an administrator for the reset policy. Directory Readers,
    /// Guest Inviter and the readers do not.
    pub const fn is_administrator(self) -> bool {
        !matches!(
            self,
            Self::DirectoryReaders
                | Self::GuestInviter
                | Self::GlobalReader
                | Self::ReportsReader
                | Self::SecurityReader
                | Self::MessageCenterReader
                | Self::UsageSummaryReportsReader
        )
    }

    /// The roles whose holders may have their passwords reset by this role. `None` where the role
    /// may not reset anybody's.
    fn resets(self, target: Self) -> bool {
        use Role as R;
        let plain = matches!(
            target,
            R::DirectoryReaders | R::GuestInviter | R::PasswordAdministrator
        );
        let readers = matches!(
            target,
            R::MessageCenterReader | R::ReportsReader | R::UsageSummaryReportsReader
        );
        match self {
            R::PasswordAdministrator => plain,
            R::HelpdeskAdministrator => plain || readers || target == R::HelpdeskAdministrator,
            R::AuthenticationAdministrator => {
                plain || readers || target == R::AuthenticationAdministrator
            }
            R::UserAdministrator => {
                plain
                    || readers
                    || matches!(
                        target,
                        R::HelpdeskAdministrator | R::UserAdministrator | R::GroupsAdministrator
                    )
            }
            R::PrivilegedAuthenticationAdministrator | R::GlobalAdministrator => true,
            _ => false,
        }
    }

    /// Whether the role may reset passwords at all.
    const fn is_resetter(self) -> bool {
        matches!(
            self,
            Self::PasswordAdministrator
                | Self::HelpdeskAdministrator
                | Self::AuthenticationAdministrator
                | Self::UserAdministrator
                | Self::PrivilegedAuthenticationAdministrator
                | Self::GlobalAdministrator
        )
    }
}

/// Whether somebody with the roles `actor` may reset the password of somebody with the roles
/// `target`: one of the actor's roles must allow every role of the target.
///
/// `in_role_assignable_group`: the target is a member or owner of a group that gives roles.
pub fn may_reset(actor: &[Role], target: &[Role], in_role_assignable_group: bool) -> bool {
    actor.iter().any(|role| {
        let strong = matches!(
            role,
            Role::PrivilegedAuthenticationAdministrator | Role::GlobalAdministrator
        );
        role.is_resetter()
            && (strong || !in_role_assignable_group)
            && target.iter().all(|theirs| role.resets(*theirs))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_those_of_the_table() {
        let table = include_str!("../../../../spec/data/admin-roles.csv");
        let rows: Vec<(&str, &str)> = table
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .collect();
        let ours: Vec<(&str, &str)> = Role::ALL
            .iter()
            .map(|role| (role.name(), role.template_id()))
            .collect();
        assert_eq!(ours, rows);
    }

    #[test]
    fn who_may_reset_whom_is_as_the_table_says() {
        let table = include_str!("../../../../spec/data/may-reset.csv");
        let mut lines = table.lines();
        let actors: Vec<Role> = lines
            .next()
            .unwrap()
            .split(',')
            .skip(1)
            .map(|name| Role::parse(name).unwrap())
            .collect();
        let mut named = Vec::new();
        let mut other = Vec::new();
        for line in lines {
            let mut cells = line.split(',');
            let target = cells.next().unwrap();
            let allowed: Vec<bool> = cells.map(|cell| cell == "yes").collect();
            for (actor, expected) in actors.iter().zip(&allowed) {
                let actual = match target {
                    "no administrator role" => may_reset(&[*actor], &[], false),
                    "member or owner of a role-assignable group" => may_reset(&[*actor], &[], true),
                    "any other role" => continue,
                    name => may_reset(&[*actor], &[Role::parse(name).unwrap()], false),
                };
                assert_eq!(actual, *expected, "{actor:?} on {target}");
            }
            match target {
                "any other role" => other = allowed,
                name => named.extend(Role::parse(name)),
            }
        }
        for role in Role::ALL.iter().filter(|role| !named.contains(role)) {
            for (actor, expected) in actors.iter().zip(&other) {
                assert_eq!(
                    may_reset(&[*actor], &[*role], false),
                    *expected,
                    "{actor:?} on {role:?}"
                );
            }
        }
    }

    #[test]
    fn every_role_of_the_target_must_allow_it() {
        let both = [Role::PasswordAdministrator, Role::GlobalAdministrator];
        assert!(!may_reset(&[Role::PasswordAdministrator], &both, false));
        assert!(may_reset(&[Role::GlobalAdministrator], &both, false));
        assert!(!may_reset(&[Role::LicenseAdministrator], &[], false));
        assert!(!may_reset(&[], &[], false));
    }

    #[test]
    fn readers_and_inviters_are_no_administrators() {
        let plain: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| !role.is_administrator())
            .map(|role| role.name())
            .collect();
        assert_eq!(
            plain,
            [
                "Global Reader",
                "Reports Reader",
                "Security Reader",
                "Directory Readers",
                "Guest Inviter",
                "Message Center Reader",
                "Usage Summary Reports Reader",
            ]
        );
    }
}
