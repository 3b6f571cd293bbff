//! A message about to be written: what it says and what becomes of it.

use super::facts::*;

/// A message about to be written.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(super) place: Place,
    pub(super) sender: Option<UserIx>,
    pub(super) at: Time,
    pub(super) text: String,
    pub(super) links: Vec<Placed>,
    pub(super) markup: String,
    pub(super) root: Option<MessageIx>,
    pub(super) edited: Option<Time>,
    pub(super) touched: Option<Time>,
    pub(super) deleted: Option<Time>,
    pub(super) logged_by: Option<UserIx>,
    pub(super) subject: Option<String>,
    pub(super) importance: &'static str,
    pub(super) bad_dates: bool,
    pub(super) gone: bool,
    pub(super) system: bool,
    pub(super) lost_link: bool,
}

impl Draft {
    /// A message by `sender`.
    pub(crate) fn by(sender: UserIx, place: Place, at: Time) -> Self {
        Self {
            place,
            sender: Some(sender),
            at,
            text: "Please have a look:".into(),
            links: Vec::new(),
            markup: String::new(),
            root: None,
            edited: None,
            touched: None,
            deleted: None,
            logged_by: Some(sender),
            subject: None,
            importance: "normal",
            bad_dates: false,
            gone: false,
            system: false,
            lost_link: false,
        }
    }

    /// Its text.
    pub(crate) fn says(mut self, text: &str) -> Self {
        self.text = text.into();
        self
    }

    /// A link in it.
    pub(crate) fn link(mut self, link: LinkIx, style: Style) -> Self {
        self.links.push(Placed { link, style });
        self
    }

    /// HTML that holds no link: pictures, mentions, deep links, mailto.
    pub(crate) fn markup(mut self, html: &str) -> Self {
        self.markup.push_str(html);
        self
    }

    /// Makes it a reply.
    pub(crate) fn reply_to(mut self, root: MessageIx) -> Self {
        self.root = Some(root);
        self
    }

    /// Its text was edited then.
    pub(crate) fn edited(mut self, at: Time) -> Self {
        self.edited = Some(at);
        self
    }

    /// Somebody reacted then, which moves lastModifiedDateTime only.
    pub(crate) fn touched(mut self, at: Time) -> Self {
        self.touched = Some(at);
        self
    }

    /// Deleted then: Graph keeps a shell with `from` and content null.
    pub(crate) fn deleted(mut self, at: Time) -> Self {
        self.deleted = Some(at);
        self.sender = None;
        self
    }

    /// Graph has lost it: 404.
    pub(crate) fn gone(mut self) -> Self {
        self.gone = true;
        self
    }

    /// The edit took its link out: OfficeActivity lists it, and it holds none any more.
    pub(crate) fn lost_its_link(mut self) -> Self {
        self.lost_link = true;
        self
    }

    /// `from` is null though it is not deleted.
    pub(crate) fn sender_null(mut self) -> Self {
        self.sender = None;
        self
    }

    /// Its subject.
    pub(crate) fn subject(mut self, subject: &str) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// High importance.
    pub(crate) fn urgent(mut self) -> Self {
        self.importance = "urgent";
        self
    }

    /// Dates spelt wrongly, as in Microsoft's own example.
    pub(crate) fn bad_dates(mut self) -> Self {
        self.bad_dates = true;
        self
    }

    /// A system event: nobody's message.
    pub(crate) fn system(mut self) -> Self {
        self.system = true;
        self.sender = None;
        self
    }

    /// Sent, and logged as sent, by somebody else.
    pub(crate) fn sent_by(mut self, user: UserIx) -> Self {
        self.sender = Some(user);
        self.logged_by = Some(user);
        self
    }

    /// Whether it stands in a channel.
    pub(crate) fn in_channel(&self) -> bool {
        matches!(self.place, Place::Channel(_))
    }
}
