//! A relay in this process that takes every mail and remembers it: quick, slow, or hanging up in the
//! worst moment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A mail that the relay took.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// Its Message-ID.
    pub(crate) id: String,
    /// The code in it, if that is what it brings.
    pub(crate) code: Option<String>,
}

/// What a relay does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Takes it.
    Takes,
    /// Takes it after a while.
    Slow(Duration),
    /// Takes it and hangs up instead of saying so.
    Silent,
    /// Asks to be tried again.
    Busy,
    /// Hangs up before the mail.
    Gone,
}

type Moods = Box<dyn Fn() -> Mood + Send + Sync>;

/// The relay.
pub(crate) struct Relay {
    address: SocketAddr,
    boxes: Arc<Boxes>,
}

struct Boxes {
    mails: Mutex<HashMap<String, Vec<Mail>>>,
    count: watch::Sender<usize>,
    mood: Moods,
}

impl Relay {
    pub(crate) async fn start(mood: impl Fn() -> Mood + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let boxes = Arc::new(Boxes {
            mails: Mutex::default(),
            count: watch::Sender::new(0),
            mood: Box::new(mood),
        });
        let all = Arc::clone(&boxes);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let boxes = Arc::clone(&all);
                tokio::spawn(async move {
                    // Whoever hangs up has nothing more to say.
                    let _ = converse(stream, &boxes).await;
                });
            }
        });
        Self { address, boxes }
    }

    /// The lines of `[mail]` that lead here.
    pub(crate) fn settings(&self) -> String {
        let port = self.address.port();
        format!("host = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n")
    }

    /// Every mail to an address, in the order of their arrival.
    pub(crate) fn to(&self, address: &str) -> Vec<Mail> {
        let mails = self.boxes.mails.lock().unwrap();
        mails.get(address).cloned().unwrap_or_default()
    }

    /// Everybody who got a mail.
    pub(crate) fn everyone(&self) -> Vec<String> {
        self.boxes.mails.lock().unwrap().keys().cloned().collect()
    }

    /// Waits for a code to an address that is not one of these; `None` after `patience`.
    pub(crate) async fn code(
        &self,
        address: &str,
        known: &[String],
        patience: Duration,
    ) -> Option<String> {
        let mut count = self.boxes.count.subscribe();
        let waiting = async {
            loop {
                count.borrow_and_update();
                let mails = self.to(address);
                let codes = mails.into_iter().rev().filter_map(|mail| mail.code);
                if let Some(code) = codes.into_iter().find(|code| !known.contains(code)) {
                    return code;
                }
                if count.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(patience, waiting).await.ok()
    }
}

/// RFC 5321, as much of it as a polite client needs.
async fn converse(stream: TcpStream, boxes: &Boxes) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 relay.example\r\n").await?;
    let mut recipients = Vec::new();
    let mut mood = Mood::Takes;
    while let Some(line) = lines.next_line().await? {
        let command = line.to_ascii_uppercase();
        let answer: &[u8] = if command.starts_with("EHLO") || command.starts_with("HELO") {
            b"250 relay.example\r\n"
        } else if command.starts_with("MAIL FROM:") {
            recipients.clear();
            mood = (boxes.mood)();
            if mood == Mood::Gone {
                return Ok(());
            }
            b"250 ok\r\n"
        } else if command.starts_with("RCPT TO:") {
            let address = line.split(['<', '>']).nth(1).unwrap_or_default();
            recipients.push(address.to_owned());
            b"250 ok\r\n"
        } else if command == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            let mut text = Vec::new();
            loop {
                let Some(line) = lines.next_line().await? else {
                    // The client died in the middle: this is no mail (RFC 5321, 4.1.1.4).
                    return Ok(());
                };
                if line == "." {
                    break;
                }
                text.push(line);
            }
            if mood == Mood::Busy {
                b"451 4.3.0 later\r\n"
            } else {
                boxes.take(&recipients, &text);
                match mood {
                    Mood::Silent => return Ok(()),
                    Mood::Slow(time) => tokio::time::sleep(time).await,
                    Mood::Takes | Mood::Busy | Mood::Gone => {}
                }
                b"250 2.0.0 taken\r\n"
            }
        } else if command == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            b"250 ok\r\n"
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

impl Boxes {
    fn take(&self, recipients: &[String], lines: &[String]) {
        let id = lines
            .iter()
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .expect("a mail has a Message-ID")
            .to_owned();
        let mail = Mail {
            id,
            code: code(lines),
        };
        let mut mails = self.mails.lock().unwrap();
        for recipient in recipients {
            mails
                .entry(recipient.clone())
                .or_default()
                .push(mail.clone());
        }
        drop(mails);
        self.count.send_modify(|count| *count += 1);
    }
}

/// The code of a mail: eight digits on a line of their own.
pub(crate) fn code(lines: &[String]) -> Option<String> {
    lines
        .iter()
        .map(|line| line.trim())
        .find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::to_owned)
}
