use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use latchkey_types::{Password, Secret};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::format::{CHECKSUM_LEN, HEAD_LEN, SHARDS, Shard, TAIL_LEN};
use super::{BreachedFilter, ImportError, Imported, OpenError, import};

struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("breached.filter")
    }

    fn import(&self, list: impl AsRef<[u8]>) -> Result<Imported, ImportError> {
        let path = self.folder.path().join("list.txt");
        fs::write(&path, list).unwrap();
        let imported = import(&path, &self.target());
        fs::remove_file(path).unwrap();
        imported
    }

    fn open(&self) -> Result<BreachedFilter, OpenError> {
        BreachedFilter::open(&self.target())
    }

    /// What `open` says of the file after a change to its bytes.
    fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<BreachedFilter, OpenError> {
        let mut bytes = fs::read(self.target()).unwrap();
        change(&mut bytes);
        let path = self.folder.path().join("changed.filter");
        fs::write(&path, bytes).unwrap();
        BreachedFilter::open(&path)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn password(text: &str) -> Password {
    Secret::new(text.to_owned())
}

fn sha1(text: &str) -> String {
    Sha1::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02X}").unwrap();
            hex
        })
}

fn list(count: usize) -> String {
    (0..count).fold(String::new(), |mut list, number| {
        writeln!(list, "{}:{number}", sha1(&format!("breached {number}"))).unwrap();
        list
    })
}

#[test]
fn everything_imported_is_found_and_one_in_a_thousand_others_at_most() {
    let bench = Bench::new();
    let imported = bench.import(list(20_000)).unwrap();
    assert_eq!(imported.hashes, 20_000);
    assert_eq!(imported.bytes, fs::metadata(bench.target()).unwrap().len());
    let filter = bench.open().unwrap();
    assert_eq!(filter.hashes(), 20_000);
    for number in 0..20_000 {
        assert!(
            filter.contains(&password(&format!("breached {number}"))),
            "{number}"
        );
    }
    let others = 50_000;
    let wrong = (0..others)
        .filter(|n| filter.contains(&password(&format!("other {n}"))))
        .count();
    assert!(wrong * 1000 <= others, "{wrong} of {others}");
}

#[test]
fn every_form_of_the_list_gives_the_same_filter() {
    let (a, b, c) = (sha1("alpha"), sha1("beta"), sha1("gamma"));
    let lower = b.to_lowercase();
    let plain = format!("{a}:12\n{b}:3\n{c}:1\n");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut halves = gzip.clone();
    halves.extend(&gzip);
    let forms: [Vec<u8>; 6] = [
        plain.clone().into(),
        format!("{c}\n{a}\n{lower}").into(),
        format!("\r\n{lower}:3\r\n\r\n{c}\r\n  {a}:12  \r\n\n").into(),
        format!("{plain}{plain}").into(),
        gzip,
        halves,
    ];
    let mut files = Vec::new();
    for form in forms {
        let bench = Bench::new();
        assert_eq!(bench.import(form).unwrap().hashes, 3);
        let filter = bench.open().unwrap();
        for known in ["alpha", "beta", "gamma"] {
            assert!(filter.contains(&password(known)), "{known}");
        }
        assert!(!filter.contains(&password("delta")));
        files.push(fs::read(bench.target()).unwrap());
    }
    assert!(files.iter().all(|file| *file == files[0]));
}

#[test]
fn a_password_is_looked_up_in_the_form_that_is_hashed() {
    let bench = Bench::new();
    bench.import(sha1("caf\u{e9} noir")).unwrap();
    assert!(
        bench
            .open()
            .unwrap()
            .contains(&password("cafe\u{301} noir"))
    );
}

#[test]
fn a_bad_line_is_named_and_nothing_changes() {
    let good = sha1("good");
    let bench = Bench::new();
    bench.import(&good).unwrap();
    let before = fs::read(bench.target()).unwrap();
    for bad in [
        "hello",
        &good[1..],
        &format!("{good}0"),
        &format!("{good}:"),
        &format!("{good}:many"),
        &format!("{good}:-1"),
        &format!("{good};4"),
        &format!("G{}", &good[1..]),
        &format!("é{}", &good[2..]),
        "\u{feff}",
        &" ".repeat(300),
        &"A".repeat(100_000),
    ] {
        let refused = bench.import(format!("{good}\n\n{bad}\n{good}\n"));
        assert!(
            matches!(refused, Err(ImportError::BadLine { line: 3 })),
            "{bad}: {refused:?}"
        );
        assert_eq!(fs::read(bench.target()).unwrap(), before);
        assert_eq!(
            bench.names(),
            ["breached.filter"],
            "temporary files are left"
        );
    }
}

#[test]
fn an_empty_list_a_torn_archive_and_a_missing_file_change_nothing() {
    let bench = Bench::new();
    bench.import(sha1("good")).unwrap();
    let before = fs::read(bench.target()).unwrap();
    assert!(matches!(bench.import(""), Err(ImportError::Empty)));
    assert!(matches!(bench.import("\r\n\r\n"), Err(ImportError::Empty)));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(list(1000).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let torn = bench.import(&gzip[..gzip.len() / 2]);
    assert!(
        matches!(torn, Err(ImportError::Read { line: 2.., .. })),
        "{torn:?}"
    );
    let missing = import(&bench.folder.path().join("none"), &bench.target());
    assert!(matches!(missing, Err(ImportError::Open(_))));
    assert_eq!(fs::read(bench.target()).unwrap(), before);
    assert_eq!(bench.names(), ["breached.filter"]);
}

#[test]
fn importing_again_replaces_the_file_and_an_open_filter_goes_on() {
    let bench = Bench::new();
    bench.import(sha1("first")).unwrap();
    let open = bench.open().unwrap();
    bench.import(sha1("second")).unwrap();
    assert!(open.contains(&password("first")));
    let new = bench.open().unwrap();
    assert!(new.contains(&password("second")));
    assert!(!new.contains(&password("first")));
}

#[test]
fn files_of_another_kind_or_version_are_refused_as_such() {
    let bench = Bench::new();
    bench.import(list(10)).unwrap();
    assert!(matches!(
        bench.changed(|b| b[0] ^= 1),
        Err(OpenError::NotAFilter)
    ));
    assert!(matches!(
        bench.changed(|b| b[8] ^= 2),
        Err(OpenError::Version)
    ));
    assert!(matches!(
        bench.changed(Vec::clear),
        Err(OpenError::NotAFilter)
    ));
    let text = bench.changed(|b| *b = list(1000).into_bytes());
    assert!(matches!(text, Err(OpenError::NotAFilter)));
    let missing = BreachedFilter::open(&bench.folder.path().join("none"));
    assert!(matches!(missing, Err(OpenError::Io(_))));
}

#[test]
fn a_damaged_or_truncated_file_is_refused() {
    let bench = Bench::new();
    bench.import(list(300)).unwrap();
    let length = fs::read(bench.target()).unwrap().len();
    for at in [
        HEAD_LEN,
        HEAD_LEN + 999,
        length - TAIL_LEN,
        length - 40,
        length - 33,
        length - 1,
    ] {
        assert!(
            matches!(bench.changed(|b| b[at] ^= 0x10), Err(OpenError::Damaged)),
            "{at}"
        );
    }
    for keep in [
        8,
        HEAD_LEN,
        HEAD_LEN + 1,
        TAIL_LEN,
        length / 2,
        length - 32,
        length - 1,
    ] {
        let cut = bench.changed(|b| b.truncate(keep));
        assert!(matches!(cut, Err(OpenError::Damaged)), "{keep}");
    }
    assert!(matches!(
        bench.changed(|b| b.push(0)),
        Err(OpenError::Damaged)
    ));
}

/// Even with a right checksum, a table that points anywhere else is no reason to panic.
#[test]
fn a_forged_table_is_refused() {
    let bench = Bench::new();
    bench.import(list(3000)).unwrap();
    let forge = |entry: usize, at: usize, value: u64, width: usize| {
        bench.changed(|bytes| {
            let table = bytes.len() - TAIL_LEN;
            let at = table + entry * Shard::LEN + at;
            bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
            let end = bytes.len() - CHECKSUM_LEN;
            let checksum = Sha256::digest(&bytes[..end]);
            bytes[end..].copy_from_slice(&checksum);
        })
    };
    for (at, width) in [(0, 8), (8, 8), (24, 4), (28, 4), (32, 4)] {
        for value in [1, 5, 1 << 20, u64::from(u32::MAX), u64::MAX, u64::MAX - 1] {
            for entry in [0, SHARDS - 1] {
                let forged = forge(entry, at, value, width);
                assert!(
                    matches!(forged, Err(OpenError::Damaged)),
                    "{entry} {at} {value}"
                );
            }
        }
    }
    // The seed may be any number: then the filter knows nothing, but it answers.
    assert!(
        !forge(0, 16, 1, 8)
            .unwrap()
            .contains(&password("anything else"))
    );
}
