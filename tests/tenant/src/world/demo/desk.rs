//! On the last day a help desk that is none writes to three people, from another tenant. Only
//! Defender tells of it, and it knows the page by then.

use super::Cast;
use crate::world::build::Builder;
use crate::world::draft::Draft;
use crate::world::entities::Entities;
use crate::world::facts::*;
use crate::world::logs::Named;

const DAY: i64 = 28;

/// Three messages, a click, a report and a removal; and what Defender tells of all other messages with a link.
pub(super) fn write(b: &mut Builder, cast: &Cast) {
    let desk = b.user(
        Kind::External,
        "support@contoso-servicedesk.onmicrosoft.com",
        Some("Help Desk (Contoso)"),
    );
    let page = b.link(
        "https",
        "verify.contoso-servicedesk.example",
        "/account?step=1",
    );
    b.rated(page, Otx::Miss, XForce::NullScore);
    let (clicks, reports, neither) = (cast.others[1], cast.others[18], cast.others[19]);
    let mut sent = Vec::new();
    // The last one had begun the chat, so that it is this tenant's, and what stands in it can be taken away.
    for (minute, victim) in [(5, clicks), (7, reports), (9, neither)] {
        let chat = b.chat("oneOnOne", None, &[desk, victim]);
        if let Place::Chat(chat) = chat
            && victim != neither
        {
            b.world.chats[chat].owner = b.world.users[desk].home.clone();
        }
        let draft = Draft::by(desk, chat, b.at(DAY, 13, minute))
            .says("Your account is about to be locked. Verify it here:")
            .link(page, Style::Href);
        let message = b.send(draft);
        b.flagged(message, Named::Both, "", "Phish");
        sent.push(message);
    }
    b.seen_all();
    b.click(
        b.at(DAY, 13, 8),
        clicks,
        page,
        "ClickAllowed",
        "Phish",
        false,
    );
    let report = b.submitted(
        b.at(DAY, 13, 15),
        "UserSubmission",
        "ChatMessage",
        reports,
        Some(desk),
    );
    b.graded(report, b.at(DAY, 14, 40), cast.sara, "Phish");
    b.remediated(
        sent[2],
        b.at(DAY, 14, 52),
        ("Blocked", "Manual remediation"),
        "Success",
        "Quarantine",
    );
    let entities =
        Entities::new()
            .message(&b.world, sent[0])
            .account(&b.world, clicks, Named::Both);
    let row = b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1005",
        "Microsoft Teams chat initiated by a suspicious external user",
        b.at(DAY, 13, 20),
        entities,
    );
    let row = &mut b.world.tables.alerts[row];
    row.severity = "Medium";
    row.product = "Microsoft Defender for Office 365";
    row.provider = "OATP";
}
