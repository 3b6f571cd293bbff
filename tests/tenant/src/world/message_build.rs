//! Writes what Defender's tables know of messages: calls of [`Builder`] like those about other logs.

use super::build::Builder;
use super::facts::*;
use super::logs::*;
use super::message_logs::teams_message_id;
use super::{World, body};
use chrono::Duration;
use std::collections::BTreeSet;

/// Whether a chat has somebody from outside in it.
pub(crate) fn has_outsiders(world: &World, chat: ChatIx) -> bool {
    let members = &world.chats[chat].members;
    members.iter().any(|member| {
        let member = &world.users[*member];
        member.home != world.tenant_id || member.kind == Kind::Anonymous
    })
}

/// How a link stands in MessageUrlInfo; none when it is not there, as one that nobody can open. Defender knows its own
/// wrapper, and takes that of another product for the link.
fn logged(style: Style) -> Option<Style> {
    match style {
        Style::Defanged => None,
        Style::UrlDefenseV3 => Some(style),
        _ => Some(Style::Href),
    }
}

impl Builder {
    /// What Defender tells of a message: a row in MessageEvents, and one in MessageUrlInfo for each of its links. Gives
    /// the index of the former.
    pub(crate) fn seen(&mut self, message: MessageIx) -> usize {
        let world = &self.world;
        let facts = &world.messages[message];
        let teams_message = teams_message_id(world, message);
        let time = facts.created + Duration::seconds(4);
        let sender = facts.sender;
        let kind = sender.map(|user| world.users[user].kind);
        let sender_type = match kind {
            Some(Kind::Bot) | None => "Applications",
            Some(Kind::Anonymous) => "Anonymous",
            Some(_) => "User",
        };
        let named = match kind {
            Some(Kind::Anonymous) => Named::Id,
            _ => Named::Both,
        };
        let (owned, external, recipients) = match facts.place {
            Place::Channel(_) => (true, false, Vec::new()),
            Place::Chat(chat) => {
                let members = world.chats[chat].members.iter().copied();
                let recipients = members.filter(|member| Some(*member) != sender);
                let recipients = recipients.map(|fact_user| Recipient {
                    fact_user,
                    named: match world.users[fact_user].kind {
                        Kind::Anonymous => Named::Id,
                        _ => Named::Both,
                    },
                });
                let owned = world.chats[chat].owner == world.tenant_id;
                (owned, has_outsiders(world, chat), recipients.collect())
            }
        };
        let mut once = BTreeSet::new();
        let mut urls = Vec::new();
        for placed in &facts.links {
            let style = logged(placed.style);
            if let Some(fact_style) = style.filter(|_| once.insert(placed.link)) {
                urls.push(MessageUrl {
                    time: time + Duration::seconds(1),
                    teams_message: teams_message.clone(),
                    url: body::raw(&world.links[placed.link], fact_style),
                    threats: "",
                    fact_link: placed.link,
                    fact_style,
                });
            }
        }
        let event = MessageEvent {
            time,
            teams_message,
            edited: facts.edited.unwrap_or(facts.created),
            sender_type,
            recipients,
            owned: Some(owned),
            external: Some(external),
            delivery: "Teams",
            threats: "",
            empty: &[],
            fact_message: message,
            fact_sender: sender
                .filter(|_| kind != Some(Kind::Bot))
                .map(|user| (user, named)),
        };
        self.world.tables.message_urls.extend(urls);
        self.world.tables.message_events.push(event);
        self.world.tables.message_events.len() - 1
    }

    /// What Defender tells of every message with a link that somebody could open, but those of which it told already.
    pub(crate) fn seen_all(&mut self) {
        let events = self.world.tables.message_events.iter();
        let known: BTreeSet<MessageIx> = events.map(|event| event.fact_message).collect();
        for message in 0..self.world.messages.len() {
            let mut links = self.world.messages[message].links.iter();
            let is_open = links.any(|placed| logged(placed.style).is_some());
            if is_open && !known.contains(&message) {
                self.seen(message);
            }
        }
    }

    /// A message that Defender found to be a threat, or one of its urls.
    pub(crate) fn flagged(
        &mut self,
        message: MessageIx,
        named: Named,
        message_threats: &'static str,
        url_threats: &'static str,
    ) -> usize {
        let before = self.world.tables.message_urls.len();
        let event = self.seen(message);
        for row in &mut self.world.tables.message_urls[before..] {
            row.threats = url_threats;
        }
        let row = &mut self.world.tables.message_events[event];
        row.threats = message_threats;
        if let Some(sender) = &mut row.fact_sender {
            sender.1 = named;
        }
        event
    }

    /// Something was done to a message after it was delivered.
    pub(crate) fn remediated(
        &mut self,
        message: MessageIx,
        time: Time,
        (action, action_type): (&'static str, &'static str),
        result: &'static str,
        location: &'static str,
    ) {
        self.world.tables.post_deliveries.push(PostDelivery {
            time,
            teams_message: teams_message_id(&self.world, message),
            action,
            action_type,
            result,
            location,
            fact_message: message,
        });
    }

    /// Somebody reported a message or a call of somebody; gives the index of the row.
    pub(crate) fn submitted(
        &mut self,
        time: Time,
        operation: &'static str,
        content: &'static str,
        reporter: UserIx,
        sender: Option<UserIx>,
    ) -> usize {
        let id = self.dice.guid();
        let address = |user: UserIx| {
            let user = &self.world.users[user];
            user.mail.clone().unwrap_or_else(|| user.upn.clone())
        };
        let facts = &self.world.users[reporter];
        let row = Submission {
            time,
            operation,
            id,
            content,
            reporter_id: facts.id.clone(),
            reporter_upn: facts.upn.clone(),
            reporter_name: facts.name.clone().unwrap_or_default(),
            sender: sender.map(address).unwrap_or_default(),
            verdict: "",
            fact_reporter: reporter,
            fact_sender: sender,
        };
        self.world.tables.submissions.push(row);
        self.world.tables.submissions.len() - 1
    }

    /// A report was graded: the row is written again under the name of whoever graded it.
    pub(crate) fn graded(
        &mut self,
        report: usize,
        time: Time,
        grader: UserIx,
        verdict: &'static str,
    ) {
        let facts = &self.world.users[grader];
        let row = Submission {
            time,
            operation: "UserSubmissionTriage",
            reporter_id: facts.id.clone(),
            reporter_upn: facts.upn.clone(),
            reporter_name: String::new(),
            verdict,
            fact_reporter: grader,
            ..self.world.tables.submissions[report].clone()
        };
        self.world.tables.submissions.push(row);
    }

    /// Where a click led to, behind the clicked url.
    pub(crate) fn led_to(&mut self, click: usize, chain: &[LinkIx]) {
        let row = &self.world.tables.clicks[click];
        let further = chain.iter().map(|link| self.world.links[*link].url.clone());
        let urls: Vec<String> = std::iter::once(row.url.clone()).chain(further).collect();
        let row = &mut self.world.tables.clicks[click];
        row.chain = serde_json::json!(urls).to_string();
        row.fact_chain = chain.to_vec();
    }
}
