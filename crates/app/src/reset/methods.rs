//! Choosing a gate, typing the number, asking for another code.

use latchkey_core::reset::gates::{Claimant, number_matches};
use latchkey_core::reset::{Block, Event, Gate, Stage, questions, throttle};
use latchkey_store::{Tx, throttle as throttles};
use latchkey_types::{Secret, TypedPhone};

use super::step::{
    Claim, Moved, Open, answer, apply, claim, progress, refused, say, store, unusable,
};
use super::{Notice, Outcome, notify};
use crate::{App, AppError, Ctx};

/// Chooses a gate by the name that the page gave it.
pub async fn choose(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    gate: &str,
) -> Result<Option<Outcome>, AppError> {
    let gate = Gate::parse(gate);
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let Some(gate) = gate else {
            return unusable(tx, app, ctx, &open, Notice::ChooseOne).await;
        };
        let draw = draw(app, &open);
        let step = match apply(&open, Event::Choose(gate, draw)) {
            Ok(step) => step,
            Err(refusal) => return Ok(say(app, &open, refused(refusal))),
        };
        if gate == Gate::Email
            && !step.next.is_over()
            && !notify::may_send(tx, app, ctx, &open, gate).await?
        {
            return Ok(say(app, &open, Notice::NoMessages));
        }
        let entry = progress(&open, "gate started").with("gate", gate.as_str());
        Ok(answer(
            app,
            store(tx, app, ctx, open, step, vec![entry]).await?,
            None,
        ))
    })
    .await
}

/// Compares the number that was typed with the one on file; if they are the same, sends the code.
pub async fn number(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    typed: &str,
) -> Result<Option<Outcome>, AppError> {
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let Stage::Number { gate } = open.session.stage().clone() else {
            return Ok(say(app, &open, Notice::OutOfDate));
        };
        let Ok(typed) = TypedPhone::parse(typed, Some(open.case.tenant.country)) else {
            return unusable(tx, app, ctx, &open, Notice::Unreadable).await;
        };
        // Counted before it is compared.
        let bucket = throttle::Bucket::PhoneNumber;
        let (tenant, subject) = (open.row.tenant, open.row.subject);
        let hits = throttles::hit(tx, tenant, subject, bucket, open.now).await?;
        let left = match hits.verdict(open.now) {
            throttle::Verdict::Pass { left } => left,
            throttle::Verdict::Blocked { until, begins } => {
                let moved =
                    end_blocked(tx, app, ctx, open, Block::PhoneNumber, until, begins).await?;
                return Ok(answer(app, moved, None));
            }
        };
        let right = open
            .case
            .number(gate)
            .is_some_and(|number| number_matches(claimant(&open), number, &typed));
        if !right {
            if left == 0 {
                let until = open.now.plus(throttle::BLOCK);
                let moved =
                    end_blocked(tx, app, ctx, open, Block::PhoneNumber, until, true).await?;
                return Ok(answer(app, moved, None));
            }
            let entry = progress(&open, "number wrong")
                .failed()
                .with("gate", gate.as_str());
            crate::audit::record_one(tx, app, ctx, &open.case.tenant, entry).await?;
            return Ok(say(app, &open, Notice::WrongNumber { left }));
        }
        throttles::take_back(tx, tenant, subject, bucket, open.now).await?;
        if !notify::may_send(tx, app, ctx, &open, gate).await? {
            return Ok(say(app, &open, Notice::NoMessages));
        }
        match apply(&open, Event::NumberRight) {
            Ok(step) => Ok(answer(
                app,
                store(tx, app, ctx, open, step, Vec::new()).await?,
                None,
            )),
            Err(refusal) => Ok(say(app, &open, refused(refusal))),
        }
    })
    .await
}

/// Sends another code in place of the last one.
pub async fn again(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    in_step(app, ctx, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        let step = match apply(&open, Event::Again) {
            Ok(step) => step,
            Err(refusal) => return Ok(say(app, &open, refused(refusal))),
        };
        let Some(gate) = open.session.active_gate() else {
            return Ok(say(app, &open, Notice::OutOfDate));
        };
        if !notify::may_send(tx, app, ctx, &open, gate).await? {
            return Ok(say(app, &open, Notice::NoMessages));
        }
        let moved = store(tx, app, ctx, open, step, Vec::new()).await?;
        let over = moved.open.session.is_over();
        Ok(answer(app, moved, (!over).then_some(Notice::SentAgain)))
    })
    .await
}

/// Goes back to choosing another gate.
pub async fn other(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    goes(app, ctx, cookie, version, || Event::Other).await
}

/// Moves a session by something of which nothing is told.
pub(super) async fn goes(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    event: fn() -> Event,
) -> Result<Option<Outcome>, AppError> {
    in_step(
        app,
        ctx,
        cookie,
        version,
        async |mut tx, open| match apply(&open, event()) {
            Ok(step) => {
                let moved = store(&mut tx, app, ctx, open, step, Vec::new()).await?;
                Ok(answer(app, moved, None))
            }
            Err(refusal) => Ok(say(app, &open, refused(refusal))),
        },
    )
    .await
}

/// Runs one post in one transaction, on a session that it has claimed.
pub(super) async fn in_step<F, Fut>(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
    work: F,
) -> Result<Option<Outcome>, AppError>
where
    // Not AsyncFn(&mut Tx, …): the compiler cannot show that such a future is Send.
    F: Fn(Tx, Open) -> Fut,
    Fut: Future<Output = Result<Outcome, AppError>>,
{
    app.db()
        .write(
            async |mut tx| match claim(&mut tx, app, ctx, cookie, version).await? {
                Claim::Gone => Ok(None),
                Claim::Stale(outcome) => Ok(Some(*outcome)),
                Claim::Ours(open) => work(tx, *open).await.map(Some),
            },
        )
        .await
}

/// Who proves something in this session.
pub(super) fn claimant(open: &Open) -> Claimant {
    Claimant {
        session: open.row.id,
        user: open.row.subject,
        subject: open.session.subject(),
        stamp: open.case.stamp,
    }
}

/// Questions for this try, drawn anew each time.
pub(super) fn draw(app: &App, open: &Open) -> Vec<String> {
    let registered: Vec<String> = open
        .case
        .answers
        .iter()
        .map(|(question, _)| question.clone())
        .collect();
    let count = usize::from(open.case.tenant.settings.reset.questions.to_reset);
    let random = latchkey_types::random_bytes::<20>(app.entropy());
    questions::draw(&registered, count, &random)
}

/// Ends a session because a limit was reached, and tells the owner once.
pub(super) async fn end_blocked(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: Open,
    block: Block,
    until: latchkey_types::Timestamp,
    begins: bool,
) -> Result<Moved, AppError> {
    let (bucket, gate) = match block {
        Block::PhoneNumber => (throttle::Bucket::PhoneNumber, open.session.active_gate()),
        Block::Gate(gate) => (throttle::Bucket::Gate(gate), Some(gate)),
    };
    let (tenant, subject) = (open.row.tenant, open.row.subject);
    if begins && throttles::block(tx, tenant, subject, bucket, until, open.now).await? {
        notify::blocked(tx, app, ctx, &open, gate, until).await?;
    }
    let step = apply(&open, Event::Blocked(block))
        .map_err(|_| AppError::bug("a claimed session is over"))?;
    store(tx, app, ctx, open, step, Vec::new()).await
}
