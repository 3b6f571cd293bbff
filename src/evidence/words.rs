//! Which rows prove a verdict of Defender.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::mentions::Mentions;
use crate::intel::defender;
use crate::link;

/// What rows say of a url: those that found a threat in it, and those that found one in a message that holds it. A
/// message speaks for its url only when it has no other.
#[derive(Debug, Default)]
pub(super) struct Words {
    of_url: Vec<usize>,
    /// By message: its urls, and the rows that show the one in question.
    of_messages: BTreeMap<String, (BTreeSet<String>, Vec<usize>)>,
}

impl Words {
    /// Adds what a part at this place says of the url.
    pub(super) fn add(&mut self, place: usize, part: &Mentions, url: &Url) {
        let is_threat = |threats: &[String]| {
            let threats = threats.iter().cloned().collect();
            defender::judge(&threats).is_some()
        };
        let is_about = part.urls().contains(url);
        if is_about && is_threat(&part.threats.of_url) {
            self.of_url.push(place);
            return;
        }
        if let Some(message) = &part.message
            && is_threat(&part.threats.of_message)
            && !link::is_shared(url, &[])
        {
            let known = self.of_messages.entry(message.to_string());
            let (urls, places) = known.or_default();
            urls.extend(part.urls().iter().map(|url| url.as_str().to_owned()));
            if is_about {
                places.push(place);
            }
        }
    }

    /// The rows that prove the verdict, in any order.
    pub(super) fn places(self) -> impl Iterator<Item = usize> {
        let messages = self.of_messages.into_values();
        let alone = messages.filter(|(urls, _)| urls.len() == 1);
        let alone = alone.flat_map(|(_, places)| places);
        self.of_url.into_iter().chain(alone)
    }
}
