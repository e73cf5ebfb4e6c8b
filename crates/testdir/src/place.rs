//! Where fixtures live, and what they share with other processes: templates and addresses.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

#[expect(
    clippy::disallowed_methods,
    reason = "no configuration: how tests are run"
)]
pub(crate) fn required() -> bool {
    std::env::var("LATCHKEY_REQUIRE_DIRECTORIES").is_ok()
        || std::env::var("CI").is_ok_and(|value| value == "true")
}

/// The program's path; `PATH` of a plain user lacks the folders of servers.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    [
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/libexec",
    ]
    .iter()
    .map(|folder| Path::new(folder).join(name))
    .find(|path| path.is_file())
}

/// The folder of all fixtures of this user, closed to others: in memory where there is such a file system.
pub(crate) fn root() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let user = rustix::process::geteuid().as_raw();
    let root = parent.join(format!("latchkey-testdir-{user}"));
    // Anybody may write to the folder above.
    let made = fs::DirBuilder::new().mode(0o700).create(&root);
    let found = fs::symlink_metadata(&root).unwrap();
    assert!(
        found.is_dir() && found.uid() == user,
        "{} is somebody else's: remove it ({made:?})",
        root.display()
    );
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).unwrap();
    root
}

/// A new folder for one server.
pub(crate) fn folder(kind: &str) -> PathBuf {
    tempfile::Builder::new()
        .prefix(kind)
        .tempdir_in(root())
        .unwrap()
        .keep()
}

/// Makes something once on this machine: the first process makes it, others wait. It is there when
/// this returns.
pub(crate) fn once(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let path = root().join(name);
    let lock = File::create(root().join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !path.is_dir() {
        let half = root().join(format!("{name}.half"));
        let _ = fs::remove_dir_all(&half);
        fs::create_dir_all(&half).unwrap();
        make(&half);
        fs::rename(&half, &path).unwrap();
    }
    path
}

/// A number from 40 to 250 that no other fixture of this machine has as long as the file is open, and
/// for which this is true.
pub(crate) fn number(free: impl Fn(u8) -> bool) -> (u8, File) {
    for number in 40..=250 {
        let lock = File::create(root().join(format!("{number}.lock"))).unwrap();
        if lock.try_lock().is_ok() && free(number) {
            return (number, lock);
        }
    }
    panic!("no free loopback address");
}

/// Whether nobody listens there.
pub(crate) fn is_free(address: Ipv4Addr, port: u16) -> bool {
    TcpListener::bind((address, port)).is_ok()
}

/// A short name for the content of these texts, so that a change of a script makes a new template.
pub(crate) fn fingerprint(texts: &[&str]) -> String {
    // FNV-1a.
    let hash = texts
        .iter()
        .flat_map(|text| text.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{hash:016x}")
}
