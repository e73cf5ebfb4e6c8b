//! From a session to what its page shows.

use latchkey_core::password::Occasion;
use latchkey_core::reset::throttle::Bucket;
use latchkey_core::reset::{
    Deed, Detail, Eligible, Gate, Home, Reason, Session, Stage, questions, throttle,
};
use latchkey_types::Masked;
use latchkey_wire::operation::Refusal;

use super::step::Open;
use super::{Choice, Ended, Page, Question, View, forms};
use crate::{App, password};

/// What the page of a session shows now.
pub(super) fn view(app: &App, open: &Open) -> View {
    let fallback = Eligible {
        required: 1,
        gates: Vec::new(),
        questions_first: false,
    };
    let eligible = open.case.eligibility.as_ref().unwrap_or(&fallback);
    let gates = eligible.required;
    let passed = u8::try_from(open.session.passed().len()).unwrap_or(u8::MAX);
    let step = match open.session.stage() {
        Stage::Deed | Stage::NewPassword { .. } | Stage::Writing { .. } | Stage::Ended { .. } => {
            gates.saturating_add(2)
        }
        _ => passed.saturating_add(2),
    };
    View {
        brand: forms::brand(&open.case.tenant),
        session: open.row.id,
        version: open.row.version,
        expires_at: open.row.expires_at,
        step,
        steps: gates.saturating_add(2),
        page: page(app, open, eligible),
    }
}

fn page(app: &App, open: &Open, eligible: &Eligible) -> Page {
    let session = &open.session;
    let shown = |gate: Gate| {
        session
            .may_show_destinations(eligible)
            .then(|| destination(open, gate))
            .flatten()
    };
    match session.stage() {
        Stage::Choosing => Page::Choose {
            options: session
                .offered(eligible, &open.case.blocked)
                .into_iter()
                .map(|gate| Choice {
                    gate,
                    destination: shown(gate),
                })
                .collect(),
            passed: session.passed(),
        },
        Stage::Number { gate } => Page::Number {
            gate: *gate,
            destination: shown(*gate),
        },
        Stage::Code { gate, asked_at } => Page::Code {
            gate: *gate,
            destination: shown(*gate),
            digits: gate.code_digits(),
            again_from: asked_at.plus(latchkey_core::reset::AGAIN_AFTER),
        },
        Stage::Authenticator => Page::Authenticator,
        Stage::Passkey => Page::Passkey {
            options: open
                .asked
                .as_ref()
                .map_or_else(String::new, |asked| asked.options().to_owned()),
        },
        Stage::RecoveryCode => Page::RecoveryCode,
        Stage::Questions { draw } => Page::Questions {
            questions: draw.iter().map(|name| question(open, name)).collect(),
        },
        Stage::NewPassword { .. } => Page::NewPassword {
            user_id: open.typed.clone(),
            rules: match open.case.home() {
                Home::Here => password::page_rules(app, &open.case, Occasion::Reset),
                Home::Directory { .. } => {
                    let policy = session.directory().map(|directory| &directory.policy);
                    password::directory_page_rules(app, &open.case, policy, Occasion::Reset)
                }
            },
            in_directory: open.case.home() != Home::Here,
            may_unlock: open.case.home() == (Home::Directory { may_unlock: true }),
            said: said(session),
        },
        Stage::Deed => Page::Deed {
            locked: session.directory().map(|directory| directory.locked),
            said: said(session),
        },
        Stage::Writing { deed, since, .. } => Page::Working {
            deed: *deed,
            is_slow: open.now >= since.plus(super::writeback::SLOW),
        },
        Stage::Ended { detail } => Page::Ended(ended(open, session, detail)),
    }
}

/// Why the directory did not do it.
fn said(session: &Session) -> Option<Refusal> {
    let code = session.said()?;
    Refusal::ALL.iter().copied().find(|why| why.code() == code)
}

fn destination(open: &Open, gate: Gate) -> Option<Masked> {
    match gate {
        Gate::Email => open.case.methods.email.as_ref().map(|on| on.value.masked()),
        _ => open
            .case
            .number(gate)
            .map(latchkey_types::PhoneNumber::masked),
    }
}

fn question(open: &Open, name: &str) -> Question {
    if questions::PREDEFINED.contains(&name) {
        return Question::Predefined(name.to_owned());
    }
    let own = &open.case.tenant.settings.reset.questions.own;
    let text = own.iter().find(|text| questions::own_name(text) == name);
    Question::Own(text.cloned().unwrap_or_default())
}

fn ended(open: &Open, session: &Session, detail: &str) -> Ended {
    use latchkey_core::reset::Failure;
    let reference = open.row.request;
    let began = open.row.ended_at.unwrap_or(open.now).plus(throttle::BLOCK);
    let until = |bucket: Bucket| {
        open.case
            .blocked_until
            .get(&bucket)
            .copied()
            .unwrap_or(began)
    };
    match Detail::parse(detail) {
        Some(detail @ (Detail::SucceededReset | Detail::SucceededUnlock)) => Ended::Succeeded {
            deed: match detail {
                Detail::SucceededUnlock => Deed::Unlock,
                _ => Deed::Reset,
            },
            in_directory: open.case.home() != Home::Here,
            told: super::notify::told(&open.case),
        },
        Some(Detail::Failed(Failure::UnknownUser)) => Ended::UnknownUser { reference },
        Some(Detail::Failed(failure)) => {
            match Reason::ALL.into_iter().find(|r| failure == (*r).into()) {
                Some(reason) => Ended::Failed {
                    reason,
                    said: said(session),
                    reference,
                },
                None => Ended::Expired,
            }
        }
        Some(Detail::BlockedAttempts) => Ended::Blocked {
            until: until(Bucket::Attempts),
            gate: None,
            reference,
        },
        Some(Detail::BlockedPhoneNumber) => Ended::Blocked {
            until: until(Bucket::PhoneNumber),
            gate: None,
            reference,
        },
        Some(Detail::BlockedGate(gate)) => Ended::Blocked {
            until: until(Bucket::Gate(gate)),
            gate: Some(gate),
            reference,
        },
        Some(Detail::CanceledBeforeGates | Detail::CanceledBeforePassword) => Ended::Canceled,
        Some(Detail::ContactedUserId | Detail::ContactedGate(_)) => Ended::Contacted { reference },
        _ => Ended::Expired,
    }
}
