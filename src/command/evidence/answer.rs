//! The result of `linktrail evidence`: the requested element or record, with the records that prove it.

use crate::command::complete_case::CompleteCase;
use crate::command::exit::{Failure, UsageError};
use crate::evidence::{Dossier, Excerpt, Matcher, Resolver};
use crate::journal::Record;
use crate::model::{RecordId, RecordNumber};

/// A node, an edge or a record of a case, with everything that is shown of it.
pub(super) struct Answer<'a> {
    pub(super) case: &'a CompleteCase,
    pub(super) dossier: &'a Dossier,
    pub(super) resolver: &'a Resolver<'a>,
}

impl Answer<'_> {
    /// Reads a record. They are read one at a time, since a busy element has very many.
    pub(super) fn record(&self, number: RecordNumber) -> Result<Record, Failure> {
        let record = self.case.records.get(number)?.ok_or_else(|| {
            UsageError(format!(
                "the case has no record {}; its records are 1 to {}",
                RecordId::new(self.case.id(), number),
                self.case.records.records()
            ))
        })?;
        Ok(record)
    }

    /// The parts of a record that mention the requested element; `None` when the record itself was requested.
    pub(super) fn excerpt<'r>(&self, record: &'r Record) -> Option<Excerpt<'r>> {
        let element = self.dossier.element?;
        Some(Matcher::new(self.resolver, element).excerpt(record))
    }

    /// What to do when the stored graph does not name all records; `None` when all are named.
    pub(super) fn unnamed(&self) -> Option<String> {
        let count = self.dossier.unnamed();
        (count > 0).then(|| {
            format!(
                "{count} more record(s) are not named in the stored graph without its index; `linktrail load --replay --case DIR` writes the index"
            )
        })
    }
}
