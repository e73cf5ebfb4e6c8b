//! An SMTP peer that behaves but for one step.

use std::sync::{Arc, Mutex};

use latchkey_notify::{SmtpConfig, SmtpSecurity};
use latchkey_types::EmailAddress;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// Where the peer misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Greeting,
    Ehlo,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the invitation, in the middle of the message.
    Content,
    /// After the dot that ends the message.
    End,
    Never,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Say(&'static str),
    Drop,
    Hang,
}

pub(crate) struct FaultyPeer {
    pub(crate) port: u16,
    /// Every line that came, and the number of connections.
    heard: Arc<Mutex<(Vec<String>, usize)>>,
}

impl FaultyPeer {
    pub(crate) fn start(step: Step, act: Act) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // Little fits between the two, so that a long message cannot be written ahead.
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let listener = socket.listen(64).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new((Vec::new(), 0)));
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                log.lock().expect("the log").1 += 1;
                tokio::spawn(converse(stream, step, act, Arc::clone(&log)));
            }
        });
        Self { port, heard }
    }

    pub(crate) fn heard(&self, start: &str) -> usize {
        let heard = self.heard.lock().expect("the log");
        heard
            .0
            .iter()
            .filter(|line| line.starts_with(start))
            .count()
    }

    pub(crate) fn connections(&self) -> usize {
        self.heard.lock().expect("the log").1
    }

    pub(crate) fn config(&self) -> SmtpConfig {
        config(self.port)
    }
}

/// A relay on this machine without TLS.
pub(crate) fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".into(),
        port,
        security: SmtpSecurity::None,
        username: None,
        password: None,
        from: EmailAddress::parse("reset@contoso.example").expect("an address"),
        message_id_host: "reset.contoso.example".into(),
        extra_ca_pem: None,
        timeout: std::time::Duration::from_secs(10),
        max_connections: 2,
    }
}

/// Stops the clock for good: whoever waits for a time-out waits no longer, however slow the machine.
pub(crate) async fn hang<T>() -> T {
    tokio::time::pause();
    std::future::pending().await
}

/// `None` ends the conversation.
async fn answer(stream: &mut BufReader<TcpStream>, fault: Option<Act>, usual: &str) -> Option<()> {
    let words = match fault {
        None => usual,
        Some(Act::Say(words)) => words,
        Some(Act::Drop) => return None,
        Some(Act::Hang) => hang().await,
    };
    stream
        .write_all(format!("{words}\r\n").as_bytes())
        .await
        .ok()
}

async fn converse(
    stream: TcpStream,
    step: Step,
    act: Act,
    log: Arc<Mutex<(Vec<String>, usize)>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let fault = |at: Step| (at == step).then_some(act);
    answer(
        &mut stream,
        fault(Step::Greeting),
        "220 faulty.example ESMTP",
    )
    .await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        log.lock()
            .expect("the log")
            .0
            .push(line.trim_end().to_owned());
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                answer(
                    &mut stream,
                    fault(Step::Ehlo),
                    "250-faulty.example\r\n250 AUTH PLAIN",
                )
                .await?;
            }
            "AUTH" => answer(&mut stream, fault(Step::Auth), "235 2.7.0 ok").await?,
            "MAIL" => answer(&mut stream, fault(Step::Mail), "250 2.1.0 ok").await?,
            "RCPT" => answer(&mut stream, fault(Step::Rcpt), "250 2.1.5 ok").await?,
            "DATA" => {
                answer(&mut stream, fault(Step::Data), "354 go on").await?;
                if let Some(Act::Drop) = fault(Step::Content) {
                    stream.read_exact(&mut [0; 64]).await.ok()?;
                    return None;
                }
                content(&mut stream).await?;
                answer(&mut stream, fault(Step::End), "250 2.0.0 queued as 4815").await?;
            }
            "QUIT" => {
                answer(&mut stream, None, "221 bye").await?;
                return None;
            }
            _ => answer(&mut stream, None, "250 ok").await?,
        }
    }
}

async fn content(stream: &mut BufReader<TcpStream>) -> Option<()> {
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(());
        }
    }
}
