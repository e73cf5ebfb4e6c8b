//! The command line as it is typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Self-service password reset.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file; `latchkey config example` prints one
    #[arg(long, global = true, env = "LATCHKEY_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder for database and key file, where the configuration does not say
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Answer in JSON; lists as one line for each item
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it out on this machine: made-up people, every message shown, nothing leaves
    Demo {
        /// Where to listen: on loopback only
        #[arg(long, default_value = "127.0.0.1:8480")]
        listen: SocketAddr,
        /// Start a private Active Directory (Samba) with an agent beside it, to see passwords written
        /// back
        #[arg(long)]
        with_directory: bool,
    },
    /// Run the service
    Serve,
    /// Bring the database up to date
    Migrate,
    /// Organisations
    #[command(subcommand)]
    Tenant(Tenant),
    /// Domains of tenants
    #[command(subcommand)]
    Domain(Domain),
    /// Identity providers of tenants, where their federated users sign in
    #[command(subcommand)]
    Federation(Federation),
    /// Agents beside the directories in which passwords live
    #[command(subcommand)]
    Agent(Agent),
    /// Users and groups that agents read from directories
    #[command(subcommand)]
    Sync(Sync),
    /// Users and their methods
    #[command(subcommand)]
    User(Box<User>),
    /// Groups and their members
    #[command(subcommand)]
    Group(Group),
    /// Settings of a tenant
    #[command(subcommand)]
    Policy(Policy),
    /// Can this user reset now, which rule decides, and what would mend it
    Explain {
        /// A user principal name or mail address
        user: String,
    },
    /// Registering the methods that prove who somebody is
    #[command(subcommand)]
    Registration(Registration),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Known passwords
    #[command(subcommand)]
    Breached(Breached),
    /// The configuration file
    #[command(subcommand)]
    Config(Config),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Create a tenant with its initial domain and default settings
    Create {
        name: String,
        /// Two letters
        #[arg(long)]
        country: String,
        /// en, sv or nl
        #[arg(long, default_value = "en")]
        language: String,
        /// The initial domain; by default NAME.<host of the base address>
        #[arg(long)]
        domain: Option<String>,
    },
    /// All tenants
    List,
    /// One tenant with its domains
    Show { tenant: String },
    /// Set name, country, language or enabled
    Set {
        tenant: String,
        #[arg(required = true, value_parser = pair, value_name = "NAME=VALUE")]
        values: Vec<(String, String)>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Domain {
    /// Add a custom domain; shows the TXT record to publish
    Add { tenant: String, domain: String },
    /// Mark a domain verified: you have seen to it that it is the tenant's
    Verify { domain: String },
    /// The domains of a tenant
    List { tenant: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Federation {
    /// Set the OpenID Connect provider of a tenant; shows the address to register there
    Set {
        tenant: String,
        /// The issuer, letter by letter as the provider writes it
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// The id under which this service is registered there
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// The file with the client's secret; without it, standard input
        #[arg(long, value_name = "FILE")]
        client_secret_file: Option<PathBuf>,
        /// The claim with the user principal name, looked at when somebody first signs in
        #[arg(long, value_name = "CLAIM", default_value = latchkey_app::admin::federation::NAME_CLAIM)]
        name_claim: String,
        /// Do not ask the provider first whether it is there
        #[arg(long)]
        unchecked: bool,
    },
    /// The provider of a tenant, without the secret
    Show { tenant: String },
    /// Remove the provider of a tenant: its federated users cannot sign in any more
    Remove { tenant: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Agent {
    /// Make a one-time token that enrols one agent within 15 minutes
    Enrol {
        tenant: String,
        /// The on-premises domain that it answers for, such as corp.example
        domain: String,
    },
    /// The agents of a tenant
    List { tenant: String },
    /// How each agent is, and when it was last heard of
    Status { tenant: String },
    /// Let an agent in no more
    Revoke { tenant: String, agent: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sync {
    /// How the synchronisation of each on-premises domain is
    Status { tenant: String },
    /// What could not be synchronised, and why
    Problems { tenant: String },
    /// Let a run that stopped delete as many objects as it asked for, once
    ApproveDeletions {
        tenant: String,
        /// The on-premises domain
        domain: String,
    },
    /// Have an agent synchronise now
    Now {
        tenant: String,
        /// The on-premises domain
        domain: String,
        /// Read everything again, not only what changed
        #[arg(long)]
        whole: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Create a user without a password
    #[command(after_long_help = fields_help())]
    Create {
        tenant: String,
        user_principal_name: String,
        #[arg(value_parser = pair, value_name = "FIELD=VALUE")]
        values: Vec<(String, String)>,
    },
    /// The users of a tenant
    List {
        tenant: String,
        /// Only names that begin so
        #[arg(long)]
        prefix: Option<String>,
    },
    /// One user; destinations are masked
    Show { user: String },
    /// Set fields; an empty value takes one away
    #[command(after_long_help = fields_help())]
    Set {
        user: String,
        #[arg(required = true, value_parser = pair, value_name = "FIELD=VALUE")]
        values: Vec<(String, String)>,
    },
    /// Delete a user with methods, password and memberships
    Delete { user: String },
    /// Lift the freeze after a reset was reported as not theirs
    Unfreeze { user: String },
    /// Lift the blocks of a user's self-service before their 24 hours are over
    Unblock { user: String },
    /// Lift the lock that wrong passwords put on signing in
    Unlock { user: String },
    /// End all sessions of a user
    SignOut { user: String },
    /// Set a password, which is read from standard input or a file
    SetPassword {
        user: String,
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// It must be changed at the next sign-in
        #[arg(long)]
        must_change: bool,
        /// Even if it breaks the password policy
        #[arg(long)]
        force: bool,
    },
    /// Create users from a CSV file with a header
    #[command(after_long_help = import_help())]
    Import {
        tenant: String,
        file: PathBuf,
        /// Only say what would become of each row
        #[arg(long)]
        dry_run: bool,
    },
    /// Set authentication_email, authentication_phone, alternate_phone; empty takes one away
    SetMethods {
        user: String,
        #[arg(required = true, value_parser = pair, value_name = "METHOD=VALUE")]
        values: Vec<(String, String)>,
    },
    /// Replace the answers to security questions by those on standard input:
    /// [{"question": "question-first-street", "answer": "…"}]
    SetQuestions { user: String },
    /// Add an authenticator app and show its otpauth address, once
    SetAuthenticator {
        user: String,
        /// The name of the app
        #[arg(long, default_value = "App")]
        name: String,
        /// Read the secret (base32) from standard input instead of drawing one
        #[arg(long)]
        secret_stdin: bool,
        /// Take all apps away
        #[arg(long, conflicts_with_all = ["name", "secret_stdin"])]
        remove: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// Create a group
    Create { tenant: String, name: String },
    /// The groups of a tenant
    List { tenant: String },
    /// One group with its first direct members
    Show { tenant: String, group: String },
    /// Put a user into a group, or with --group a group
    Add(Member),
    /// Take a user out of a group, or with --group a group
    Remove(Member),
    /// Delete a group, not its members
    Delete { tenant: String, group: String },
}

#[derive(Debug, Args)]
pub(crate) struct Member {
    pub(crate) tenant: String,
    /// The group
    pub(crate) name: String,
    /// Who or what is put in or taken out
    #[arg(value_name = "MEMBER")]
    pub(crate) who: String,
    /// The member is a group
    #[arg(long)]
    pub(crate) group: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Show all settings, or those under a path such as reset or password.min_length
    Get {
        tenant: String,
        path: Option<String>,
    },
    /// Set settings all together: reset.scope=all reset.methods=email,sms
    Set {
        tenant: String,
        #[arg(required = true, value_parser = pair, value_name = "PATH=VALUE")]
        values: Vec<(String, String)>,
        /// Only say what would change, and for how many
        #[arg(long)]
        dry_run: bool,
    },
    /// Replace the password policy by a ready-made one; banned terms stay
    Preset {
        tenant: String,
        preset: Preset,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Preset {
    /// 8 characters, three classes, substring scoring
    EntraLike,
    /// NIST SP 800-63B-4: 15 characters and nothing else
    Nist,
    /// NIST SP 800-63B-4 where a second factor is always asked: 8 characters
    NistSecondFactor,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Registration {
    /// Ask people to register or confirm once more when they next sign in
    Require {
        tenant: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// How far the registration of a user is
    State { user: String },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// One user
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The members of a group, directly or through groups in it
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Everybody in the tenant
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Events as JSON Lines, in their order
    List(AuditFilter),
    /// Prove that no event was changed, removed or inserted; exit code 1 if one was
    Verify {
        /// One tenant; without it all, and the service itself
        tenant: Option<String>,
        /// Also print the number and hash of the last event, to be kept elsewhere
        #[arg(long)]
        anchor: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AuditFilter {
    /// A tenant; `service` for events that belong to none
    pub(crate) tenant: String,
    /// The name of an activity
    #[arg(long)]
    pub(crate) activity: Option<String>,
    /// By or about a user: a name, or an id
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// success or failure
    #[arg(long)]
    pub(crate) result: Option<String>,
    /// Not before: 2026-11-21 or 2026-11-21T09:30:00Z
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// The support reference that a person was shown
    #[arg(long)]
    pub(crate) request: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Breached {
    /// Read a list in the format of Pwned Passwords, plain or gzip, into a filter
    Import {
        file: PathBuf,
        /// The filter; by default as configured, else breached.filter in the data folder
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Find everything that is wrong, with file, line and cure
    Check,
    /// Show what is in force, without secrets
    Show,
    /// Print a file with every setting, its default and what it means
    Example,
}

/// `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it looks like NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

fn fields_help() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("Fields:\n");
    for field in latchkey_app::admin::user::Field::ALL {
        let _ = writeln!(text, "  {:24}{}", field.name(), field.help());
    }
    text
}

fn import_help() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("Columns, in any order; only the first is required:\n");
    for field in latchkey_app::admin::user::Field::ALL {
        let _ = writeln!(text, "  {:24}{}", field.name(), field.help());
    }
    for private in latchkey_app::admin::methods::Private::ALL {
        let _ = writeln!(text, "  {:24}a private method", private.name());
    }
    text.push_str(
        "\nAt most 100,000 rows. An empty cell says nothing. Rows that are accepted stay,",
    );
    text.push_str(" whatever becomes of others; the exit code is 1 if one was refused.");
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_may_have_equals_signs() {
        assert_eq!(pair("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(pair("a="), Ok(("a".into(), String::new())));
        assert!(pair("a").is_err());
    }
}
