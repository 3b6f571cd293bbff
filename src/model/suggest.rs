//! Suggests known names that are similar to an unknown one.

/// The minimal similarity (Jaro-Winkler) of two names for a suggestion.
const ALIKE: f64 = 0.8;

/// The most similar name; `None` when no name is similar enough.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    close(name, known).into_iter().next()
}

/// Up to three similar names, the most similar first. A name that contains the typed one counts as similar, and so does
/// a name that differs from it by a single typing error.
pub(crate) fn close<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut closest = Closest::to(name);
    for other in known {
        closest.offer(other, || other);
    }
    closest.into_names()
}

/// The names that are most similar to a typed one, when the known names come one at a time.
#[derive(Debug)]
pub(crate) struct Closest<N> {
    name: String,
    near: Vec<(f64, N)>,
}

impl<N: AsRef<str>> Closest<N> {
    /// The highest number of names.
    const MOST: usize = 3;

    /// No name is known yet.
    pub(crate) fn to(name: &str) -> Self {
        Self {
            name: name.to_lowercase(),
            near: Vec::new(),
        }
    }

    /// Compares a name, and keeps what `keep` returns when it is among the most similar.
    pub(crate) fn offer(&mut self, other: &str, keep: impl FnOnce() -> N) {
        let likeness = likeness(&self.name, &other.to_lowercase());
        if likeness < ALIKE {
            return;
        }
        let place = self.near.partition_point(|(known, name)| {
            let order = likeness.total_cmp(known).then(name.as_ref().cmp(other));
            order.is_le()
        });
        if place < Self::MOST {
            self.near.truncate(Self::MOST - 1);
            self.near.insert(place, (likeness, keep()));
        }
    }

    /// The most similar names, the most similar first.
    pub(crate) fn into_names(self) -> Vec<N> {
        self.near.into_iter().map(|(_, name)| name).collect()
    }
}

fn likeness(name: &str, other: &str) -> f64 {
    let alike = strsim::jaro_winkler(name, other);
    let part = name.len() >= 3 && other.contains(name);
    // A single typing error changes the length by at most one character, which has up to four bytes.
    let slip = name.len() >= 3
        && name.len().abs_diff(other.len()) <= 4
        && name.chars().count().abs_diff(other.chars().count()) <= 1
        && alike < ALIKE
        && strsim::osa_distance(name, other) == 1;
    if part || slip {
        alike.max(ALIKE)
    } else {
        alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = [
        "who-opened",
        "risky-users",
        "risky-messages",
        "summary",
        "text-mismatch",
    ];

    #[test]
    fn slips_of_the_keyboard_and_parts_of_a_name() {
        let close = |name| close(name, KNOWN.into_iter());
        assert_eq!(close("sumary"), ["summary"]);
        assert_eq!(close("Who-Opend"), ["who-opened"]);
        assert_eq!(close("risky"), ["risky-users", "risky-messages"]);
        assert_eq!(close("mismatch"), ["text-mismatch"]);
        assert!(close("zzz").is_empty());
        assert_eq!(
            nearest("risky-user", KNOWN.into_iter()),
            Some("risky-users")
        );
    }
}
