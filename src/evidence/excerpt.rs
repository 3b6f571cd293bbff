//! What one record says of one element, found in a single pass over the parts.

use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

use super::body::Body;
use super::parts::Part;

/// The parts of a record that mention an element: the same as [`Parts`](super::Parts), but only their positions are
/// kept, and a part is parsed when it is shown.
pub struct Excerpt<'r> {
    body: Body<'r>,
    places: Vec<usize>,
    /// A remark on the parts; always present when none mentions the element.
    pub note: Option<&'static str>,
}

impl<'r> Excerpt<'r> {
    /// Of the parts at these positions, from 0.
    pub(super) fn new(body: Body<'r>, places: Vec<usize>, note: Option<&'static str>) -> Self {
        Self { body, places, note }
    }

    /// What the parts are called: `rows`, `items of value`, `lines` or `answer`.
    pub fn unit(&self) -> &'static str {
        self.body.unit
    }

    /// The number of parts in the body.
    pub fn of_parts(&self) -> usize {
        self.body.len()
    }

    /// The number of parts that mention the element.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// The parts that mention the element.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        self.places.iter().filter_map(|at| {
            let part = self.body.part(*at)?;
            Some(Part { at: at + 1, part })
        })
    }
}

impl Serialize for Excerpt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Found<'e, 'r>(&'e Excerpt<'r>);

        impl Serialize for Found<'_, '_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut found = serializer.serialize_seq(Some(self.0.count()))?;
                for part in self.0.parts() {
                    found.serialize_element(&part)?;
                }
                found.end()
            }
        }

        // In the order of the alphabet, as everything else in this output.
        let mut fields = serializer.serialize_struct("Parts", 4)?;
        fields.serialize_field("found", &Found(self))?;
        match self.note {
            Some(note) => fields.serialize_field("note", note)?,
            None => fields.skip_field("note")?,
        }
        fields.serialize_field("of", &self.of_parts())?;
        fields.serialize_field("unit", self.unit())?;
        fields.end()
    }
}
