//! Three days in which a stolen account shares a false payroll page, and what it sets off.

use super::{Cast, Rooms, Shared};
use crate::world::build::Builder;
use crate::world::draft::Draft;
use crate::world::entities::Entities;
use crate::world::facts::*;
use crate::world::logs::{About, Named};

const TEAMS: &str = "ms-teams.exe";
const DAY: i64 = 26;

/// Seventeen messages from 27 to 29 October.
pub(super) fn write(b: &mut Builder, cast: &Cast, rooms: &Rooms, shared: &Shared) {
    let chat = |n: usize| Place::Chat(n);
    // Mila's account posts the false page where everybody trusts her.
    let root = b.send(
        Draft::by(cast.mila, rooms.finance, b.at(DAY, 8, 12))
            .says("The payroll portal moves this week. Confirm your account before Friday or October's pay is late:")
            .subject("Payroll portal migration")
            .urgent()
            .link(shared.payroll, Style::Lure("https://payroll.contoso.com/")),
    );
    b.send(
        Draft::by(cast.jonas, rooms.finance, b.at(DAY, 8, 31))
            .says("Is that for contractors too?")
            .reply_to(root),
    );
    b.send(
        Draft::by(cast.priya, rooms.finance, b.at(DAY, 9, 2))
            .says("It asks for my password twice. Same link for everybody?")
            .reply_to(root)
            .link(shared.payroll, Style::SafeLinks),
    );
    b.send(
        Draft::by(cast.mila, rooms.benefits, b.at(DAY, 8, 14))
            .says("Please confirm your payroll account here:")
            .link(shared.payroll, Style::Interstitial),
    );
    b.send(
        Draft::by(cast.mila, rooms.benefits, b.at(DAY, 10, 40))
            .says("If you were asked for a code, finish here:")
            .link(shared.payroll_again, Style::Href),
    );
    b.send(
        Draft::by(cast.mila, chat(0), b.at(DAY, 8, 20))
            .says("Tom, please do this first:")
            .link(shared.payroll, Style::SafeLinks),
    );
    b.send(
        Draft::by(cast.tom, chat(0), b.at(DAY, 8, 26))
            .says("Done, but it only loaded on the second try"),
    );
    b.send(
        Draft::by(cast.mila, chat(3), b.at(DAY, 8, 22))
            .says("For all of you:")
            .link(shared.payroll, Style::Href),
    );

    // The supplier's guest account brings a second lure, which Priya passes on.
    b.send(
        Draft::by(cast.erik, rooms.invoices, b.at(DAY + 1, 11, 5))
            .says("Overdue invoice, please settle today:")
            .link(shared.invoice, Style::UrlDefenseV3),
    );
    let asked = b.send(
        Draft::by(cast.priya, rooms.invoices, b.at(DAY + 1, 11, 32))
            .says("Jonas, can you take this one?")
            .link(shared.invoice, Style::HrefShown),
    );
    b.send(
        Draft::by(cast.jonas, rooms.invoices, b.at(DAY + 1, 11, 50))
            .says("It wants a sign-in?")
            .reply_to(asked),
    );
    b.send(
        Draft::by(cast.priya, chat(1), b.at(DAY + 1, 12, 4))
            .says("Do you know this supplier?")
            .link(shared.invoice, Style::SafeLinksOverV3),
    );
    b.send(
        Draft::by(cast.omar, chat(1), b.at(DAY + 1, 12, 20))
            .says("You mean this one? No.")
            .link(shared.invoice, Style::HtmlText),
    );
    b.send(
        Draft::by(cast.omar, chat(2), b.at(DAY + 1, 12, 30))
            .says("Has anybody ordered this?")
            .link(shared.invoice, Style::HrefShown),
    );

    // The warning quotes the address, broken so that nobody follows it.
    b.send(
        Draft::by(cast.sara, rooms.announcements, b.at(DAY + 2, 7, 45))
            .says("Do NOT open this. If you did, call the service desk:")
            .subject("Phishing in Teams")
            .urgent()
            .link(shared.payroll, Style::Defanged),
    );
    b.send(
        Draft::by(cast.omar, rooms.reliability, b.at(DAY + 2, 8, 1))
            .says("I think I forwarded the other one..."),
    );
    b.send(
        Draft::by(cast.lena, rooms.announcements, b.at(DAY + 2, 9, 0))
            .says("Payroll has not moved. Ignore yesterday's message."),
    );
}

/// What Sentinel saw of it.
pub(super) fn log(b: &mut Builder, cast: &Cast, shared: &Shared) {
    let names = [
        "fin-lt-014",
        "fin-lt-022",
        "fin-lt-031",
        "hr-lt-007",
        "sre-ws-003",
        "sup-lt-002",
        "kiosk-lobby-1",
        "fin-lt-044",
    ];
    let devices: Vec<DeviceIx> = names
        .iter()
        .map(|n| b.device(&format!("{n}.contoso.com")))
        .collect();
    let [jonas, tom, priya, lena, sara, omar, kiosk, mila] = devices[..] else {
        return;
    };
    for (n, device) in devices.iter().enumerate() {
        let address = format!("192.0.2.{}", 40 + n);
        b.addresses(*device, b.at(DAY, 6, 0), 12, &[&address, "fe80::1c2d"]);
        b.addresses(*device, b.at(DAY + 1, 6, 0), 12, &[&address]);
    }

    // Opened from Teams, and SmartScreen's opinion of it.
    for (device, user, named, link, hour, minute, twice) in [
        (jonas, cast.jonas, Named::Both, shared.payroll, 8, 33, true),
        (tom, cast.tom, Named::Id, shared.payroll, 8, 23, true),
        (lena, cast.lena, Named::Both, shared.payroll, 9, 12, false),
    ] {
        b.opened(b.at(DAY, hour, minute), device, link, (user, named), TEAMS);
        b.warned(b.at(DAY, hour, minute), device, link, Some((user, named)));
        if twice {
            b.opened(
                b.at(DAY, hour, minute + 2),
                device,
                link,
                (user, named),
                TEAMS,
            );
        }
    }
    b.opened(
        b.at(DAY + 1, 11, 40),
        priya,
        shared.invoice,
        (cast.priya, Named::Both),
        "Teams.exe",
    );
    b.warned(
        b.at(DAY + 1, 11, 40),
        priya,
        shared.invoice,
        Some((cast.priya, Named::Both)),
    );

    b.click(
        b.at(DAY, 8, 32),
        cast.jonas,
        shared.payroll,
        "ClickBlocked",
        "Phish",
        false,
    );
    b.click(
        b.at(DAY, 8, 23),
        cast.tom,
        shared.payroll,
        "ClickBlocked",
        "Phish",
        true,
    );
    b.click(
        b.at(DAY, 9, 1),
        cast.priya,
        shared.payroll,
        "ClickAllowed",
        "Phish",
        false,
    );
    b.click(
        b.at(DAY + 1, 12, 9),
        cast.omar,
        shared.invoice,
        "ClickAllowed",
        "Phish",
        false,
    );
    b.click(
        b.at(DAY + 1, 12, 44),
        cast.others[1],
        shared.invoice,
        "ClickBlocked",
        "Phish",
        false,
    );
    for n in 0..12 {
        let link = shared.harmless[n];
        let user = cast.others[n];
        b.click(
            b.at(2 * n as i64, 9, 30),
            user,
            link,
            "ClickAllowed",
            "",
            false,
        );
    }

    let host = "login.contoso-payroll.example";
    let page = b.world.links[shared.payroll].url.clone();
    b.proxied(
        b.at(DAY, 8, 33),
        "192.0.2.40",
        &page,
        host,
        About::Url(shared.payroll),
    );
    b.proxied(
        b.at(DAY, 8, 24),
        "192.0.2.41",
        &page["https://".len()..],
        host,
        About::Url(shared.payroll),
    );
    b.proxied(
        b.at(DAY, 8, 25),
        "192.0.2.41",
        &format!("https://{host}/static/app.js"),
        host,
        About::HostOf(shared.payroll),
    );
    b.proxied(
        b.at(DAY, 9, 40),
        "192.0.2.46",
        &format!("{host}:443"),
        "",
        About::HostOf(shared.payroll),
    );
    b.proxied(
        b.at(DAY + 1, 12, 10),
        "192.0.2.45",
        &b.world.links[shared.invoice].url.clone(),
        "view.fabrikam-invoices.example",
        About::Url(shared.invoice),
    );
    b.proxied(
        b.at(DAY, 9, 41),
        "192.0.2.44",
        "https://news.tailspin.example/markets/october-outlook",
        "news.tailspin.example",
        About::Other,
    );
    // Mila's machine was on the page before anybody else knew of it.
    b.proxied(
        b.at(DAY, 8, 9),
        "192.0.2.47",
        "",
        host,
        About::HostOf(shared.payroll),
    );
    let _unconcerned = (sara, kiosk, omar);

    let w = b.world.clone();
    let clicked = Entities::new()
        .noise()
        .url(&w, shared.payroll, "url")
        .host(&w, jonas, true)
        .account(&w, cast.jonas, Named::Both);
    b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1001",
        "A potentially malicious URL click was detected",
        b.at(DAY, 9, 10),
        clicked,
    );
    let kit = Entities::new()
        .url(&w, shared.payroll, "Url")
        .host_by_reference(&w, mila)
        .account(&w, cast.mila, Named::Both);
    b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1002",
        "Suspicious sign-in followed by mass messages",
        b.at(DAY, 10, 0),
        kit.clone(),
    );
    let row = b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1002",
        "Suspicious sign-in followed by mass messages",
        b.at(DAY + 2, 8, 0),
        kit,
    );
    b.world.tables.alerts[row].status = "InProgress";
    let invoice = Entities::new()
        .url(&w, shared.invoice, "url")
        .account(&w, cast.priya, Named::Upn)
        .host(&w, priya, false);
    let row = b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1003",
        "Teams message containing malicious URL removed after delivery",
        b.at(DAY + 1, 15, 0),
        invoice,
    );
    b.world.tables.alerts[row].severity = "Medium";
    b.world.tables.alerts[row].product = "Microsoft Defender for Office 365";
    b.world.tables.alerts[row].provider = "OATP";
    b.alert(
        "6f0c1c52-4d53-4a55-9a7b-0d1b7f8a1004",
        "Unusual volume of file deletion",
        b.at(11, 15, 0),
        Entities::new().noise(),
    );
}
