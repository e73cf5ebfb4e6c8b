//! A PostgreSQL for tests: a private server that lives as long as the test process, or the one that
//! `LATCHKEY_TEST_POSTGRES` names (the URL of somebody who may create databases).
//!
//! The private server listens on a Unix socket in a temporary folder and does not sync. Its guardian,
//! a shell, waits for the end of a pipe that this process holds open: however the process ends, the
//! server is stopped and the folder removed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A fresh, empty database. It is dropped with this value where the server outlives the tests.
#[derive(Debug)]
pub struct Database {
    /// Where it is.
    pub url: String,
    server: &'static Server,
    name: String,
}

/// A server that tests use.
#[derive(Debug)]
struct Server {
    /// Any database of it, to connect to for making others.
    url: String,
    /// Where `psql` is.
    psql: PathBuf,
    /// The guardian of a private server: it ends when its input does.
    guardian: Option<Child>,
}

/// Runs a private server: `$1` folder of the programs, `$2` folder for its files. It sorts by the
/// rules of a language, as servers in production often do: nothing may depend on that.
const GUARDIAN: &str = r#"
as() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; else "$@"; fi; }
cd "$2" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$2"; fi
as "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
    --locale-provider=icu --icu-locale=en-US --no-sync >"$2/initdb.log" 2>&1 &&
as "$1/pg_ctl" -D "$2/data" -l "$2/log" -w -s \
    -o "-k $2 -c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=32MB -c max_wal_size=64MB" start >>"$2/initdb.log" 2>&1 &&
echo ready && read -r _
as "$1/pg_ctl" -D "$2/data" -m immediate -w -s stop >/dev/null 2>&1
cd / && rm -rf "$2"
"#;

/// A fresh database. `None`: there is no PostgreSQL here, which was said on standard error; with `CI`
/// set that is an error.
pub fn database() -> Result<Option<Database>, String> {
    static SERVER: OnceLock<Result<Option<Server>, String>> = OnceLock::new();
    match SERVER.get_or_init(server) {
        Ok(Some(server)) => server.database().map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error.clone()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration file"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn server() -> Result<Option<Server>, String> {
    let folder = programs();
    let external = variable("LATCHKEY_TEST_POSTGRES");
    match (external, folder) {
        (Some(url), folder) => {
            let psql = folder.map_or_else(|| PathBuf::from("psql"), |folder| folder.join("psql"));
            Ok(Some(Server {
                url,
                psql,
                guardian: None,
            }))
        }
        (None, Some(folder)) => start(&folder).map(Some),
        (None, None) if variable("CI").is_some() => {
            Err("PostgreSQL is missing: install it, or set LATCHKEY_TEST_POSTGRES".into())
        }
        (None, None) => {
            // Past the capture of the test harness: a skip that nobody sees is no skip.
            let _ = writeln!(
                std::io::stderr(),
                "\nSKIPPED: tests on PostgreSQL: install it, or set LATCHKEY_TEST_POSTGRES\n"
            );
            Ok(None)
        }
    }
}

/// The folder of `postgres`, `initdb`, `pg_ctl` and `psql`: Debian's of the newest version, or one in
/// the search path.
fn programs() -> Option<PathBuf> {
    let version = |folder: &Path| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let mut debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    debian.sort_by_key(|folder| std::cmp::Reverse(version(folder)));
    let path = variable("PATH").unwrap_or_default();
    debian
        .into_iter()
        .chain(std::env::split_paths(&path))
        .find(|folder| {
            ["initdb", "pg_ctl", "psql"]
                .iter()
                .all(|name| folder.join(name).is_file())
        })
}

fn start(programs: &Path) -> Result<Server, String> {
    let made = Command::new("mktemp")
        .args(["-d", "/tmp/latchkey-pg-XXXXXX"])
        .output()
        .map_err(|error| format!("mktemp: {error}"))?;
    let folder = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    if folder.is_empty() {
        return Err("mktemp made no folder".into());
    }
    let mut guardian = Command::new("sh")
        .args(["-c", GUARDIAN, "guardian"])
        .arg(programs)
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C at the terminal is for the tests; their end is what the guardian waits for.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("sh: {error}"))?;
    let mut line = String::new();
    if let Some(output) = guardian.stdout.take() {
        let _ = BufReader::new(output).read_line(&mut line);
    }
    if line.trim() != "ready" {
        return Err("PostgreSQL did not start: initdb or pg_ctl failed".into());
    }
    Ok(Server {
        url: format!("postgres://postgres@localhost/postgres?host={folder}"),
        psql: programs.join("psql"),
        guardian: Some(guardian),
    })
}

impl Server {
    fn database(&'static self) -> Result<Database, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("latchkey_test_{}_{number}", std::process::id());
        self.run(&format!("CREATE DATABASE {name}"))?;
        Ok(Database {
            url: with_database(&self.url, &name),
            server: self,
            name,
        })
    }

    fn run(&self, sql: &str) -> Result<(), String> {
        // The server copies one template at a time.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let done = Command::new(&self.psql)
            .args([
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                &self.url,
                "-c",
                sql,
            ])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("psql: {error}"))?;
        if done.status.success() {
            Ok(())
        } else {
            Err(format!(
                "psql: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            ))
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A private server is removed as a whole.
        if self.server.guardian.is_none() {
            let _ = self.server.run(&format!(
                "DROP DATABASE IF EXISTS {} WITH (FORCE)",
                self.name
            ));
        }
    }
}

/// The URL with another database in it.
fn with_database(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').unwrap_or((url, ""));
    let scheme = before.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = before.split_at(scheme);
    let host = rest.split('/').next().unwrap_or_default();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}{host}/{name}{mark}{query}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_a_url_is_replaced_and_nothing_else() {
        assert_eq!(
            with_database("postgres://u:p@h:5/a?x=/y", "b"),
            "postgres://u:p@h:5/b?x=/y"
        );
        assert_eq!(with_database("postgres://h", "b"), "postgres://h/b");
        assert_eq!(with_database("postgres://h/", "b"), "postgres://h/b");
    }
}
