//! What the logs know of it.

use super::{Chats, DAY, People, Sent, Urls};
use crate::world::body::{self, encode};
use crate::world::build::Builder;
use crate::world::entities::Entities;
use crate::world::facts::*;
use crate::world::logs::{About, Named};
use chrono::Duration;

/// What Defender tells of messages, and what was done to them.
pub(super) fn of_messages(b: &mut Builder, p: &People, sent: &Sent) {
    // Found out at once: by both, by its url, by itself. The spam is known by its url, and nobody says whose thread it
    // is.
    let event = b.flagged(sent.to_nora, Named::Both, "Phish", "Phish");
    // Defender's own wrapper stands around this one.
    let teams_message = b.world.tables.message_events[event].teams_message.clone();
    let urls = b.world.tables.message_urls.iter_mut();
    for row in urls.filter(|row| row.teams_message == teams_message) {
        row.fact_style = Style::SafeLinks;
        row.url = body::raw(&b.world.links[row.fact_link], Style::SafeLinks);
    }
    b.flagged(sent.to_paul, Named::Both, "", "Phish");
    b.flagged(sent.two_urls, Named::Both, "Phish", "");
    let event = b.flagged(sent.spam, Named::Both, "", "Spam");
    let row = &mut b.world.tables.message_events[event];
    (row.owned, row.external) = (None, None);
    b.seen_all();

    let index = |b: &Builder, message: MessageIx| {
        let events = b.world.tables.message_events.iter();
        let found = events.clone().position(|row| row.fact_message == message);
        found.unwrap_or_default()
    };
    // Kim is named without an object id once.
    let event = index(b, sent.redirecting);
    for recipient in &mut b.world.tables.message_events[event].recipients {
        if recipient.fact_user == p.kim {
            recipient.named = Named::Upn;
        }
    }
    // Columns that are empty, which the id makes up for; once it is percent-encoded.
    let event = index(b, sent.to_ines);
    b.world.tables.message_events[event].empty = &["MessageId", "ParentMessageId"];
    let event = index(b, sent.unread_channel);
    let row = &mut b.world.tables.message_events[event];
    row.empty = &["MessageId", "ThreadId", "GroupId"];
    let plain = row.teams_message.clone();
    let encoded: Vec<String> = plain.split('/').map(encode).collect();
    let encoded = encoded.join("/");
    row.teams_message.clone_from(&encoded);
    for url in &mut b.world.tables.message_urls {
        if url.teams_message == plain {
            url.teams_message.clone_from(&encoded);
        }
    }
    // Rows that arrived twice, and once more later.
    let again = b.world.tables.message_events[index(b, sent.to_paul)].clone();
    let mut later = again.clone();
    later.time += Duration::hours(2);
    b.world.tables.message_events.extend([again, later]);
    let first = b.world.tables.message_urls[0].clone();
    b.world.tables.message_urls.push(first);

    // Only what stands in a place of this tenant can be taken away: one message at once, one at the second try.
    let at = |b: &Builder, hour, minute| b.at(DAY, hour, minute);
    let zap = ("Moved to quarantine", "Phish ZAP");
    b.remediated(sent.in_chat, at(b, 10, 20), zap, "Success", "Quarantine");
    let by_hand = ("Blocked", "Manual remediation");
    b.remediated(sent.to_ines, at(b, 9, 31), by_hand, "Error", "Teams");
    b.remediated(sent.in_channel, at(b, 11, 0), zap, "Error", "");
    b.remediated(
        sent.in_channel,
        at(b, 13, 0),
        by_hand,
        "success",
        "Quarantine",
    );
    let spam = ("Moved to quarantine", "Spam ZAP");
    b.remediated(sent.spam, b.at(12, 10, 0), spam, "Error", "");
    let twice = b.world.tables.post_deliveries[0].clone();
    b.world.tables.post_deliveries.push(twice);
}

/// Who reported what. A report names the sender alone.
pub(super) fn reports(b: &mut Builder, p: &People) {
    let message = "ChatMessage";
    let at = |b: &Builder, hour, minute| b.at(DAY, hour, minute);
    // The only message that Nora had from there, graded in the afternoon.
    let of_nora = b.submitted(at(b, 8, 9), "UserSubmission", message, p.nora, Some(p.desk));
    b.graded(of_nora, at(b, 14, 0), p.lars, "Phish");
    // The only one that Kim had, where she is named by her address.
    b.submitted(at(b, 8, 15), "UserSubmission", message, p.kim, Some(p.desk));
    // Three fit, of which the newest is taken.
    let of_ines = b.submitted(
        at(b, 8, 40),
        "UserSubmission",
        message,
        p.ines,
        Some(p.desk),
    );
    b.world.tables.submissions[of_ines].sender = "Support@Contoso-HelpDesk.onmicrosoft.com".into();
    // An administrator received nothing, and reports what Paul passed on to somebody.
    b.submitted(
        at(b, 10, 30),
        "AdminSubmission",
        message,
        p.lars,
        Some(p.paul),
    );
    b.submitted(
        at(b, 9, 0),
        "UserSubmission",
        "TeamsCall",
        p.paul,
        Some(p.desk),
    );
    b.submitted(at(b, 9, 5), "UserSubmission", message, p.mona, Some(p.fax));
    b.submitted(at(b, 9, 6), "UserSubmission", message, p.mona, None);
    // Mail is reported in the same way.
    b.submitted(at(b, 9, 7), "UserSubmission", "Mail", p.nora, Some(p.desk));
}

pub(super) fn clicks(b: &mut Builder, p: &People, u: &Urls) {
    let at = |b: &Builder, hour, minute| b.at(DAY, hour, minute);
    // Blocked, and on past the page: two rows of one report, the first of which came twice.
    let blocked = b.click(at(b, 8, 5), p.paul, u.lure, "ClickBlocked", "Phish", false);
    let mut through = b.world.tables.clicks[blocked].clone();
    through.time += Duration::seconds(9);
    through.clicked_through = Some(true);
    let twice = b.world.tables.clicks[blocked].clone();
    b.world.tables.clicks.extend([through, twice]);
    // Past a warning that named no threat, by two hops.
    let click = b.click(at(b, 8, 12), p.paul, u.redirect, "ClickAllowed", "", true);
    b.led_to(click, &[u.hop, u.landing]);
    // Allowed: only where it led shows that it matters.
    let click = b.click(at(b, 8, 16), p.kim, u.redirect, "ClickAllowed", "", false);
    b.led_to(click, &[u.landing]);
    let click = b.click(at(b, 8, 31), p.ines, u.lure, "ClickAllowed", "", false);
    b.world.tables.clicks[click].chain = "null".into();
    // It goes round in a circle, and on to what is no address of the web.
    let click = b.click(at(b, 11, 5), p.mona, u.landing, "ClickAllowed", "", false);
    let landing = b.world.links[u.landing].url.clone();
    let chain = serde_json::json!([landing, landing, "data:text/html,x"]);
    b.world.tables.clicks[click].chain = chain.to_string();
    let click = b.click(at(b, 12, 0), p.kim, u.status, "ClickAllowed", "", false);
    b.led_to(click, &[]);
}

pub(super) fn hosts(b: &mut Builder, u: &Urls) {
    for (n, name) in ["ops-lt-01", "fac-lt-02", "ops-lt-03"].iter().enumerate() {
        let device = b.device(&format!("{name}.contoso.com"));
        let address = format!("192.0.2.{}", 20 + n);
        b.addresses(device, b.at(DAY, 6, 0), 8, &[&address]);
    }
    let at = |b: &Builder, minute| b.at(DAY, 8, minute);
    // Below a private suffix a host is somebody's own; a shared one says nothing.
    b.proxied(
        at(b, 13),
        "192.0.2.20",
        "https://staff-portal.workers.dev/assets/app.js",
        "staff-portal.workers.dev",
        About::HostOf(u.landing),
    );
    b.proxied(
        at(b, 14),
        "192.0.2.20",
        "https://docs.google.com/document/d/99/edit",
        "docs.google.com",
        About::HostOf(u.form),
    );
    // What was asked for stands in the extensions alone: a url, and a host.
    for (minute, source, extensions, about) in [
        (
            32,
            "192.0.2.21",
            "\"sso.contoso-helpdesk.example/verify?u=staff\";PanOSActionFlags=0x0;cat=unknown",
            About::Url(u.lure),
        ),
        (
            17,
            "192.0.2.22",
            "fw_action=\"forward\";dstname=sso.contoso-helpdesk.example;arg=/favicon.ico;code=200",
            About::HostOf(u.lure),
        ),
    ] {
        b.proxied(at(b, minute), source, "", "", about);
        if let Some(row) = b.world.tables.proxy.last_mut() {
            row.extensions = extensions.into();
        }
    }
    // Where the other columns name something, the extensions are about something else.
    b.proxied(
        at(b, 18),
        "192.0.2.20",
        "https://status.litware.example/",
        "status.litware.example",
        About::Url(u.status),
    );
    if let Some(row) = b.world.tables.proxy.last_mut() {
        row.extensions = "referer=https://sso.contoso-helpdesk.example/verify?u=staff".into();
    }
}

pub(super) fn alerts(b: &mut Builder, p: &People, u: &Urls, chats: &Chats, sent: &Sent) {
    let w = b.world.clone();
    let id = |n: u32| format!("0ffe12ed-0000-4000-8000-00000000a00{n}");
    let at = |b: &Builder, hour| b.at(DAY, hour, 0);
    // Only the thread, in which a message stands that Defender rated.
    let thread = Entities::new()
        .noise()
        .thread(&w, chats.group)
        .account(&w, p.nora, Named::Both);
    let suspicious = "Microsoft Teams chat initiated by a suspicious external user";
    b.alert(&id(1), suspicious, at(b, 9), thread);
    // A message by its id.
    let reported = Entities::new()
        .message(&w, sent.to_nora)
        .account(&w, p.nora, Named::Upn);
    b.alert(
        &id(2),
        "Teams message reported by user as a security risk",
        at(b, 10),
        reported,
    );
    // A message that is not risky, in a thread where another one is.
    let beside = Entities::new().message(&w, sent.redirecting);
    b.alert(&id(3), suspicious, at(b, 11), beside);
    // A thread in which nothing risky stands.
    let elsewhere = Entities::new().thread(&w, chats.warning);
    b.alert(&id(4), "Unusual volume of messages", at(b, 12), elsewhere);
    // The url, and what Paul did with it.
    let clicked = Entities::new()
        .url(&w, u.lure, "url")
        .message(&w, sent.in_chat)
        .host(&w, 0, true)
        .account(&w, p.paul, Named::Both);
    b.alert(
        &id(5),
        "A potentially malicious URL click was detected",
        at(b, 13),
        clicked,
    );
    for row in &mut b.world.tables.alerts {
        row.provider = "OATP";
        row.product = "Office 365 Advanced Threat Protection";
    }
}
