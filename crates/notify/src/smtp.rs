use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_types::{EmailAddress, Secret};
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Response, Severity};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::{Channel, Outgoing, Receipt, Retry, SendError, SetupError, mime};

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Plain at first, then TLS by STARTTLS (RFC 3207), which is required.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// No TLS: only for a relay on this machine, refused for any other.
    None,
}

/// The mail relay.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Its name, which its certificate must hold, or its address.
    pub host: String,
    /// Its port: usually 587 with STARTTLS, 465 with implicit TLS.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// The name to sign in with, if the relay asks for one; then with a password.
    pub username: Option<String>,
    /// The password to sign in with.
    pub password: Option<Secret<String>>,
    /// The sender's address; the sender's name is the tenant's.
    pub from: EmailAddress,
    /// The host of the base address: the domain of every Message-ID and the name in EHLO.
    pub message_id_host: String,
    /// Certificates (PEM) of authorities to trust besides those of the operating system.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The longest time for connecting and signing in, and again for handing a message over.
    pub timeout: Duration,
    /// The most connections at a time, at least 1.
    pub max_connections: usize,
}

/// Sends mails through a relay, over connections that are kept.
pub struct SmtpChannel {
    config: SmtpConfig,
    tls: Option<TlsParameters>,
    slots: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// A connection that was used this recently is not asked first whether it still is one.
const FRESH: Duration = Duration::from_secs(1);

/// A kept connection is closed by then; relays close theirs after minutes.
const LONGEST_IDLE: Duration = Duration::from_secs(30);

/// How far a message got; it decides what an interruption means.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Stage {
    Connect = 0,
    Sender = 1,
    Recipient = 2,
    Data = 3,
    Content = 4,
    /// The end of the message was, or may have been, sent.
    End = 5,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connection",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Data | Self::Content => "message",
            Self::End => "end of the message",
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Connect,
            1 => Self::Sender,
            2 => Self::Recipient,
            3 => Self::Data,
            4 => Self::Content,
            _ => Self::End,
        }
    }
}

/// The stage, where a time-out can still read it.
struct Progress(AtomicU8);

impl Progress {
    const fn new() -> Self {
        Self(AtomicU8::new(Stage::Connect as u8))
    }
    fn reach(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }
    fn stage(&self) -> Stage {
        Stage::from_number(self.0.load(Ordering::Relaxed))
    }

    /// What an error at this stage means.
    fn judge(&self, error: &Error) -> SendError {
        let stage = self.stage();
        let place = stage.name();
        if let Some(code) = error.status() {
            // A relay that refuses this recipient or this message will do so again. One that
            // refuses the sender, the password or the connection is badly set up, or we are: the
            // message can wait for the cure.
            let about_message = matches!(
                stage,
                Stage::Recipient | Stage::Data | Stage::Content | Stage::End
            );
            let for_good = code.severity == Severity::PermanentNegativeCompletion;
            let sign_in = matches!(u16::from(code), 530 | 534 | 535 | 538);
            let retry = if for_good && about_message && !sign_in {
                Retry::Never
            } else {
                Retry::Later
            };
            let detail =
                enhanced_status(error).map_or_else(String::new, |status| format!(" {status}"));
            return SendError::new(
                retry,
                format!("the relay refused the {place}: {code}{detail}"),
            );
        }
        let what = if error.is_tls() {
            "TLS with the relay failed"
        } else if error.is_client() {
            "the relay lacks what is needed (STARTTLS or a way to sign in)"
        } else {
            "the connection to the relay broke"
        };
        SendError::new(self.interrupted(), format!("{what} at the {place}"))
    }

    fn late(&self) -> SendError {
        let place = self.stage().name();
        SendError::new(
            self.interrupted(),
            format!("the relay did not answer in time at the {place}"),
        )
    }

    /// Until the end of the message is sent, a relay must not deliver it (RFC 5321, 4.1.1.4).
    fn interrupted(&self) -> Retry {
        if self.stage() == Stage::End {
            Retry::Unknown
        } else {
            Retry::Later
        }
    }
}

/// The numbers of RFC 3463 in a relay's answer, such as `5.1.1`; its words may hold the address.
fn enhanced_status(error: &Error) -> Option<String> {
    let text = error.to_string();
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find(|word| {
        let numbers: Vec<&str> = word.split('.').collect();
        matches!(numbers.as_slice(), [class @ ("2" | "4" | "5"), subject, detail]
            if class.len() == 1 && (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len()))
    }).map(str::to_owned)
}

impl SmtpChannel {
    /// Prepares the channel; connects to nothing yet.
    pub fn new(config: SmtpConfig) -> Result<Self, SetupError> {
        if config.username.is_some() != config.password.is_some() {
            return Err(SetupError(
                "mail: a user name and a password go together".into(),
            ));
        }
        let tls = match config.security {
            SmtpSecurity::None => None,
            SmtpSecurity::StartTls | SmtpSecurity::Implicit => Some(tls(&config)?),
        };
        let slots = Semaphore::new(config.max_connections.max(1));
        Ok(Self {
            config,
            tls,
            slots,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// A connection, and whether it was used before.
    async fn connection(&self) -> Result<(AsyncSmtpConnection, bool), SendError> {
        loop {
            let kept = self
                .idle
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .pop();
            let Some(Idle {
                mut connection,
                since,
            }) = kept
            else {
                break;
            };
            let idle = since.elapsed();
            if idle < FRESH || idle < LONGEST_IDLE && connection.test_connected().await {
                return Ok((connection, true));
            }
        }
        Ok((self.connect().await?, false))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let config = &self.config;
        let progress = Progress::new();
        let judge = |error: Error| progress.judge(&error);
        let hello = ClientId::Domain(config.message_id_host.clone());
        let whole = Some(config.timeout);
        let mut connection = match (&self.tls, config.security) {
            (Some(tls), SmtpSecurity::Implicit) => {
                let server = (config.host.as_str(), config.port);
                AsyncSmtpConnection::connect_tokio1(server, whole, &hello, Some(tls.clone()), None)
                    .await
                    .map_err(judge)?
            }
            (Some(tls), _) => {
                let server = (config.host.as_str(), config.port);
                let mut connection =
                    AsyncSmtpConnection::connect_tokio1(server, whole, &hello, None, None)
                        .await
                        .map_err(judge)?;
                connection
                    .starttls(tls.clone(), &hello)
                    .await
                    .map_err(judge)?;
                connection
            }
            (None, _) => {
                let server = self.loopback().await?;
                AsyncSmtpConnection::connect_tokio1(server, whole, &hello, None, None)
                    .await
                    .map_err(judge)?
            }
        };
        if let (Some(name), Some(password)) = (&config.username, &config.password) {
            let credentials = Credentials::new(name.clone(), password.expose().clone());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(judge)?;
        }
        Ok(connection)
    }

    /// The relay's address, which without TLS must be on this machine, whatever its name says.
    async fn loopback(&self) -> Result<SocketAddr, SendError> {
        let unknown = || SendError::new(Retry::Later, "the relay's name is not known");
        let addresses: Vec<SocketAddr> =
            tokio::net::lookup_host((self.config.host.as_str(), self.config.port))
                .await
                .map_err(|_| unknown())?
                .collect();
        if !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(SendError::new(
                Retry::Later,
                "the relay is not on this machine, so it needs TLS",
            ));
        }
        addresses.first().copied().ok_or_else(unknown)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if !connection.has_broken() && idle.len() < self.config.max_connections {
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }
}

fn tls(config: &SmtpConfig) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.extra_ca_pem {
        let authority = Certificate::from_pem(pem)
            .map_err(|_| SetupError("mail: the extra certificates cannot be read (PEM)".into()))?;
        builder = builder.add_root_certificate(authority);
    }
    builder
        .build()
        .map_err(|error| SetupError(format!("mail: TLS cannot be set up: {error}")))
}

/// Hands one mail over on a connection that is ready.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    mail: &[u8],
    progress: &Progress,
) -> Result<Response, Error> {
    progress.reach(Stage::Sender);
    connection
        .command(Mail::new(envelope.from().cloned(), Vec::new()))
        .await?;
    progress.reach(Stage::Recipient);
    for recipient in envelope.to() {
        connection
            .command(Rcpt::new(recipient.clone(), Vec::new()))
            .await?;
    }
    progress.reach(Stage::Data);
    connection.command(Data).await?;
    progress.reach(Stage::Content);
    // The library asks for the next piece only when the last one is written. When it asks for one
    // more than there is, all is written, and what follows is the end of the message.
    let ended = Cell::new(false);
    let mut pieces = mail.chunks(16 * 1024);
    let pieces = std::iter::from_fn(move || {
        let piece = pieces.next();
        if piece.is_none() && !ended.replace(true) {
            progress.reach(Stage::End);
        }
        piece
    });
    connection.message_iter(pieces).await
}

#[async_trait]
impl Channel for SmtpChannel {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        let mail = mime::compose(message, &self.config.from, &self.config.message_id_host)?;
        let bytes = mail.formatted();
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|_| Progress::new().late())?;
        let late = |_| Progress::new().late();
        let whole = self.config.timeout;
        let (mut connection, used) = timeout(whole, self.connection()).await.map_err(late)??;
        let progress = Progress::new();
        let envelope = mail.envelope();
        let mut handed = timeout(
            whole,
            hand_over(&mut connection, envelope, &bytes, &progress),
        )
        .await;
        if used && matches!(handed, Ok(Err(_))) && progress.stage() == Stage::Sender {
            // The relay has ended it in the meantime, and has seen nothing of this message.
            connection = timeout(whole, self.connect()).await.map_err(late)??;
            handed = timeout(
                whole,
                hand_over(&mut connection, envelope, &bytes, &progress),
            )
            .await;
        }
        match handed {
            Ok(Ok(response)) => {
                self.keep(connection);
                let answer = response.message().collect::<Vec<_>>().join(" ");
                Ok(Receipt::quoting(&answer, message))
            }
            // The connection is in an unknown state: it is dropped, not kept.
            Ok(Err(error)) => Err(progress.judge(&error)),
            Err(_) => Err(progress.late()),
        }
    }
}
