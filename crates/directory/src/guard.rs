//! Between a server and the LDAP library: only whole, shallow messages of bearable size get through.
//!
//! The library has no limit on a message and reads nested values by recursion, so a server could
//! take all memory, or end the program by exhausting its stack, which no task boundary contains. What
//! remains (panics on messages of the wrong shape) ends with the task in which it happens.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::ber;

/// The longest message that is let through: a whole group of 100,000 members.
const LONGEST: usize = 16 * 1024 * 1024;

/// The deepest nesting that is let through; a search entry with controls needs six.
const DEEPEST: usize = 24;

/// A message that is not let through.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

/// Collects bytes until there is a whole message.
pub(crate) struct Framer {
    buffer: Vec<u8>,
    longest: usize,
}

impl Framer {
    pub(crate) const fn new(longest: usize) -> Self {
        Self {
            buffer: Vec::new(),
            longest,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Takes out the messages that are whole, up to one that is refused; then that is the answer of
    /// the next call. Nothing: there is none yet.
    pub(crate) fn whole(&mut self) -> Result<Vec<u8>, Refused> {
        let mut end = 0;
        loop {
            let next = self.next_length(end).and_then(|length| {
                let Some(length) = length else {
                    return Ok(None);
                };
                check(&self.buffer[end..end + length]).map(|()| Some(length))
            });
            match next {
                Ok(Some(length)) => end += length,
                Err(refused) if end == 0 => return Err(refused),
                Ok(None) | Err(_) => break,
            }
        }
        let rest = self.buffer.split_off(end);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// The length of the message at this place, if it is all there.
    fn next_length(&self, at: usize) -> Result<Option<usize>, Refused> {
        let bytes = &self.buffer[at..];
        let Some((&tag, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        if tag != ber::SEQUENCE {
            return Err(Refused("not an LDAP message"));
        }
        let Some((content, rest)) = ber::length(rest) else {
            // At most nine bytes; with more there, the length itself is wrong.
            return if bytes.len() > 10 || rest.first() == Some(&0x80) {
                Err(Refused("a length that cannot be"))
            } else {
                Ok(None)
            };
        };
        if content > self.longest {
            return Err(Refused("a message that is too long"));
        }
        let whole = bytes.len() - rest.len() + content;
        Ok((whole <= bytes.len()).then_some(whole))
    }
}

/// Whether a message has an id, an operation and perhaps controls, and nests no deeper than it may.
fn check(message: &[u8]) -> Result<(), Refused> {
    const SHAPE: Refused = Refused("not an LDAP message");
    let mut parts = ber::Reader(message).inside(ber::SEQUENCE).ok_or(SHAPE)?;
    let id = parts.take(ber::INTEGER).ok_or(SHAPE)?;
    if id.is_empty() || id.len() > 5 {
        return Err(SHAPE);
    }
    let (operation, _) = parts.any().ok_or(SHAPE)?;
    if operation & 0xc0 != 0x40 {
        return Err(SHAPE);
    }
    if !parts.is_empty() {
        parts.any().ok_or(SHAPE)?;
        if !parts.is_empty() {
            return Err(SHAPE);
        }
    }
    let mut open = vec![ber::Reader(message)];
    while let Some(reader) = open.last_mut() {
        if reader.is_empty() {
            open.pop();
            continue;
        }
        let (tag, content) = reader.any().ok_or(SHAPE)?;
        if tag & 0x20 != 0 {
            if open.len() >= DEEPEST {
                return Err(Refused("a message that nests too deeply"));
            }
            open.push(ber::Reader(content));
        }
    }
    Ok(())
}

/// Carries bytes until either side ends.
pub(crate) async fn relay<S>(server: S, library: UnixStream)
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_library, mut to_library) = library.into_split();
    let out = async {
        // Passwords pass through here.
        let mut buffer = Zeroizing::new(vec![0; 16 * 1024]);
        while let Ok(count @ 1..) = from_library.read(&mut buffer).await {
            if to_server.write_all(&buffer[..count]).await.is_err()
                || to_server.flush().await.is_err()
            {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let back = async {
        let mut framer = Framer::new(LONGEST);
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            framer.push(&buffer[..count]);
            loop {
                match framer.whole() {
                    Ok(messages) if messages.is_empty() => break,
                    Ok(messages) => {
                        if to_library.write_all(&messages).await.is_err() {
                            return;
                        }
                    }
                    Err(Refused(reason)) => {
                        tracing::warn!(reason, "a server's message was refused");
                        return;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = out => {}
        () = back => {}
    }
}

/// The request to go on with TLS (RFC 4511, 4.14.1), with message id 1.
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Asks a server to go on with TLS.
pub(crate) async fn start_tls<S>(stream: &mut S) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    stream.write_all(START_TLS).await?;
    stream.flush().await?;
    let mut framer = Framer::new(4096);
    let mut buffer = [0; 512];
    let answer = loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        framer.push(&buffer[..count]);
        let whole = framer
            .whole()
            .map_err(|Refused(reason)| std::io::Error::other(reason))?;
        if !whole.is_empty() {
            break whole;
        }
    };
    let mut outer = ber::Reader(&answer);
    let accepted = (|| {
        let mut message = outer.inside(ber::SEQUENCE)?;
        if message.number(ber::INTEGER)? != 1 {
            return None;
        }
        message.inside(0x78)?.number(ber::ENUMERATED)
    })();
    // Nothing may follow in plain text: somebody on the way could have put it there.
    match accepted {
        Some(0) if outer.is_empty() && framer.is_empty() => Ok(()),
        Some(code) if code != 0 => Err(std::io::Error::other(format!(
            "the server refuses StartTLS: result {code}"
        ))),
        _ => Err(std::io::Error::other("not an answer to StartTLS")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A bind response with result 0.
    const BOUND: &[u8] = &[0x30, 12, 2, 1, 1, 0x61, 7, 10, 1, 0, 4, 0, 4, 0];

    #[test]
    fn messages_come_out_whole() {
        let mut framer = Framer::new(LONGEST);
        let both = [BOUND, BOUND].concat();
        for (index, byte) in both.iter().enumerate() {
            framer.push(&[*byte]);
            let expected = if (index + 1) % BOUND.len() == 0 {
                BOUND
            } else {
                &[]
            };
            assert_eq!(framer.whole().unwrap(), expected, "{index}");
        }
        assert!(framer.is_empty());
    }

    #[test]
    fn what_came_before_a_refused_message_gets_through() {
        let mut framer = Framer::new(LONGEST);
        framer.push(&[BOUND, b"nonsense"].concat());
        assert_eq!(framer.whole().unwrap(), BOUND);
        assert!(framer.whole().is_err());
    }

    #[test]
    fn a_message_that_announces_gigabytes_is_refused_before_it_comes() {
        let mut framer = Framer::new(LONGEST);
        framer.push(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]);
        assert_eq!(framer.whole(), Err(Refused("a message that is too long")));
    }

    #[test]
    fn a_message_that_nests_without_end_is_refused() {
        let mut nested = Zeroizing::new(Vec::new());
        for _ in 0..30 {
            let inner = nested.clone();
            nested = Zeroizing::new(Vec::new());
            ber::put(&mut nested, ber::SEQUENCE, &inner);
        }
        let mut content = Zeroizing::new(Vec::new());
        ber::put(&mut content, ber::INTEGER, &[1]);
        ber::put(&mut content, 0x64, &nested);
        let mut message = Zeroizing::new(Vec::new());
        ber::put(&mut message, ber::SEQUENCE, &content);
        let mut framer = Framer::new(LONGEST);
        framer.push(&message);
        assert_eq!(
            framer.whole(),
            Err(Refused("a message that nests too deeply"))
        );
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for wrong in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0],
            &[0x30, 3, 2, 1, 1],
            &[0x30, 5, 2, 1, 1, 4, 0],
            &[0x30, 9, 2, 1, 1, 0x61, 0, 0xa0, 0, 4, 0],
            &[0x30, 5, 2, 1, 1, 0x61, 9],
        ] {
            let mut framer = Framer::new(LONGEST);
            framer.push(wrong);
            assert!(framer.whole().is_err(), "{wrong:02x?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut framer = Framer::new(100);
            framer.push(&[0x30]);
            framer.push(&bytes);
            let _ = framer.whole();
        }
    }
}
