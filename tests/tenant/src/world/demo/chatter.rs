//! What people talk about when nothing is wrong.

use super::{Cast, Rooms, Shared};
use crate::world::build::Builder;
use crate::world::draft::Draft;
use crate::world::facts::*;

const SHARES: [&str; 14] = [
    "Here is the page I mentioned this morning:",
    "Could somebody double-check the figures in here?",
    "For tomorrow's call:",
    "Reading for the weekend",
    "This explains it better than I can:",
    "Updated, please use this version",
    "Bookmark this one",
    "Ticket and background:",
    "The supplier sent this over",
    "Worth five minutes:",
    "As promised,",
    "Minutes and material:",
    "Registration closes on Friday:",
    "Does anybody have access to this?",
];

const REPLIES: [&str; 12] = [
    "Thanks, that helps.",
    "Got it.",
    "Will look after lunch.",
    "Can you give me edit rights?",
    "Done!",
    "The second table looks odd to me.",
    "Perfect, thank you.",
    "I'll bring it up on Thursday.",
    "Same here.",
    "Let's take this offline.",
    "+1",
    "Fixed, reload the page.",
];

const STYLES: [Style; 8] = [
    Style::Href,
    Style::HrefShown,
    Style::HrefShown,
    Style::HtmlText,
    Style::SafeLinks,
    Style::SafeLinks,
    Style::PlainText,
    Style::Interstitial,
];

/// A month of ordinary traffic on working days: 430 messages in channels and 60 in chats.
pub(super) fn write(b: &mut Builder, cast: &Cast, rooms: &Rooms, shared: &Shared) {
    let places = [
        rooms.finance,
        rooms.close,
        rooms.announcements,
        rooms.benefits,
        rooms.reliability,
        rooms.postmortems,
        rooms.supply,
        rooms.invoices,
        rooms.sales,
        rooms.tenders,
    ];
    // Days after 1 October 2026, a Thursday, that are no weekend.
    let days: Vec<i64> = (0..30).filter(|d| ![2, 3].contains(&(d % 7))).collect();
    for n in 0..215 {
        let day = days[n * days.len() / 215];
        let place = places[b.dice.below(places.len())];
        let members = members(b, place);
        let sender = b.dice.pick(&members);
        let at = b.at(day, 7 + b_hour(n), (n as i64 * 7) % 60);
        let draft = Draft::by(sender, place, at).says(SHARES[n % SHARES.len()]);
        let draft = with_link(b, draft, shared, n);
        let root = b.send(draft);
        let answerer = b.dice.pick(&members);
        let later = at + chrono::Duration::minutes(11 + (n as i64 % 50));
        let mut reply = Draft::by(answerer, place, later)
            .says(REPLIES[n % REPLIES.len()])
            .reply_to(root);
        if b.dice.chance(45) {
            reply = with_link(b, reply, shared, n + 5);
        }
        b.send(reply);
    }
    extras(b, cast, rooms, shared);
    chats(b, cast, shared, &days);
}

/// An hour between seven and seventeen.
fn b_hour(n: usize) -> i64 {
    (n as i64 * 5) % 10
}

fn members(b: &Builder, place: Place) -> Vec<UserIx> {
    match place {
        Place::Channel(c) => {
            let team = b.world.channels[c].team;
            (0..b.world.users.len())
                .filter(|u| b.world.users[*u].teams.contains(&team))
                .collect()
        }
        Place::Chat(c) => b.world.chats[c].members.clone(),
    }
}

fn with_link(b: &mut Builder, draft: Draft, shared: &Shared, n: usize) -> Draft {
    let link = b.dice.pick(&shared.harmless);
    let on_sharepoint = b.world.links[link].host.ends_with("sharepoint.com");
    let style = if on_sharepoint {
        Style::File
    } else {
        STYLES[n % STYLES.len()]
    };
    draft.link(link, style)
}

/// A bot, an outsider, an edit, a deletion and a membership event.
fn extras(b: &mut Builder, cast: &Cast, rooms: &Rooms, shared: &Shared) {
    let [first, second] = [shared.harmless[16], shared.harmless[17]];
    b.send(
        Draft::by(cast.notes, rooms.reliability, b.at(6, 4, 0))
            .says("")
            .link(first, Style::AdaptiveCard),
    );
    b.send(
        Draft::by(cast.notes, rooms.reliability, b.at(13, 4, 0))
            .says("")
            .link(second, Style::AdaptiveCard),
    );
    b.send(
        Draft::by(cast.vera, rooms.supply, b.at(14, 9, 20))
            .says("Hello from Litware, our status page is here:")
            .link(shared.harmless[4], Style::HrefShown),
    );
    b.send(
        Draft::by(cast.lena, rooms.benefits, b.at(15, 10, 0))
            .says("Corrected the deadline")
            .subject("Benefits enrolment 2027")
            .link(shared.harmless[19], Style::Href)
            .edited(b.at(15, 13, 30)),
    );
    let wrong =
        Draft::by(cast.tom, rooms.finance, b.at(16, 8, 50)).link(shared.harmless[18], Style::Href);
    b.send(wrong.deleted(b.at(16, 8, 55)));
    b.send(Draft::by(cast.lena, rooms.announcements, b.at(0, 8, 0)).system());
}

fn chats(b: &mut Builder, cast: &Cast, shared: &Shared, days: &[i64]) {
    let o = &cast.others;
    let rooms = [
        b.chat("oneOnOne", None, &[cast.mila, cast.tom]),
        b.chat("oneOnOne", None, &[cast.priya, cast.omar]),
        b.chat(
            "group",
            Some("Quarter close"),
            &[cast.omar, cast.lena, o[0], o[1], o[2], o[3]],
        ),
        b.chat(
            "group",
            Some("Payroll close"),
            &[cast.mila, cast.jonas, cast.priya, o[4], o[5]],
        ),
        b.chat("group", None, &[cast.sara, o[6], o[7]]),
        b.chat(
            "meeting",
            Some("Supply weekly"),
            &[cast.priya, cast.erik, cast.vera, cast.jonas],
        ),
        b.chat("oneOnOne", None, &[o[14], o[15]]),
    ];
    for n in 0..60 {
        let place = rooms[n % rooms.len()];
        let members = members(b, place);
        let sender = b.dice.pick(&members);
        let day = days[n * days.len() / 60];
        let at = b.at(day, 8 + b_hour(n + 3), (n as i64 * 13) % 60);
        let draft = Draft::by(sender, place, at).says(REPLIES[n % REPLIES.len()]);
        let draft = if b.dice.chance(35) {
            with_link(b, draft, shared, n)
        } else {
            draft
        };
        b.send(draft);
    }
}
