//! The file with the master key.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use latchkey_app::MasterKey;
use latchkey_types::Entropy;

/// Reads the key, or makes one where there is no file yet. The file is readable by its owner alone;
/// one that others can read is refused, because the key may be known by now.
pub(crate) fn load(path: &Path, entropy: &dyn Entropy) -> Result<MasterKey, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            check(path)?;
            MasterKey::from_text(&text)
                .map_err(|error| format!("the key file {}: {error}", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(path, entropy),
        Err(error) => Err(format!(
            "the key file {} cannot be read: {error}",
            path.display()
        )),
    }
}

/// Refuses a file that others can read or write.
pub(crate) fn check(path: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path)
            .map_err(|error| format!("the key file {} cannot be read: {error}", path.display()))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(format!(
                "the key file {} can be read by others (mode {:03o}): chmod 600 it, and think about \
                 who may have read it",
                path.display(),
                mode & 0o777
            ));
        }
    }
    Ok(())
}

fn create(path: &Path, entropy: &dyn Entropy) -> Result<MasterKey, String> {
    let failed =
        |error: std::io::Error| format!("the key file {} cannot be made: {error}", path.display());
    let key = MasterKey::generate(entropy).map_err(|error| error.to_string())?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    // It gets its name when it is whole, and never over one that another process made meanwhile.
    let mut file =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(key.to_text().expose().as_bytes())
        .map_err(failed)?;
    file.write_all(b"\n").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => load(path, entropy),
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = load(&path, &SystemEntropy).unwrap();
        let read = load(&path, &SystemEntropy).unwrap();
        assert_eq!(made.to_text(), read.to_text());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            for mode in [0o640, 0o604, 0o620] {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
                let error = load(&path, &SystemEntropy).unwrap_err();
                assert!(error.contains("can be read by others"), "{error}");
            }
        }
    }

    #[test]
    fn a_key_that_nobody_drew_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "00".repeat(32),
            "0123456789abcdef".repeat(4),
            "short".into(),
        ] {
            let path = folder.path().join("key");
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            assert!(load(&path, &SystemEntropy).is_err());
        }
    }
}
