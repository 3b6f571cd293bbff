//! The result of `linktrail evidence`: the requested element or record, with the records that prove it.

use crate::case::Case;
use crate::command::exit::{Failure, UsageError};
use crate::evidence::{Element, Matcher, ParsedRecord, Parts, Resolver};
use crate::graph::Graph;
use crate::journal::Record;
use crate::model::{RecordId, RecordNumber};

/// A record, and the parts of it that mention the requested element; `None` when the record itself was requested.
pub(super) struct Proof {
    pub(super) record: Record,
    pub(super) parts: Option<Parts>,
}

/// A node, an edge or a record of a case, with everything that is shown of it.
pub(super) struct Answer<'a> {
    pub(super) case: &'a Case,
    pub(super) graph: &'a Graph,
    pub(super) resolver: &'a Resolver<'a>,
    /// The node or edge; `None` when a record was requested.
    pub(super) element: Option<Element>,
    /// The number of records that prove it. The stored graph names at most twenty of them.
    pub(super) count: u64,
    /// The numbers of the records that are known, in ascending order.
    pub(super) numbers: Vec<RecordNumber>,
}

impl Answer<'_> {
    /// Reads a record, and finds the parts that mention the requested element.
    fn proof(&self, number: RecordNumber) -> Result<Proof, Failure> {
        let record = self.case.journal().get(number)?.ok_or_else(|| {
            UsageError(format!(
                "the case has no record {}; its records are 1 to {}",
                RecordId::new(self.case.id(), number),
                self.case.journal().records()
            ))
        })?;
        let parts = self
            .element
            .map(|element| Matcher::new(self.resolver, element).parts(&ParsedRecord::of(&record)));
        Ok(Proof { record, parts })
    }

    /// Reads all records, in ascending order.
    pub(super) fn proofs(&self) -> impl Iterator<Item = Result<Proof, Failure>> {
        self.numbers.iter().map(|number| self.proof(*number))
    }
}
