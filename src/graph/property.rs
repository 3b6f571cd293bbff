//! What a property is: its name, its type, and how two of its values are merged.
//!
//! Code names a property by its [`Field`], which writes and reads the value in the type that the schema declares. Only
//! this folder knows how values are stored.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};

use super::value::{Observed, Value, ValueRef};
use crate::model::Word;

/// The type of a property, for Neo4j, CSV headers and GraphML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
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
    /// A list of texts whose order is kept, since it has a meaning.
    Sequence,
}

/// How two values of a property are merged: within a case, and between cases in Neo4j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Within a case the first value stays. In Neo4j the case that was pushed last wins; a property that it does not
    /// have is left alone.
    First,
    /// The later value wins in both, for properties that are computed anew each time, such as a rating. In Neo4j the
    /// case that was pushed last replaces all such properties, and those that it does not have are removed.
    Last,
    /// A flag that was true once stays true, within a case and between cases.
    Any,
    /// Within a case the values are added up. In Neo4j the higher value stays, since two cases can have counted the
    /// same events.
    Sum,
    /// The earlier of two times stays, within a case and between cases.
    Earliest,
    /// The later of two times stays, within a case and between cases.
    Latest,
    /// The union of both lists, within a case and between cases.
    Union,
    /// At most [`EVIDENCE_LIMIT`] values. In Neo4j the values of a case replace that case's earlier ones. If there are
    /// too many, every case gets an equal share, and what one case does not use is shared among the others.
    Evidence,
    /// The ids of the cases in which the flag of this name is true. A graph holds only the flag: the list is made when a
    /// node is written, and left out when it is read. In Neo4j a case puts its own id there or takes it out, and no
    /// other. A flag without such a list, as earlier versions left it, is true in every case that holds the node.
    CasesWith(&'static str),
    /// A flag that is computed anew each time. In Neo4j it is true as long as the list of this name has a case.
    InAnyOf(&'static str),
    /// A rating that follows from the verdicts on a url. In Neo4j it is the highest of the verdicts of all cases that
    /// hold the url, and is computed anew whenever one of them is pushed or pruned.
    OfVerdicts,
    /// An edge with this value outranks one without it and replaces all of its properties. In Neo4j the lesser edge
    /// only adds its case; it replaces the better one once no record of another case proves the better one.
    Outranks(&'static str),
}

/// The highest number of record ids that one node or edge stores.
pub const EVIDENCE_LIMIT: usize = 20;

/// One property of a node or an edge, as the schema lists it.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Its name in Neo4j, in `graph.jsonl` and in exports.
    pub name: &'static str,
    /// The type, which follows from the type that the declaration names.
    pub kind: ValueKind,
    /// How two values for the same node or edge are merged.
    pub merge: Merge,
    /// In Neo4j, the name of the list that says what each case says, for properties by which a hunt chooses rows. An
    /// entry is the case's id, a slash and the value; of a flag, only the ids of the cases in which it is true. The list
    /// is there only while the cases that hold the node or edge say different things; without it, all of them say what
    /// the property says. No graph, file or export has it.
    pub by_case: Option<&'static str>,
    /// The description, as `docs/graph-model.md` shows it.
    pub doc: &'static str,
}

/// A type of property. The type that is given can differ from the type that is read: text is given as a `String` and
/// read as a `&str`, and a set can be given one text at a time.
pub trait Holds {
    /// The type that the fields of nodes and edges, and [`super::Graph::set`], take.
    type Given;
    /// The type that [`super::Facts::get`] returns.
    type Read<'v>;
    /// The type in the schema's table.
    const KIND: ValueKind;

    /// The value to store; `None` for values that are never stored, such as an empty text.
    fn store(given: Self::Given) -> Option<Value>;

    /// The value in the type that is read; `None` when the value has another type.
    fn read(value: ValueRef<'_>) -> Option<Self::Read<'_>>;
}

/// A property that may be absent.
impl<T: Holds> Holds for Option<T> {
    type Given = Option<T::Given>;
    type Read<'v> = T::Read<'v>;
    const KIND: ValueKind = T::KIND;

    fn store(given: Self::Given) -> Option<Value> {
        given.and_then(T::store)
    }

    fn read(value: ValueRef<'_>) -> Option<Self::Read<'_>> {
        T::read(value)
    }
}

/// Declares a property type whose values are stored in a [`Value`] unchanged.
macro_rules! holds {
    ($(#[$meta:meta])* $name:ident: $given:ty => $read:ty, $kind:expr, $value:ident, $from:expr) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {}

        impl Holds for $name {
            type Given = $given;
            type Read<'v> = $read;
            const KIND: ValueKind = $kind;

            fn store(given: Self::Given) -> Option<Value> {
                let value = Value::$value(($from)(given));
                (!value.is_empty()).then_some(value)
            }

            fn read(value: ValueRef<'_>) -> Option<Self::Read<'_>> {
                match value {
                    ValueRef::$value(held) => Some(held),
                    _ => None,
                }
            }
        }
    };
}

holds!(
    /// Text from outside, such as a name or a subject.
    Text: String => &'v str, ValueKind::Text, Text,
    std::convert::identity
);
holds!(
    /// Text from a fixed vocabulary of linktrail.
    Term: &'static str => &'v str, ValueKind::Text, Text,
    str::to_owned
);
holds!(
    /// The time of an event.
    Time: DateTime<Utc> => DateTime<Utc>, ValueKind::Time, Time,
    std::convert::identity
);
holds!(
    /// A flag, which is absent while unknown.
    Flag: bool => bool, ValueKind::Boolean, Boolean,
    std::convert::identity
);
holds!(
    /// The number of events that an edge counts.
    Count: i64 => i64, ValueKind::Integer, Integer,
    std::convert::identity
);
holds!(
    /// A figure from a provider; NaN and the infinities count as absent.
    Number: f64 => f64, ValueKind::Number, Number,
    std::convert::identity
);
holds!(
    /// Texts, kept sorted and distinct.
    Set: Vec<String> => Vec<&'v str>, ValueKind::Set, List,
    std::convert::identity
);
holds!(
    /// Texts whose order is kept, since it has a meaning.
    Sequence: Vec<String> => Vec<&'v str>, ValueKind::Sequence, List,
    std::convert::identity
);
holds!(
    /// A set to which each observation adds one text.
    OneOf: String => Vec<&'v str>, ValueKind::Set, List,
    |one: String| if one.is_empty() { Vec::new() } else { vec![one] }
);

/// A type whose values are each written as one word.
#[derive(Debug)]
pub struct As<W>(PhantomData<W>);

impl<W: Word> Holds for As<W> {
    type Given = W;
    type Read<'v> = W;
    const KIND: ValueKind = ValueKind::Text;

    fn store(given: W) -> Option<Value> {
        Text::store(given.as_str().to_owned())
    }

    fn read(value: ValueRef<'_>) -> Option<W> {
        Text::read(value).and_then(W::parse)
    }
}

/// A set of values that are each written as one word, kept sorted and distinct.
#[derive(Debug)]
pub struct SetOf<W>(PhantomData<W>);

impl<W: Word> Holds for SetOf<W> {
    type Given = Vec<W>;
    type Read<'v> = Vec<W>;
    const KIND: ValueKind = ValueKind::Set;

    fn store(given: Vec<W>) -> Option<Value> {
        Set::store(given.iter().map(|word| word.as_str().to_owned()).collect())
    }

    fn read(value: ValueRef<'_>) -> Option<Vec<W>> {
        let words = Set::read(value)?;
        Some(words.into_iter().filter_map(W::parse).collect())
    }
}

/// The name and type of a property, by which code writes and reads it.
#[derive(Debug)]
pub struct Field<T> {
    name: &'static str,
    /// The table of the schema that declares the property, and its position there.
    table: u8,
    position: u8,
    holds: PhantomData<fn() -> T>,
}

// A derived implementation would require `T` to implement the same trait.
impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> Field<T> {
    /// The property of this name in a table of the schema.
    pub(super) const fn new(name: &'static str, table: u8, properties: &[Property]) -> Self {
        Self {
            name,
            table,
            position: position(properties, name),
            holds: PhantomData,
        }
    }

    /// Its name in Neo4j, in `graph.jsonl.zst` and in exports.
    pub const fn name(self) -> &'static str {
        self.name
    }

    pub(super) const fn table(self) -> u8 {
        self.table
    }

    pub(super) const fn position(self) -> u8 {
        self.position
    }
}

/// The position of a property in its table, at compile time.
const fn position(properties: &[Property], name: &str) -> u8 {
    let mut at = 0;
    while at < properties.len() {
        if is_equal(properties[at].name.as_bytes(), name.as_bytes()) {
            return at as u8;
        }
        at += 1;
    }
    panic!("the table declares every property that has a constant")
}

const fn is_equal(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The properties of one observation.
#[derive(Debug, Default)]
pub struct Given(Observed);

impl Given {
    /// Adds a property, unless its value is one that is never stored.
    #[must_use]
    pub fn with<T: Holds>(mut self, field: Field<T>, given: T::Given) -> Self {
        if let Some(value) = T::store(given) {
            self.0.push((field.position, value));
        }
        self
    }

    pub(super) fn into_observed(self) -> Observed {
        self.0
    }
}
