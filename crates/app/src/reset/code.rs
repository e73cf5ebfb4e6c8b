//! Typing a code or answers: the tries of a gate.

use latchkey_core::reset::gates::{
    AskedCode, GateProof, Shut, authenticator_code, one_time_code, questions,
};
use latchkey_core::reset::questions::normalise_answer;
use latchkey_core::reset::{Block, Event, Gate, Stage, throttle};
use latchkey_crypto::argon::Verdict;
use latchkey_crypto::keys::Purpose;
use latchkey_crypto::{codes, totp};
use latchkey_store::{Tx, challenges, methods, throttle as throttles};
use latchkey_types::{MethodId, Secret, TenantId, Timestamp};

use super::case::Authenticator;
use super::methods::{claimant, draw, end_blocked, in_step};
use super::step::{Claim, Open, answer, apply, claim, progress, refused, say, store, unusable};
use super::{Notice, Outcome};
use crate::{App, AppError, Ctx};

/// The longest code that is looked at, with spaces.
const LONGEST_CODE: usize = 64;

/// Tries a code: of a mail, a text, a call or an authenticator app.
pub async fn code(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &str,
) -> Result<Option<Outcome>, AppError> {
    let typed = (typed.len() <= LONGEST_CODE)
        .then(|| codes::normalise_code(typed))
        .flatten();
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let gate = match open.session.stage() {
            Stage::Code { gate, .. } => *gate,
            Stage::Authenticator => Gate::AuthenticatorCode,
            _ => return Ok(say(app, &open, Notice::OutOfDate)),
        };
        let digits = if gate == Gate::AuthenticatorCode {
            6
        } else {
            gate.code_digits()
        };
        let fits = |code: &&Secret<String>| code.expose().len() == usize::from(digits);
        // What cannot be a code tells a stranger nothing, and is no try.
        let Some(typed) = typed.as_ref().filter(fits) else {
            return unusable(tx, app, ctx, &open, Notice::Unreadable).await;
        };
        let left = match count(tx, &open, gate).await? {
            Count::Pass(left) => left,
            Count::Blocked(until, begins) => {
                let moved =
                    end_blocked(tx, app, ctx, open, Block::Gate(gate), until, begins).await?;
                return Ok(answer(app, moved, None));
            }
        };
        let verdict = match gate {
            Gate::AuthenticatorCode => {
                let apps = &open.case.authenticators;
                let matched = matched_step(tx, open.row.tenant, apps, typed, open.now).await?;
                authenticator_code(claimant(&open), matched.map(|(_, step)| step))
            }
            _ => sent_code(tx, app, &open, gate, typed).await?,
        };
        let tried = Try {
            gate,
            left,
            verdict,
            anew: None,
            why: None,
        };
        settle(tx, app, ctx, open, tried).await
    })
    .await
}

/// A try of the questions that is counted and has yet to be compared.
struct Counted {
    version: i64,
    left: usize,
    /// Hash and typed answer, in the order of the page.
    pairs: Vec<(String, Secret<String>)>,
}

/// Tries answers to the questions of the page, in its order. All must be right in one go.
///
/// Two transactions, with the hashes between them, since nothing but SQL is awaited inside one: the
/// first claims the session and counts the try, the second claims it again and says what came of it.
pub async fn answers(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &[String],
) -> Result<Option<Outcome>, AppError> {
    let counted = match count_answers(app, ctx, cookie, version, typed).await? {
        Ok(counted) => counted,
        Err(at_once) => return Ok(at_once),
    };
    let mut right = Vec::with_capacity(counted.pairs.len());
    for (hash, answer) in counted.pairs {
        let verdict = app.hashing().verify(answer, hash).await?;
        right.push(matches!(verdict, Verdict::Right { .. }));
    }
    let left = counted.left;
    in_step(app, ctx, cookie, counted.version, async |mut tx, open| {
        let tx = &mut tx;
        if !matches!(open.session.stage(), Stage::Questions { .. }) {
            return Ok(say(app, &open, Notice::OutOfDate));
        }
        let required = open.case.tenant.settings.reset.questions.to_reset;
        let verdict = questions(claimant(&open), required, &right);
        let tried = Try {
            gate: Gate::Questions,
            left,
            verdict,
            anew: Some(Event::Redraw(draw(app, &open))),
            why: None,
        };
        settle(tx, app, ctx, open, tried).await
    })
    .await
}

/// Claims the session and counts the try; or the answer, if there is nothing to compare.
async fn count_answers(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &[String],
) -> Result<Result<Counted, Option<Outcome>>, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let open = match claim(tx, app, ctx, cookie, version).await? {
                Claim::Gone => return Ok(Err(None)),
                Claim::Stale(outcome) => return Ok(Err(Some(*outcome))),
                Claim::Ours(open) => *open,
            };
            let Stage::Questions { draw } = open.session.stage() else {
                return Ok(Err(Some(say(app, &open, Notice::OutOfDate))));
            };
            // As many as were asked; one that is missing counts as empty.
            let answers: Vec<String> = (0..draw.len())
                .map(|index| typed.get(index).map(|answer| normalise_answer(answer)))
                .map(Option::unwrap_or_default)
                .collect();
            if answers.iter().any(String::is_empty) {
                let said = unusable(tx, app, ctx, &open, Notice::Unreadable).await?;
                return Ok(Err(Some(said)));
            }
            let pairs = draw
                .iter()
                .zip(answers)
                .map(|(question, answer)| {
                    let known = open.case.answers.iter().find(|(name, _)| name == question);
                    let hash = known.map_or_else(|| app.unmatchable(), |(_, hash)| hash.clone());
                    (hash, Secret::new(answer))
                })
                .collect();
            match count(tx, &open, Gate::Questions).await? {
                Count::Pass(left) => Ok(Ok(Counted {
                    version: open.row.version,
                    left,
                    pairs,
                })),
                Count::Blocked(until, begins) => {
                    let block = Block::Gate(Gate::Questions);
                    let moved = end_blocked(tx, app, ctx, open, block, until, begins).await?;
                    Ok(Err(Some(answer(app, moved, None))))
                }
            }
        })
        .await
}

pub(super) enum Count {
    Pass(usize),
    Blocked(Timestamp, bool),
}

/// Counts a try of a gate, before it is compared.
pub(super) async fn count(tx: &mut Tx, open: &Open, gate: Gate) -> Result<Count, AppError> {
    let bucket = throttle::Bucket::Gate(gate);
    let (tenant, subject) = (open.row.tenant, open.row.subject);
    let hits = throttles::hit(tx, tenant, subject, bucket, open.now).await?;
    Ok(match hits.verdict(open.now) {
        throttle::Verdict::Pass { left } => Count::Pass(left),
        throttle::Verdict::Blocked { until, begins } => Count::Blocked(until, begins),
    })
}

/// Compares a typed code with the one that was sent last, and uses it up.
async fn sent_code(
    tx: &mut Tx,
    app: &App,
    open: &Open,
    gate: Gate,
    typed: &Secret<String>,
) -> Result<Result<GateProof, Shut>, AppError> {
    let (tenant, session) = (open.row.tenant, open.row.id);
    let Some(row) = challenges::latest(tx, tenant, session, gate).await? else {
        return Ok(Err(Shut::Wrong));
    };
    let typed = code_tag(app, open, gate, typed);
    let Ok(stored) = <[u8; 32]>::try_from(row.tag.as_slice()) else {
        return Err(AppError::bug("a stored code is malformed"));
    };
    let asked = AskedCode {
        session,
        gate,
        tag: Secret::new(stored),
        expires_at: row.expires_at,
        is_spent: row.spent_at.is_some(),
    };
    let verdict = one_time_code(claimant(open), &asked, &typed, open.now);
    // One statement checks and uses it: of two requests with the same code, one goes on.
    let used = challenges::consume(tx, tenant, row.id, typed.expose(), open.now).await?;
    Ok(match verdict {
        Ok(_) if !used => Err(Shut::Used),
        verdict => verdict,
    })
}

/// A code as it is stored: bound to the tenant, the session, the gate and the destination.
pub(super) fn code_tag(
    app: &App,
    open: &Open,
    gate: Gate,
    code: &Secret<String>,
) -> Secret<[u8; 32]> {
    let address = open.case.destination(gate);
    let parts: [&[u8]; 6] = [
        open.row.tenant.0.as_bytes(),
        open.row.subject.0.as_bytes(),
        open.row.id.0.as_bytes(),
        gate.as_str().as_bytes(),
        address.as_ref().map_or("", |to| to.address()).as_bytes(),
        code.expose().as_bytes(),
    ];
    Secret::new(*app.keys().tag(Purpose::OneTimeCode, &parts).as_bytes())
}

/// Compares a typed code with those of every registered app; each time step counts once (RFC 6238,
/// 5.2), on whatever node and in whatever part of the service it is typed.
pub(crate) async fn matched_step(
    tx: &mut Tx,
    tenant: TenantId,
    authenticators: &[Authenticator],
    typed: &Secret<String>,
    now: Timestamp,
) -> Result<Option<(MethodId, u64)>, AppError> {
    let mut matched = None;
    for (id, secret, last_step) in authenticators {
        let step = totp::verify(secret.expose(), typed.expose(), now, *last_step);
        // The same statement for right and wrong, account and decoy; a step below any never matches.
        let used = methods::advance_step(
            tx,
            tenant,
            *id,
            step.and_then(|step| i64::try_from(step).ok()).unwrap_or(0),
        )
        .await?;
        if let Some(step) = step.filter(|_| used) {
            matched = Some((*id, step));
        }
    }
    Ok(matched)
}

/// A try that was counted and compared.
pub(super) struct Try {
    pub(super) gate: Gate,
    /// How many more there are after it.
    pub(super) left: usize,
    pub(super) verdict: Result<GateProof, Shut>,
    /// What follows a failure, where the same page cannot be tried twice: other questions, another
    /// challenge.
    pub(super) anew: Option<Event>,
    /// What was wrong, for the audit log, where more is known than that it was.
    pub(super) why: Option<String>,
}

/// Moves on after a try.
pub(super) async fn settle(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: Open,
    tried: Try,
) -> Result<Outcome, AppError> {
    let Try {
        gate,
        left,
        verdict,
        anew,
        why,
    } = tried;
    match verdict {
        Ok(proof) => {
            let (tenant, subject) = (open.row.tenant, open.row.subject);
            let bucket = throttle::Bucket::Gate(gate);
            throttles::take_back(tx, tenant, subject, bucket, open.now).await?;
            let step = match apply(&open, Event::Proved(proof)) {
                Ok(step) => step,
                Err(refusal) => return Ok(say(app, &open, refused(refusal))),
            };
            let entry = progress(&open, "gate passed").with("gate", gate.as_str());
            Ok(answer(
                app,
                store(tx, app, ctx, open, step, vec![entry]).await?,
                None,
            ))
        }
        Err(_) if left == 0 => {
            let until = open.now.plus(throttle::BLOCK);
            let moved = end_blocked(tx, app, ctx, open, Block::Gate(gate), until, true).await?;
            Ok(answer(app, moved, None))
        }
        Err(shut) => {
            let shut = match shut {
                Shut::Wrong => "wrong",
                Shut::Expired => "expired",
                Shut::Used => "used",
            };
            let entry = progress(&open, "gate failed")
                .failed()
                .with("gate", gate.as_str())
                .with("why", why.unwrap_or_else(|| shut.to_owned()));
            match anew {
                Some(event) => {
                    let notice = match event {
                        Event::Redraw(_) => Notice::WrongAnswers { left },
                        _ => Notice::WrongCode { left },
                    };
                    let step = match apply(&open, event) {
                        Ok(step) => step,
                        Err(refusal) => return Ok(say(app, &open, refused(refusal))),
                    };
                    let moved = store(tx, app, ctx, open, step, vec![entry]).await?;
                    Ok(answer(app, moved, Some(notice)))
                }
                None => {
                    crate::audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
                    Ok(say(app, &open, Notice::WrongCode { left }))
                }
            }
        }
    }
}
