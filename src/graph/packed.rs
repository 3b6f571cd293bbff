//! The properties of a node or an edge, packed into one piece of memory.
//!
//! A graph of a million messages has several million sets of properties, most of them small. Each is one allocation:
//! the number of its table in the schema, then the properties in the order of that table, each as its position in the
//! table and its value. Text exists as a `String` only while it is written or read.

use chrono::{DateTime, Utc};

use super::merge::{combine, normal};
use super::property::{Field, Merge, Property, ValueKind};
use super::schema;
use super::value::{Observed, Value, ValueRef};

/// The packed properties. Without properties nothing is allocated.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Packed(Box<[u8]>);

/// One property in its packed form.
struct Entry<'p> {
    position: u8,
    property: &'static Property,
    /// The position and the value.
    raw: &'p [u8],
}

impl Packed {
    /// Merges what was observed by the rules of the table.
    pub(super) fn merge(&mut self, table: u8, mut observed: Observed) {
        if observed.is_empty() {
            return;
        }
        if let [(position, value)] = &observed[..]
            && self.replace(table, *position, value)
        {
            return;
        }
        observed.sort_by_key(|(position, _)| *position);
        let properties = schema::table(table);
        // As much as it takes, so that nothing is left between millions of them.
        let added: usize = observed.iter().map(|(_, value)| 1 + room(value)).sum();
        let mut out = Vec::with_capacity(self.0.len().max(1) + added);
        out.push(table);
        let mut observed = observed.into_iter().peekable();
        for entry in self.entries() {
            while let Some((position, value)) = observed.next_if(|(at, _)| *at < entry.position) {
                put(&mut out, properties, position, value);
            }
            match observed.next_if(|(at, _)| *at == entry.position) {
                Some((position, value)) if entry.property.merge != Merge::First => {
                    let mut merged = entry.value().to_owned();
                    let value = normal(entry.property, value);
                    combine(&mut merged, entry.property.merge, value);
                    put(&mut out, properties, position, merged);
                }
                _ => out.extend_from_slice(entry.raw),
            }
        }
        for (position, value) in observed {
            put(&mut out, properties, position, value);
        }
        self.0 = out.into_boxed_slice();
    }

    /// Replaces a flag in its place, so that nothing is allocated; false when there is none to be replaced.
    fn replace(&mut self, table: u8, position: u8, value: &Value) -> bool {
        let Value::Boolean(new) = *value else {
            return false;
        };
        if self.0.first() != Some(&table) {
            return false;
        }
        let mut at = 1;
        let found = self.entries().find(|entry| {
            let is_it = entry.position == position;
            at += if is_it { 0 } else { entry.raw.len() };
            is_it
        });
        let Some((ValueRef::Boolean(old), rule)) =
            found.map(|entry| (entry.value(), entry.property.merge))
        else {
            return false;
        };
        let mut merged = Value::Boolean(old);
        combine(&mut merged, rule, Value::Boolean(new));
        self.0[at + 1] = u8::from(merged == Value::Boolean(true));
        true
    }

    /// The value of a property; `None` when it is absent. A property of another table is the one of the same name here,
    /// since labels and types share names such as `count` and `risky`, which mean the same in all of them.
    pub(super) fn get<T>(&self, field: Field<T>) -> Option<ValueRef<'_>> {
        let own = *self.0.first()?;
        let position = match own == field.table() {
            true => field.position(),
            false => {
                let named = |property: &Property| property.name == field.name();
                let position = schema::table(own).iter().position(named)?;
                u8::try_from(position).ok()?
            }
        };
        let entry = self.entries().find(|entry| entry.position >= position)?;
        (entry.position == position).then(|| entry.value())
    }

    /// All properties, in the order of their table.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Property, ValueRef<'_>)> {
        self.entries().map(|entry| (entry.property, entry.value()))
    }

    /// All properties as an observation.
    pub(super) fn into_observed(self) -> Observed {
        let entries = self.entries();
        entries
            .map(|entry| (entry.position, entry.value().to_owned()))
            .collect()
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let (table, mut rest) = match self.0.split_first() {
            Some((table, rest)) => (schema::table(*table), rest),
            None => (&[][..], &[][..]),
        };
        std::iter::from_fn(move || {
            let position = *rest.first()?;
            let property = &table[usize::from(position)];
            let (raw, after) = rest.split_at(1 + size(property.kind, &rest[1..]));
            rest = after;
            Some(Entry {
                position,
                property,
                raw,
            })
        })
    }
}

impl<'p> Entry<'p> {
    fn value(&self) -> ValueRef<'p> {
        let bytes = &self.raw[1..];
        match self.property.kind {
            ValueKind::Text => ValueRef::Text(text(bytes)),
            ValueKind::Integer => ValueRef::Integer(i64::from_le_bytes(fixed(bytes))),
            ValueKind::Number => ValueRef::Number(f64::from_le_bytes(fixed(bytes))),
            ValueKind::Boolean => ValueRef::Boolean(bytes[0] != 0),
            ValueKind::Time => {
                let seconds = i64::from_le_bytes(fixed(bytes));
                let nanoseconds = u32::from_le_bytes(fixed(&bytes[8..]));
                let at = DateTime::<Utc>::from_timestamp(seconds, nanoseconds);
                ValueRef::Time(at.unwrap_or_default())
            }
            ValueKind::Set | ValueKind::Sequence => {
                let mut rest = &bytes[4..];
                let items = (0..length(bytes)).map(|_| {
                    let (item, after) = rest.split_at(4 + length(rest));
                    rest = after;
                    text(item)
                });
                ValueRef::List(items.collect())
            }
        }
    }
}

/// The number of bytes that a value of this kind has at the start of `bytes`.
fn size(kind: ValueKind, bytes: &[u8]) -> usize {
    match kind {
        ValueKind::Boolean => 1,
        ValueKind::Integer | ValueKind::Number => 8,
        ValueKind::Time => 12,
        ValueKind::Text => 4 + length(bytes),
        ValueKind::Set | ValueKind::Sequence => {
            (0..length(bytes)).fold(4, |size, _| size + 4 + length(&bytes[size..]))
        }
    }
}

/// The number of bytes that a value takes.
fn room(value: &Value) -> usize {
    match value {
        Value::Boolean(_) => 1,
        Value::Integer(_) | Value::Number(_) => 8,
        Value::Time(_) => 12,
        Value::Text(text) => 4 + text.len(),
        Value::List(items) => items.iter().fold(4, |room, item| room + 4 + item.len()),
    }
}

fn put(out: &mut Vec<u8>, properties: &[Property], position: u8, value: Value) {
    let property = &properties[usize::from(position)];
    out.push(position);
    match normal(property, value) {
        Value::Text(text) => put_text(out, &text),
        Value::Integer(number) => out.extend(number.to_le_bytes()),
        Value::Number(number) => out.extend(number.to_le_bytes()),
        Value::Boolean(flag) => out.push(flag.into()),
        Value::Time(at) => {
            out.extend(at.timestamp().to_le_bytes());
            out.extend(at.timestamp_subsec_nanos().to_le_bytes());
        }
        Value::List(items) => {
            put_length(out, items.len());
            for item in &items {
                put_text(out, item);
            }
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // No answer is as long as 4 GiB, so that this cuts nothing.
    let text = &text[..text.floor_char_boundary(u32::MAX as usize)];
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(&bytes[4..4 + length(bytes)]).unwrap_or_default()
}

fn length(bytes: &[u8]) -> usize {
    u32::from_le_bytes(fixed(bytes)) as usize
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut fixed = [0; N];
    fixed.copy_from_slice(&bytes[..N]);
    fixed
}
