//! A node's number, and the promise about its ids.
//!
//! Ids carry the node's number, so no two processes may use the same at once. A number is a row with a lease. The row
//! also keeps the greatest id its holders may have made, so that a restart after the clock was set back repeats none.

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::{Error, Result};
use ism_domain::{NODES, Timestamp};

/// How far ahead of the ids made so far the promise is raised: one minute, in the unit of ids.
pub(crate) const MARGIN: i64 = Timestamp::MINUTE;
/// How long a number stays taken after its holder's last sign of life.
const LEASE: i64 = 30 * Timestamp::SECOND;

/// A number held by this process.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub number: i64,
    pub holder: String,
    pub id_high: i64,
}

/// Takes the first free number.
pub(crate) fn claim(engine: &mut Engine, clock: &dyn Clock, holder: &str) -> Result<Claim> {
    let now = clock.now();
    for number in 0..NODES {
        let insert =
            "INSERT INTO node (number, holder, lease_until, id_high) VALUES (?1, '', 0, 0) ON CONFLICT DO NOTHING";
        engine.execute(insert, &[number.into()])?;
        // A holder that restarts on the same data directory takes its own number back.
        let take = "UPDATE node SET holder = ?1, lease_until = ?2 WHERE number = ?3 AND (lease_until < ?4 OR holder = ?1) RETURNING id_high";
        let mut rows = engine.rows(
            take,
            &[holder.into(), now.plus(LEASE).into(), number.into(), now.into()],
        )?;
        if let Some(row) = rows.first_mut() {
            return Ok(Claim {
                number,
                holder: holder.to_owned(),
                id_high: row.take()?,
            });
        }
    }
    Err(Error::Setup(format!(
        "all {NODES} node numbers are in use; stop a node or wait {} s",
        LEASE / Timestamp::SECOND
    )))
}

/// Keeps the number for another while. `false` when someone else has it: this process must stop making ids.
pub(crate) fn renew(engine: &mut Engine, claim: &Claim, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE node SET lease_until = ?1 WHERE number = ?2 AND holder = ?3";
    Ok(engine.execute(
        sql,
        &[
            now.plus(LEASE).into(),
            claim.number.into(),
            claim.holder.as_str().into(),
        ],
    )? == 1)
}

/// Gives the number back.
pub(crate) fn release(engine: &mut Engine, claim: &Claim) -> Result<()> {
    let sql = "UPDATE node SET lease_until = 0 WHERE number = ?1 AND holder = ?2";
    engine
        .execute(sql, &[claim.number.into(), claim.holder.as_str().into()])
        .map(drop)
}

pub(crate) fn promise(engine: &mut Engine, number: i64, id_high: i64) -> Result<()> {
    engine
        .execute(
            "UPDATE node SET id_high = ?1 WHERE number = ?2",
            &[id_high.into(), number.into()],
        )
        .map(drop)
}
