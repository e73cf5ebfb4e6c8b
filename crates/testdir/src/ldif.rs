//! Changes by way of the LDAP tools of OpenLDAP, which share nothing with the code under test.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Who changes what: an administrator at a server.
pub(crate) struct Administrator<'a> {
    pub(crate) url: String,
    pub(crate) authority: &'a Path,
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
}

impl Administrator<'_> {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LDAPTLS_CACERT", self.authority).args([
            "-x",
            "-H",
            &self.url,
            "-D",
            self.name,
            "-w",
            self.password,
        ]);
        command
    }

    /// Applies a change file.
    pub(crate) fn apply(&self, ldif: &str) {
        let mut child = self
            .command("ldapmodify")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(ldif.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ldapmodify: {text}\n{ldif}");
    }

    /// What a search prints.
    pub(crate) fn search(&self, base: &str, filter: &str, attributes: &[&str]) -> String {
        let output = self
            .command("ldapsearch")
            .args(["-LLL", "-o", "ldif-wrap=no", "-b", base, filter])
            .args(attributes)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether this name and password are good for a sign-in.
    pub(crate) fn may_sign_in(&self) -> bool {
        let output = self
            .command("ldapsearch")
            .args(["-s", "base", "-b", "", "1.1"])
            .output()
            .unwrap();
        output.status.success()
    }
}

/// Lines of a change file: an attribute's name and a value each.
pub(crate) fn lines<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines = String::new();
    for (name, value) in values {
        for part in [name, ": ", value, "\n"] {
            lines.push_str(part);
        }
    }
    lines
}

/// Base64, for values of change files that are not plain text.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value = group
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0_usize, |value, &byte| (value << 8) | usize::from(byte));
        for place in 0..4 {
            let digit = DIGITS[(value >> (18 - 6 * place)) & 63];
            text.push(if place > group.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
