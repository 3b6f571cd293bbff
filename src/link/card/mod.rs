//! Finds in the JSON of a card what opens a url and what is text.
//!
//! There are several formats: Adaptive Cards (`Action.OpenUrl`), Bot Framework cards (hero, thumbnail, receipt,
//! sign-in, list: `buttons` and `tap` with a `type` and a `value`) and Office 365 connector cards (`potentialAction`
//! with `targets`). They use the same few keys in the same way, so the keys are read and not the formats. That covers
//! any nesting, message extensions and formats that do not exist yet.

use std::borrow::Cow;

use super::collect::Collector;
use super::json::{Event, Events};
use super::message::Origin;

/// How deeply objects may be nested. A deeper card is an attack, and each level takes memory.
const MAX_DEPTH: usize = 1 << 20;

/// How many targets one label is attached to. The label is compared with each of them, so this bounds the time.
const MAX_LABELLED: usize = 16;

/// How deeply JSON documents may be nested inside the strings of other documents.
const MAX_DOCUMENTS: usize = 8;

/// What the value of a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyRole {
    /// The kind of the object, see [`ObjectKind`].
    Kind,
    /// A url that is opened.
    Url,
    /// Urls that are opened, or objects that hold them; their label is that of the enclosing action.
    Targets,
    /// The action of a click on the enclosing object.
    Tap,
    /// A url or a text, depending on the kind of the object.
    Value,
    /// Text that is the label if the object opens something. When there are several, the lowest rank is taken.
    Label(u8),
    /// Text that is shown.
    Text,
    /// Text, or a JSON document in a string.
    Content,
    /// Data for a bot, which is neither shown nor opened.
    Data,
    /// The part of such data that Teams itself reads.
    Teams,
    /// A picture or another medium that is shown and not opened.
    Picture,
    /// A media type, which makes the object a medium.
    Medium,
    /// Anything else; it is ignored.
    Other,
}

fn role(key: &str) -> KeyRole {
    match key.to_ascii_lowercase().as_bytes() {
        b"type" | b"@type" => KeyRole::Kind,
        b"url" | b"uri" | b"href" | b"link" | b"target" | b"componenturl" | b"contenturl"
        | b"downloadurl" | b"objecturl" | b"websiteurl" | b"dialogurl" | b"openurl"
        | b"signinlink" => KeyRole::Url,
        b"targets" => KeyRole::Targets,
        b"tap" | b"selectaction" => KeyRole::Tap,
        b"value" => KeyRole::Value,
        b"title" => KeyRole::Label(0),
        b"name" => KeyRole::Label(1),
        b"text" => KeyRole::Label(2),
        b"subtitle" | b"summary" | b"description" | b"label" | b"placeholder" | b"fallbacktext"
        | b"activitytitle" | b"activitysubtitle" | b"activitytext" | b"message" | b"header"
        | b"footer" | b"caption" | b"codesnippet" | b"displaytext" | b"errormessage"
        | b"tooltip" | b"inlines" | b"body" | b"tooltiptext" | b"subject" | b"heading"
        | b"details" => KeyRole::Text,
        b"content" => KeyRole::Content,
        b"data" => KeyRole::Data,
        b"msteams" => KeyRole::Teams,
        b"image" | b"images" | b"backgroundimage" | b"media" | b"sources" | b"captionsources"
        | b"poster" | b"icon" | b"iconurl" | b"heroimage" | b"activityimage" | b"thumbnail"
        | b"thumbnailurl" | b"logo" | b"avatar" | b"photo" => KeyRole::Picture,
        b"mimetype" => KeyRole::Medium,
        _ => KeyRole::Other,
    }
}

/// What an object does with its `value` or its `url`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ObjectKind {
    /// It opens the url.
    Opens,
    /// It sends the value to a bot.
    Sends,
    /// It shows the picture at the url.
    Picture,
    Other,
}

fn kind(name: &str) -> ObjectKind {
    match name.to_ascii_lowercase().as_bytes() {
        b"openurl" | b"signin" | b"openapp" | b"downloadfile" | b"playaudio" | b"playvideo"
        | b"showimage" => ObjectKind::Opens,
        b"imback" | b"messageback" | b"postback" | b"invoke" | b"call" => ObjectKind::Sends,
        b"image" | b"media" | b"icon" | b"backgroundimage" => ObjectKind::Picture,
        _ => ObjectKind::Other,
    }
}

/// A target or a text, and its position in the document.
struct CardItem<'j> {
    at: usize,
    what: ItemKind<'j>,
}

enum ItemKind<'j> {
    Target {
        raw: Cow<'j, str>,
        label: Option<Cow<'j, str>>,
    },
    Text {
        text: Cow<'j, str>,
        label_of_action: bool,
    },
    Document(Cow<'j, str>),
}

/// An object whose end has not been read yet.
struct Object<'j> {
    /// The role of the key that holds this object or the array around it.
    under: KeyRole,
    kind: ObjectKind,
    /// True for data for a bot, and inside such data.
    data: bool,
    strings: Vec<(KeyRole, usize, Cow<'j, str>)>,
    /// Targets inside this object that have no label yet, as positions in [`CardParser::found`].
    unlabelled: Vec<usize>,
}

enum Level<'j> {
    Object(Box<Object<'j>>),
    /// Arrays directly inside one another: how many, and the role of the key that holds them.
    Arrays(usize, KeyRole),
}

/// Collects the links of one card, or of any other JSON.
pub(crate) fn collect(json: &str, collector: &mut Collector<'_>) {
    collect_document(json, collector, 0);
}

fn collect_document(json: &str, collector: &mut Collector<'_>, depth: usize) {
    let mut found = CardParser::default().parse(json);
    found.sort_by_key(|found| found.at);
    for CardItem { what, .. } in found {
        match what {
            ItemKind::Target { raw, label } => {
                collector.target(&raw, label.as_deref(), Origin::Card);
            }
            ItemKind::Text {
                text,
                label_of_action,
            } => collector.card_text(&text, label_of_action),
            ItemKind::Document(text) if depth < MAX_DOCUMENTS => {
                collect_document(&text, collector, depth + 1);
            }
            ItemKind::Document(_) => {}
        }
    }
}

/// True for a JSON object or array, false for prose.
pub(crate) fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let inner = |close: char| {
        let rest = text[1..].trim_start();
        rest.starts_with(['"', '{', '[', close])
    };
    match text.as_bytes().first() {
        Some(b'{') => inner('}'),
        Some(b'[') => inner(']'),
        _ => false,
    }
}

#[derive(Default)]
struct CardParser<'j> {
    levels: Vec<Level<'j>>,
    found: Vec<CardItem<'j>>,
    /// The role of the key that was read last, until its value is read.
    key: Option<KeyRole>,
}

impl<'j> CardParser<'j> {
    fn parse(mut self, json: &'j str) -> Vec<CardItem<'j>> {
        let mut events = Events::new(json);
        while let Some(event) = events.next() {
            let at = events.position();
            match event {
                Event::Key(key) => self.key = Some(role(&key)),
                Event::String(text) => {
                    let under = self.key.take().unwrap_or_else(|| self.under());
                    self.string(under, at, text);
                }
                Event::ObjectStart => {
                    if self.levels.len() >= MAX_DEPTH {
                        break;
                    }
                    self.open_object();
                }
                Event::ArrayStart => {
                    let under = self.key.take().unwrap_or_else(|| self.under());
                    match self.levels.last_mut() {
                        Some(Level::Arrays(count, _)) => *count += 1,
                        _ => self.levels.push(Level::Arrays(1, under)),
                    }
                }
                Event::ArrayEnd => {
                    self.key = None;
                    match self.levels.last_mut() {
                        Some(Level::Arrays(count, _)) if *count > 1 => *count -= 1,
                        Some(Level::Arrays(..)) => drop(self.levels.pop()),
                        _ => {}
                    }
                }
                Event::ObjectEnd => {
                    self.key = None;
                    // An array that was never closed ends with the object around it.
                    if matches!(self.levels.last(), Some(Level::Arrays(..))) {
                        self.levels.pop();
                    }
                    self.close_object();
                }
            }
        }
        while let Some(level) = self.levels.last() {
            match level {
                Level::Arrays(..) => drop(self.levels.pop()),
                Level::Object(_) => self.close_object(),
            }
        }
        self.found
    }

    /// The role of a value that has no key because it is an element of an array.
    fn under(&self) -> KeyRole {
        match self.levels.last() {
            Some(Level::Arrays(_, under)) => *under,
            _ => KeyRole::Other,
        }
    }

    /// The innermost object.
    fn object(&mut self) -> Option<&mut Object<'j>> {
        self.levels
            .iter_mut()
            .rev()
            .take(2)
            .find_map(|level| match level {
                Level::Object(object) => Some(object.as_mut()),
                Level::Arrays(..) => None,
            })
    }

    fn open_object(&mut self) {
        let under = self.key.take().unwrap_or_else(|| self.under());
        let data = match under {
            KeyRole::Data => true,
            KeyRole::Teams => false,
            _ => self.object().is_some_and(|object| object.data),
        };
        self.levels.push(Level::Object(Box::new(Object {
            under,
            kind: ObjectKind::Other,
            data,
            strings: Vec::new(),
            unlabelled: Vec::new(),
        })));
    }

    fn string(&mut self, role: KeyRole, at: usize, text: Cow<'j, str>) {
        let Some(object) = self.object() else { return };
        match role {
            KeyRole::Kind => object.kind = kind(&text),
            KeyRole::Medium => object.kind = ObjectKind::Picture,
            KeyRole::Other | KeyRole::Data | KeyRole::Teams | KeyRole::Picture | KeyRole::Tap => {}
            _ => object.strings.push((role, at, text)),
        }
    }

    fn close_object(&mut self) {
        let Some(Level::Object(object)) = self.levels.pop() else {
            return;
        };
        let Object {
            under,
            kind,
            data,
            strings,
            mut unlabelled,
        } = *object;
        if data {
            return;
        }
        let picture = kind == ObjectKind::Picture || under == KeyRole::Picture;
        let label = strings
            .iter()
            .filter_map(|(role, at, text)| match role {
                KeyRole::Label(rank) if !text.trim().is_empty() => Some((*rank, *at, text)),
                _ => None,
            })
            .min_by_key(|(rank, at, _)| (*rank, *at))
            .map(|(_, at, text)| (at, text.clone()));
        let opens = |role: KeyRole| match role {
            KeyRole::Url => !picture,
            KeyRole::Targets => true,
            KeyRole::Value => kind == ObjectKind::Opens,
            _ => false,
        };
        let own = strings.iter().any(|(role, ..)| opens(*role));
        let acts = own || !unlabelled.is_empty();
        for (role, at, text) in strings {
            let what = match role {
                role if opens(role) => {
                    unlabelled.push(self.found.len());
                    ItemKind::Target {
                        raw: text,
                        label: None,
                    }
                }
                KeyRole::Url => continue,
                KeyRole::Value if kind == ObjectKind::Sends => continue,
                KeyRole::Content if is_json(&text) => ItemKind::Document(text),
                _ => {
                    let is_label = label.as_ref().is_some_and(|(label, _)| *label == at);
                    ItemKind::Text {
                        text,
                        label_of_action: acts && is_label,
                    }
                }
            };
            self.found.push(CardItem { at, what });
        }
        if let Some((_, label)) = label {
            for at in unlabelled.into_iter().take(MAX_LABELLED) {
                if let Some(CardItem {
                    what: ItemKind::Target { label: missing, .. },
                    ..
                }) = self.found.get_mut(at)
                {
                    *missing = Some(label.clone());
                }
            }
        } else if matches!(under, KeyRole::Tap | KeyRole::Targets)
            && let Some(outer) = self.object()
        {
            // Targets beyond the limit would be handed on at every level without ever getting a label.
            let room = MAX_LABELLED.saturating_sub(outer.unlabelled.len());
            outer.unlabelled.extend(unlabelled.into_iter().take(room));
        }
    }
}

#[cfg(test)]
mod tests;
