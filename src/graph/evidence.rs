//! The journal records that prove a node or an edge.

use std::collections::BTreeSet;

use crate::model::RecordNumber;

/// The numbers of the records that prove a node or an edge. Most have one or two, which need no allocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence(Numbers);

#[derive(Debug, Clone, PartialEq)]
enum Numbers {
    /// Up to two numbers in ascending order; 0 stands for none, since the numbers of records begin with 1.
    Few([u32; 2]),
    Many(Box<Many>),
}

#[derive(Debug, Clone, PartialEq)]
struct Many {
    known: BTreeSet<RecordNumber>,
    /// How many there are. A stored graph lists only the first of them.
    count: u64,
}

impl Default for Evidence {
    fn default() -> Self {
        Self(Numbers::Few([0, 0]))
    }
}

impl Evidence {
    /// Adds a record.
    pub(crate) fn add(&mut self, number: RecordNumber) {
        if let (Numbers::Few(few), Ok(new)) = (&mut self.0, u32::try_from(number))
            && new != 0
        {
            match *few {
                [0, _] => return *few = [new, 0],
                [first, second] if first == new || second == new => return,
                [first, 0] => return *few = [first.min(new), first.max(new)],
                _ => {}
            }
        }
        let many = self.many();
        if many.known.insert(number) {
            many.count += 1;
        }
    }

    /// Adds all records of another node or edge.
    pub(super) fn extend(&mut self, other: &Self) {
        for number in other.numbers() {
            self.add(number);
        }
    }

    /// What a stored graph says: the first records, and how many there are.
    pub(super) fn stored(numbers: impl IntoIterator<Item = RecordNumber>, count: u64) -> Self {
        let mut evidence = Self::default();
        for number in numbers {
            evidence.add(number);
        }
        if count > evidence.count() {
            evidence.many().count = count;
        }
        evidence
    }

    /// The numbers, in ascending order. A graph that was read from its file has only the first twenty.
    pub fn numbers(&self) -> impl Iterator<Item = RecordNumber> {
        let (few, many) = match &self.0 {
            Numbers::Few(few) => (*few, None),
            Numbers::Many(many) => ([0, 0], Some(many.known.iter().copied())),
        };
        let few = few.into_iter().filter(|number| *number != 0);
        few.map(RecordNumber::from)
            .chain(many.into_iter().flatten())
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Numbers::Few(few) => few.iter().filter(|number| **number != 0).count() as u64,
            Numbers::Many(many) => many.count,
        }
    }

    /// True when no record proves it.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn many(&mut self) -> &mut Many {
        if let Numbers::Few(_) = self.0 {
            let known: BTreeSet<_> = self.numbers().collect();
            let count = known.len() as u64;
            self.0 = Numbers::Many(Box::new(Many { known, count }));
        }
        match &mut self.0 {
            Numbers::Many(many) => many,
            Numbers::Few(_) => unreachable!("it has just been made"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ascending_and_distinct_however_they_come() {
        for numbers in [
            vec![],
            vec![7],
            vec![7, 7],
            vec![7, 3],
            vec![3, 7, 3],
            vec![7, 3, 5],
            vec![9, 1, 9, 4, 1],
            vec![u64::from(u32::MAX) + 1, 2],
            vec![2, u64::MAX, u64::from(u32::MAX)],
            vec![0, 1],
        ] {
            let mut evidence = Evidence::default();
            for number in &numbers {
                evidence.add(*number);
            }
            let expected: BTreeSet<_> = numbers.iter().copied().collect();
            assert!(
                evidence.numbers().eq(expected.iter().copied()),
                "{numbers:?}"
            );
            assert_eq!(evidence.count(), expected.len() as u64);
            assert_eq!(evidence.is_empty(), expected.is_empty());
        }
    }

    #[test]
    fn a_stored_graph_knows_how_many_there_are() {
        let evidence = Evidence::stored(1..=20, 5_000);
        assert_eq!((evidence.numbers().count(), evidence.count()), (20, 5_000));
        assert_eq!(Evidence::stored([4, 2], 2).count(), 2);
        assert_eq!(Evidence::stored([4], 0).count(), 1);
    }

    #[test]
    fn it_is_small() {
        assert_eq!(size_of::<Evidence>(), 16);
    }
}
