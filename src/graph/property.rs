//! What a property is: its name, what it holds, and how two values of it become one.
//!
//! [`Field`] is a property as code names it: what is written by one is read by the same one, as the type that it
//! declares. How values are kept behind it is known to this folder alone.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use super::value::{Properties, Value};
use crate::model::Word;

/// Type of a property, as Neo4j, CSV headers and GraphML have to be told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `string` in Neo4j.
    Text,
    /// `long` in Neo4j.
    Integer,
    /// `double` in Neo4j.
    Number,
    /// `boolean` in Neo4j.
    Boolean,
    /// `datetime` in Neo4j, in UTC.
    Time,
    /// A list of texts that is kept sorted and distinct.
    Set,
    /// A list of texts whose order means something.
    Sequence,
}

/// How two values of a property are merged: within a case, and between cases in Neo4j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Within a case the first value stays; in Neo4j that of the case pushed last, when it has one: what a case
    /// does not know it leaves alone.
    First,
    /// The later value wins in both: part of a statement that is made anew, such as a rating. In Neo4j the case
    /// pushed last states all of it, and what it leaves out is removed.
    Last,
    /// What was ever true stays true, within a case and between cases.
    Any,
    /// Within a case the values add up; in Neo4j, where two cases can have counted the same events, the higher stays.
    Sum,
    /// The earlier of two moments stays, within a case and between cases.
    Earliest,
    /// The later of two moments stays, within a case and between cases.
    Latest,
    /// The values of both lists, within a case and between cases.
    Union,
    /// At most [`EVIDENCE_LIMIT`] values. In Neo4j those of a case replace that case's earlier ones; of too many
    /// each case keeps as many as the others, and what one does not need goes to them.
    Evidence,
    /// An edge with this value outranks one without it and replaces all that it says. In Neo4j the lesser one adds
    /// its case; it replaces the better one when no record of another case is left to prove that.
    Outranks(&'static str),
}

/// Most record ids that one node or edge names.
pub const EVIDENCE_LIMIT: usize = 20;

/// One property of a node or an edge, as the schema lists it.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name in Neo4j, in `graph.jsonl` and in exports.
    pub name: &'static str,
    /// Its type, which follows from what its declaration says that it holds.
    pub kind: Kind,
    /// How two values for the same node or edge are merged.
    pub merge: Merge,
    /// What it means, as `docs/graph-model.md` shows it.
    pub doc: &'static str,
}

/// What a property can hold. The type that is given for it and the one that it is read as can differ: text is given
/// as a `String` and read as a `&str`, a set can be given one text at a time.
pub trait Holds {
    /// What the fields of nodes and edges, and [`super::Graph::set`], take for it.
    type Given;
    /// What [`super::Facts::get`] gives for it.
    type Read<'v>;
    /// What the schema's table says of its type.
    const KIND: Kind;

    /// The value to store; `None` for values that are never stored, such as an empty text.
    fn store(given: Self::Given) -> Option<Value>;

    /// What a value is read as; none when it is of another type.
    fn read(value: &Value) -> Option<Self::Read<'_>>;
}

/// A property that is not always known.
impl<T: Holds> Holds for Option<T> {
    type Given = Option<T::Given>;
    type Read<'v> = T::Read<'v>;
    const KIND: Kind = T::KIND;

    fn store(given: Self::Given) -> Option<Value> {
        given.and_then(T::store)
    }

    fn read(value: &Value) -> Option<Self::Read<'_>> {
        T::read(value)
    }
}

/// Declares a type of property that a [`Value`] holds as it is given.
macro_rules! holds {
    ($(#[$meta:meta])* $name:ident: $given:ty => $read:ty, $kind:expr, $value:path, $from:expr, $to:expr) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {}

        impl Holds for $name {
            type Given = $given;
            type Read<'v> = $read;
            const KIND: Kind = $kind;

            fn store(given: Self::Given) -> Option<Value> {
                let value = $value(($from)(given));
                (!value.is_empty()).then_some(value)
            }

            fn read(value: &Value) -> Option<Self::Read<'_>> {
                match value {
                    $value(held) => Some(($to)(held)),
                    _ => None,
                }
            }
        }
    };
}

holds!(
    /// Text, as somebody outside wrote it.
    Text: String => &'v str, Kind::Text, Value::Text,
    std::convert::identity, String::as_str
);
holds!(
    /// One of the words that this program has for it.
    Term: &'static str => &'v str, Kind::Text, Value::Text,
    str::to_owned, String::as_str
);
holds!(
    /// A moment of the evidence.
    Time: DateTime<Utc> => DateTime<Utc>, Kind::Time, Value::Time,
    std::convert::identity, DateTime::<Utc>::clone
);
holds!(
    /// A flag, which is absent as long as nobody knows.
    Flag: bool => bool, Kind::Boolean, Value::Boolean,
    std::convert::identity, bool::clone
);
holds!(
    /// How many events an edge stands for.
    Count: i64 => i64, Kind::Integer, Value::Integer,
    std::convert::identity, i64::clone
);
holds!(
    /// A figure of a provider; NaN and the infinities count as absent.
    Number: f64 => f64, Kind::Number, Value::Number,
    std::convert::identity, f64::clone
);
holds!(
    /// Texts, kept sorted and distinct.
    Set: Vec<String> => &'v [String], Kind::Set, Value::List,
    std::convert::identity, Vec::as_slice
);
holds!(
    /// Texts in an order that means something.
    Sequence: Vec<String> => &'v [String], Kind::Sequence, Value::List,
    std::convert::identity, Vec::as_slice
);
holds!(
    /// A set that one observation adds one text to.
    OneOf: String => &'v [String], Kind::Set, Value::List,
    |one: String| if one.is_empty() { Vec::new() } else { vec![one] }, Vec::as_slice
);

/// A value that is written as one word.
#[derive(Debug)]
pub struct As<W>(PhantomData<W>);

impl<W: Word> Holds for As<W> {
    type Given = W;
    type Read<'v> = W;
    const KIND: Kind = Kind::Text;

    fn store(given: W) -> Option<Value> {
        Text::store(given.as_str().to_owned())
    }

    fn read(value: &Value) -> Option<W> {
        Text::read(value).and_then(W::parse)
    }
}

/// Values that are each written as one word, kept sorted and distinct.
#[derive(Debug)]
pub struct SetOf<W>(PhantomData<W>);

impl<W: Word> Holds for SetOf<W> {
    type Given = Vec<W>;
    type Read<'v> = Vec<W>;
    const KIND: Kind = Kind::Set;

    fn store(given: Vec<W>) -> Option<Value> {
        Set::store(given.iter().map(|word| word.as_str().to_owned()).collect())
    }

    fn read(value: &Value) -> Option<Vec<W>> {
        let words = Set::read(value)?;
        Some(words.iter().filter_map(|word| W::parse(word)).collect())
    }
}

/// A property as code names it, to be written and read by.
#[derive(Debug)]
pub struct Field<T> {
    name: &'static str,
    holds: PhantomData<fn() -> T>,
}

// Derived, these would ask the same of what the property holds.
impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> Field<T> {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            holds: PhantomData,
        }
    }

    /// Its name in Neo4j, in `graph.jsonl` and in exports.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// Properties that are given together.
#[derive(Debug, Default)]
pub struct Given(Properties);

impl Given {
    /// Adds a property, unless its value is one that is never stored.
    #[must_use]
    pub fn with<T: Holds>(mut self, field: Field<T>, given: T::Given) -> Self {
        if let Some(value) = T::store(given) {
            self.0.insert(field.name, value);
        }
        self
    }

    pub(super) fn into_properties(self) -> Properties {
        self.0
    }
}
