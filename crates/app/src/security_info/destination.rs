//! The authentication email and the authentication phone: proven by a code that is sent there.

use latchkey_core::model::Origin;
use latchkey_core::registration::{Kind, is_own_mailbox};
use latchkey_core::reset::gates::CODE_VALID;
use latchkey_core::reset::{AGAIN_AFTER, Gate};
use latchkey_crypto::codes::{self, Digits};
use latchkey_i18n::Texts;
use latchkey_notify::messages::{self, CodeCall, CodeMail, CodeText};
use latchkey_notify::{Destination, MessageKind};
use latchkey_store::methods::{MethodKind, NewMethod};
use latchkey_store::{Tx, domains, methods};
use latchkey_types::{
    DomainName, EmailAddress, Masked, MethodId, PhoneNumber, Secret, Timestamp, TypedPhone,
};
use serde::{Deserialize, Serialize};

use super::enter::{Reply, Wish, enter, look, peek};
use super::pending::{self, Code, LIFETIME, Way};
use super::settle::{Change, How, Saved, is_later, let_rest, settle};
use crate::keys::seal;
use crate::outbox::{Draft, enqueue};
use crate::reset::{Case, may_send};
use crate::sign_in::{Here, Pace};
use crate::{App, AppError, Ctx};

/// The longest code that is looked at, with spaces.
const LONGEST_CODE: usize = 64;

/// How a code goes to a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A text message.
    Text,
    /// A call.
    Call,
}

/// What the pages for an address or a number show before something is typed.
#[derive(Debug, Clone)]
pub struct Destinations {
    /// What is on file, masked.
    pub on_file: Option<Masked>,
    /// Whether somebody else put it there, so that it can be confirmed.
    pub to_confirm: bool,
    /// How a code can go to a phone.
    pub by: Vec<By>,
}

/// What came of asking for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way.
    Sent,
    /// What was typed is no address or number.
    Malformed,
    /// The mailbox opens with the password that it would reset.
    OwnMailbox,
    /// It is registered already.
    Known,
    /// The policy sends no codes that way.
    NotThatWay,
    /// A limit was reached.
    NoMessages,
    /// Another code was sent a moment ago.
    TooSoon,
}

/// The page for a code.
#[derive(Debug, Clone)]
pub struct CodePage {
    /// Where the code went: as it was typed, or masked where it was only confirmed.
    pub to: String,
    /// How.
    pub by: Option<By>,
    /// How many digits it has.
    pub digits: u8,
    /// From when another one may be asked for.
    pub again_from: Timestamp,
}

/// What came of a code.
#[derive(Debug, Clone)]
pub enum Tried {
    /// It was right.
    Saved(Box<Saved>),
    /// It was not.
    Wrong {
        /// So many tries are left.
        left: usize,
    },
    /// It cannot be a code; not counted.
    Unreadable,
    /// There is nothing to be proven any more: its time is over, or there were too many tries.
    Over,
}

/// A destination on its way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposal {
    value: String,
    /// Whether it is what is on file: then it is shown masked.
    on_file: bool,
    call: bool,
}

/// What is sent to, and kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sort {
    kind: Kind,
    way: Way,
    method: MethodKind,
}

const EMAIL: Sort = Sort {
    kind: Kind::Email,
    way: Way::Email,
    method: MethodKind::Email,
};

const PHONE: Sort = Sort {
    kind: Kind::Phone,
    way: Way::Phone,
    method: MethodKind::Phone,
};

fn sort(kind: Kind) -> Result<Sort, AppError> {
    match kind {
        Kind::Email => Ok(EMAIL),
        Kind::Phone => Ok(PHONE),
        _ => Err(AppError::bug("no code is sent for this method")),
    }
}

fn ways_to_phone(case: &Case) -> Vec<By> {
    let administrator = case
        .user
        .as_ref()
        .is_some_and(latchkey_core::model::User::is_administrator);
    let methods = &case.tenant.settings.reset.methods;
    [(By::Text, Gate::Sms), (By::Call, Gate::MobileCall)]
        .into_iter()
        .filter(|(_, gate)| administrator || methods.contains(gate))
        .map(|(by, _)| by)
        .collect()
}

/// What is on file of a kind, and who put it there.
fn current(case: &Case, kind: Kind) -> Option<(String, Masked, Origin, Option<Timestamp>)> {
    match kind {
        Kind::Email => case.methods.email.as_ref().map(|on| {
            let text = on.value.as_str().to_owned();
            (text, on.value.masked(), on.origin, on.changed_at)
        }),
        _ => case.methods.mobile.as_ref().map(|on| {
            let text = on.value.as_str().to_owned();
            (text, on.value.masked(), on.origin, on.changed_at)
        }),
    }
}

/// What the page for an address or a number shows.
pub async fn destinations(app: &App, cookie: &Secret<String>, kind: Kind) -> Reply<Destinations> {
    look(app, cookie, Wish::Register(kind), |here| {
        let current = current(&here.case, kind);
        Destinations {
            to_confirm: current
                .as_ref()
                .is_some_and(|(_, _, origin, _)| *origin != Origin::Person),
            on_file: current.map(|(_, masked, _, _)| masked),
            by: ways_to_phone(&here.case),
        }
    })
    .await
}

/// Sends a code to an address; `None`: to the one on file, which somebody else put there.
pub async fn send_email(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    typed: Option<&str>,
) -> Reply<Sent> {
    enter(
        app,
        cookie,
        Wish::Register(Kind::Email),
        async |mut tx, here| {
            let tx = &mut tx;
            let Some((value, on_file)) = proposed(&here, EMAIL, typed, |typed| {
                let address = EmailAddress::parse(typed).ok()?;
                Some(address.as_str().to_owned())
            }) else {
                return Ok(Ok(Sent::Malformed));
            };
            let Ok(address) = EmailAddress::parse(&value) else {
                return Ok(Ok(Sent::Malformed));
            };
            let Some(user) = &here.case.user else {
                return Err(AppError::bug("somebody signed in has no account"));
            };
            let verified: Vec<DomainName> = domains::list(tx, here.row.tenant)
                .await?
                .into_iter()
                .filter(|domain| domain.verified_at.is_some())
                .map(|domain| domain.name)
                .collect();
            if is_own_mailbox(&address, user, &verified) {
                return Ok(Ok(Sent::OwnMailbox));
            }
            let to = Destination::Mail(address);
            let proposal = Proposal {
                value,
                on_file,
                call: false,
            };
            send(tx, app, ctx, &here, EMAIL, to, proposal).await.map(Ok)
        },
    )
    .await
}

/// Sends a code to a number by text or call; `None`: to the one on file, which somebody else put
/// there.
pub async fn send_phone(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    typed: Option<&str>,
    by: By,
) -> Reply<Sent> {
    enter(
        app,
        cookie,
        Wish::Register(Kind::Phone),
        async |mut tx, here| {
            let country = here.case.tenant.country;
            let Some((value, on_file)) = proposed(&here, PHONE, typed, |typed| {
                let number = TypedPhone::parse(typed, Some(country)).ok()?;
                Some(number.number().as_str().to_owned())
            }) else {
                return Ok(Ok(Sent::Malformed));
            };
            let Ok(number) = PhoneNumber::parse(&value) else {
                return Ok(Ok(Sent::Malformed));
            };
            if !ways_to_phone(&here.case).contains(&by) {
                return Ok(Ok(Sent::NotThatWay));
            }
            let to = match by {
                By::Text => Destination::Text(number),
                By::Call => Destination::Call(number),
            };
            let proposal = Proposal {
                value,
                on_file,
                call: by == By::Call,
            };
            send(&mut tx, app, ctx, &here, PHONE, to, proposal)
                .await
                .map(Ok)
        },
    )
    .await
}

/// What is to be proven, in its one form, and whether it is what is on file.
fn proposed(
    here: &Here,
    of: Sort,
    typed: Option<&str>,
    read: impl Fn(&str) -> Option<String>,
) -> Option<(String, bool)> {
    match typed {
        Some(typed) => read(typed).map(|value| (value, false)),
        None => current(&here.case, of.kind).map(|(value, ..)| (value, true)),
    }
}

/// Whether two addresses or numbers are one: letters may be large or small.
fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Makes a code and sends it; the one before is void.
async fn send(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    of: Sort,
    to: Destination,
    proposal: Proposal,
) -> Result<Sent, AppError> {
    let known = current(&here.case, of.kind).is_some_and(|(value, _, origin, _)| {
        is_same(&value, &proposal.value) && origin == Origin::Person
    });
    if known {
        return Ok(Sent::Known);
    }
    // Whoever is signed in can type any number: many different ones are no person's own.
    let paced = here.pace(tx, "register", Pace::OF_MESSAGES).await;
    if matches!(paced, Err(AppError::Busy { .. })) {
        return Ok(Sent::NoMessages);
    }
    paced?;
    if !may_send(tx, app, ctx, &here.case, &to).await? {
        return Ok(Sent::NoMessages);
    }
    let digits = match of.kind {
        Kind::Email => Digits::Eight,
        _ => Digits::Six,
    };
    let code = codes::numeric_code(app.entropy(), digits);
    let sent = Code {
        value: &proposal.value,
        code: &code,
    };
    pending::put(tx, app, here, of.way, LIFETIME, &proposal, Some(sent)).await?;
    let locale = here.case.message_locale(ctx.locale);
    let texts = Texts::new(locale);
    let tenant = here.case.tenant.name.as_str();
    let code = code.expose().as_str();
    let content = match &to {
        Destination::Mail(_) => {
            let valid = CODE_VALID;
            messages::register_mail(
                texts,
                &CodeMail {
                    tenant,
                    code,
                    valid,
                },
            )
        }
        Destination::Text(_) => {
            let host = app.options().base.name();
            messages::register_text(texts, &CodeText { tenant, code, host })
        }
        Destination::Call(_) => messages::register_call(texts, &CodeCall { tenant, code }),
    };
    let draft = Draft {
        kind: MessageKind::Code,
        to,
        locale,
        content,
        expires_at: here.now.plus(CODE_VALID),
        is_void: false,
    };
    enqueue(tx, app, &here.case.data_key, draft).await?;
    Ok(Sent::Sent)
}

/// The page for the code that was sent last. `None`: none was, or its time is over.
pub async fn code_page(app: &App, cookie: &Secret<String>, kind: Kind) -> Reply<Option<CodePage>> {
    let of = sort(kind)?;
    peek(app, cookie, Wish::Register(kind), async |mut tx, here| {
        let found = pending::get::<Proposal>(&mut tx, &here, of.way).await?;
        Ok(Ok(found.map(|(row, proposal)| CodePage {
            to: shown(kind, &proposal),
            by: (kind == Kind::Phone).then_some(if proposal.call { By::Call } else { By::Text }),
            digits: if kind == Kind::Email { 8 } else { 6 },
            again_from: row.created_at.plus(AGAIN_AFTER),
        })))
    })
    .await
}

fn shown(kind: Kind, proposal: &Proposal) -> String {
    match kind {
        Kind::Phone => {
            let number = PhoneNumber::parse(&proposal.value);
            number.map_or_else(
                |_| String::new(),
                |number| {
                    if proposal.on_file {
                        number.masked().to_string()
                    } else {
                        number.grouped()
                    }
                },
            )
        }
        _ if proposal.on_file => masked(&proposal.value),
        _ => proposal.value.clone(),
    }
}

fn masked(value: &str) -> String {
    let mail = EmailAddress::parse(value).map(|address| address.masked().to_string());
    mail.or_else(|_| PhoneNumber::parse(value).map(|number| number.masked().to_string()))
        .unwrap_or_default()
}

/// Sends another code in place of the last one, to the same destination. `None`: there is none.
pub async fn code_again(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    kind: Kind,
) -> Reply<Option<Sent>> {
    let of = sort(kind)?;
    enter(app, cookie, Wish::Register(kind), async |mut tx, here| {
        let tx = &mut tx;
        let Some((row, proposal)) = pending::get::<Proposal>(tx, &here, of.way).await? else {
            return Ok(Ok(None));
        };
        if here.now < row.created_at.plus(AGAIN_AFTER) {
            return Ok(Ok(Some(Sent::TooSoon)));
        }
        let channel = match (kind, proposal.call) {
            (Kind::Email, _) => "mail",
            (_, true) => "call",
            (_, false) => "text",
        };
        let to = Destination::parse(channel, &proposal.value)
            .map_err(|error| AppError::internal("a pending destination", error))?;
        let sent = send(tx, app, ctx, &here, of, to, proposal).await?;
        Ok(Ok(Some(sent)))
    })
    .await
}

/// Tries the code. The right one puts the destination on file.
pub async fn code(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    kind: Kind,
    typed: &str,
) -> Reply<Tried> {
    let of = sort(kind)?;
    let digits = if kind == Kind::Email { 8 } else { 6 };
    let typed = (typed.len() <= LONGEST_CODE)
        .then(|| codes::normalise_code(typed))
        .flatten()
        .filter(|code| code.expose().len() == digits);
    enter(app, cookie, Wish::Register(kind), async |mut tx, here| {
        let tx = &mut tx;
        let Some((row, proposal)) = pending::get::<Proposal>(tx, &here, of.way).await? else {
            return Ok(Ok(Tried::Over));
        };
        // What cannot be a code tells a stranger nothing, and is no try.
        let (Some(typed), Some(tag)) = (&typed, &row.tag) else {
            return Ok(Ok(Tried::Unreadable));
        };
        let Some(left) = pending::count(tx, &here, row.id).await? else {
            return Ok(Ok(Tried::Over));
        };
        let sent = Code {
            value: &proposal.value,
            code: typed,
        };
        if !pending::matches(app, &here, of.way, &sent, tag) {
            return Ok(Ok(if left == 0 {
                Tried::Over
            } else {
                Tried::Wrong { left }
            }));
        }
        if !pending::spend(tx, &here, row.id).await? {
            return Ok(Ok(Tried::Over));
        }
        let how = put(tx, app, &here, of, &proposal).await?;
        let change = Change {
            kind,
            how,
            which: masked(&proposal.value),
        };
        let saved = settle(tx, app, ctx, &here, cookie, change).await?;
        Ok(Ok(Tried::Saved(Box::new(saved))))
    })
    .await
}

/// Puts a proven value on file. One that is there already stays as it is, and is the person's from
/// now on; another one rests, unless it is the first that they could have used.
async fn put(
    tx: &mut Tx,
    app: &App,
    here: &Here,
    of: Sort,
    proposal: &Proposal,
) -> Result<How, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let current = current(&here.case, of.kind);
    let same = current
        .as_ref()
        .filter(|current| is_same(&current.0, &proposal.value));
    let rows = methods::list_for_user(tx, tenant, user).await?;
    let row = rows.iter().find(|row| row.kind == of.method);
    if let (Some(row), Some(_)) = (row, same) {
        methods::adopt(tx, tenant, user, row.id).await?;
        return Ok(How::Confirmed);
    }
    let id = MethodId::new(app.clock(), app.entropy());
    let plain = proposal.value.as_bytes();
    let key = &here.case.data_key;
    let value = seal(key, app.entropy(), "method", "value", id.0, plain)?;
    let new = NewMethod {
        id,
        kind: of.method,
        slot: "",
        name: "",
        value: &value,
        origin: Origin::Person,
    };
    if !methods::upsert(tx, tenant, user, &new, here.now).await? {
        return Err(AppError::NotFound);
    }
    match (same, &current) {
        (Some((_, _, _, changed_at)), _) => {
            // The directory's value, which goes on resting if it does.
            let_rest(tx, here, id, *changed_at).await?;
            Ok(How::Confirmed)
        }
        (None, Some(_)) => {
            let_rest(tx, here, id, Some(here.now)).await?;
            Ok(How::Replaced)
        }
        (None, None) => {
            if is_later(here) {
                let_rest(tx, here, id, Some(here.now)).await?;
            }
            Ok(How::Added)
        }
    }
}
