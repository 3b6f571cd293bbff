//! Cards: what in their JSON opens a url, and what is text.
//!
//! The formats share a few habits: Adaptive Cards (`Action.OpenUrl`), Bot Framework cards (hero,
//! thumbnail, receipt, sign-in, list: `buttons` and `tap` with a `type` and a `value`) and Office
//! 365 connector cards (`potentialAction` with `targets`). Reading the habits instead of the
//! formats covers every nesting, message extensions and cards to come.

use std::borrow::Cow;

use super::collect::Collector;
use super::json::{Event, Events};
use super::message::Origin;

/// Objects inside one another. A card this deep is an attack, and each level takes memory.
const MAX_DEPTH: usize = 1 << 20;

/// Targets that one label can have. It is compared with each of them.
const MAX_LABELLED: usize = 16;

/// Documents inside the strings of documents.
const MAX_DOCUMENTS: usize = 8;

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyRole {
    /// The kind of the object.
    Kind,
    /// A url that opens.
    Url,
    /// Urls that open, or objects with them, under the label of the action around.
    Targets,
    /// ItemKind opens when the object around it is clicked.
    Tap,
    /// A url or text, depending on the kind.
    Value,
    /// Text that is the label when the object opens something; the first counts for most.
    Label(u8),
    /// Text.
    Text,
    /// Text, or a document of its own.
    Content,
    /// ItemKind is sent back to a bot: not shown, not opened.
    Data,
    /// ItemKind Teams itself reads in such data.
    Teams,
    /// A picture or another medium that is shown in place.
    Picture,
    /// The type of a medium: the object is one.
    Medium,
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

/// ItemKind an object does with its `value`, or with its `url`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ObjectKind {
    /// Opens it.
    Opens,
    /// Sends it to a bot.
    Sends,
    /// Shows the picture behind it.
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

/// Something that counts, and where in the document it stood.
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

/// An object that is not closed yet.
struct Object<'j> {
    /// The key under which it (or the array around it) stands.
    under: KeyRole,
    kind: ObjectKind,
    /// It is data for a bot, or inside such data.
    data: bool,
    strings: Vec<(KeyRole, usize, Cow<'j, str>)>,
    /// Targets inside it that wait for a label, as positions in the list of what was found.
    unlabelled: Vec<usize>,
}

enum Level<'j> {
    Object(Box<Object<'j>>),
    /// Arrays directly inside one another, which stand under one key.
    Arrays(usize, KeyRole),
}

/// Reads one card (or any JSON) into the collector.
pub(crate) fn collect(json: &str, collector: &mut Collector) {
    collect_document(json, collector, 0);
}

fn collect_document(json: &str, collector: &mut Collector, depth: usize) {
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

/// True when the text is a JSON object or array rather than prose.
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
    /// The key read last, until its value comes.
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
                    // An array that was left open ends with the object around it.
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

    /// The key under which a value without a key of its own stands: that of the array.
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
            // More than can get a label would be handed on at every level for nothing.
            let room = MAX_LABELLED.saturating_sub(outer.unlabelled.len());
            outer.unlabelled.extend(unlabelled.into_iter().take(room));
        }
    }
}

#[cfg(test)]
mod tests;
