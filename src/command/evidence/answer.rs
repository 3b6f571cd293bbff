//! What was asked for, with the records behind it.

use crate::case::Case;
use crate::command::exit::{Failure, UsageError};
use crate::evidence::{Known, Parts, Reading, Thing};
use crate::graph::Graph;
use crate::journal::Record;
use crate::model::RecordNumber;

/// A record, and which parts of it speak of the thing asked for; none when a record itself was asked for.
pub(super) struct Proof {
    pub(super) record: Record,
    pub(super) parts: Option<Parts>,
}

/// What was asked for, ready to be shown.
pub(super) struct Answer<'a> {
    pub(super) case: &'a Case,
    pub(super) graph: &'a Graph,
    pub(super) known: &'a Known<'a>,
    /// None when a record was asked for.
    pub(super) thing: Option<Thing>,
    /// All records, in their order.
    pub(super) numbers: Vec<RecordNumber>,
}

impl Answer<'_> {
    /// A record with what speaks of the thing.
    fn proof(&self, number: RecordNumber) -> Result<Proof, Failure> {
        let record = self.case.journal().get(number)?.ok_or_else(|| {
            UsageError(format!(
                "the case has no record {}/{number}; its records are 1 to {}",
                self.case.id(),
                self.case.journal().records()
            ))
        })?;
        let parts = self
            .thing
            .map(|thing| Reading::of(&record).parts(&self.known.wanted(thing)));
        Ok(Proof { record, parts })
    }

    /// All records with what speaks of the thing, in their order.
    pub(super) fn proofs(&self) -> impl Iterator<Item = Result<Proof, Failure>> {
        self.numbers.iter().map(|number| self.proof(*number))
    }
}
