//! What Sentinel knows of the small world.

use super::{People, Urls};
use crate::world::build::Builder;
use crate::world::entities::Entities;
use crate::world::facts::*;
use crate::world::logs::{About, Named};
use chrono::Duration;

const TEAMS: &str = "ms-teams.exe";

pub(super) fn seeds(b: &mut Builder, p: &People, u: &Urls) {
    let laptop = b.device("pc-adele.contoso.com");
    let tower = b.device("PC-BRENT");
    let kiosk = b.device("kiosk-7.contoso.com");
    // Adele opened the lure twice and was warned once; her UPN is written in another case.
    let open = b.opened(
        b.at(3, 9, 50),
        laptop,
        u.lure,
        (p.adele, Named::Both),
        "Teams.exe",
    );
    b.world.tables.device_events[open].upn = "Adele.Vance@Contoso.com".into();
    b.opened(
        b.at(3, 9, 55),
        laptop,
        u.lure,
        (p.adele, Named::Both),
        TEAMS,
    );
    b.warned(b.at(3, 9, 51), laptop, u.lure, Some((p.adele, Named::Both)));
    // Brent has no UPN in device events, and his ids are in capitals.
    let open = b.opened(
        b.at(4, 9, 0),
        tower,
        u.by_address,
        (p.brent, Named::Id),
        TEAMS,
    );
    let warning = b.warned(
        b.at(4, 9, 1),
        tower,
        u.by_address,
        Some((p.brent, Named::Id)),
    );
    for row in [open, warning] {
        let row = &mut b.world.tables.device_events[row];
        row.object_id = row.object_id.to_uppercase();
        row.device_id = row.device_id.to_uppercase();
    }
    // A name that no directory has, on a shared machine; its url is risky but stands in no message.
    b.opened(
        b.at(5, 9, 0),
        kiosk,
        u.opened_only,
        (p.phantom, Named::Upn),
        TEAMS,
    );
    let warning = b.warned(b.at(5, 9, 1), kiosk, u.opened_only, None);
    // The same row ingested twice.
    let twice = b.world.tables.device_events[warning].clone();
    b.world.tables.device_events.push(twice);
    // Warned about, not risky.
    b.opened(
        b.at(6, 9, 0),
        laptop,
        u.warned_only,
        (p.adele, Named::Upn),
        "msteams.exe",
    );
    b.warned(
        b.at(6, 9, 0),
        laptop,
        u.warned_only,
        Some((p.adele, Named::Upn)),
    );
    // None of these come from Teams: opened by Outlook; warned without an opening; another device.
    b.opened(
        b.at(6, 10, 0),
        tower,
        u.idn,
        (p.brent, Named::Id),
        "outlook.exe",
    );
    b.warned(b.at(6, 10, 1), tower, u.idn, Some((p.brent, Named::Id)));
    b.warned(b.at(6, 10, 2), kiosk, u.warned_only, None);
    // A local file: RemoteUrl is a path.
    for action in ["BrowserLaunchedToOpenUrl", "SmartScreenUrlWarning"] {
        let row = b.device_event(
            action,
            b.at(6, 11, 0),
            tower,
            u.guide,
            Some((p.brent, Named::Id)),
            TEAMS,
        );
        let row = &mut b.world.tables.device_events[row];
        row.url = "C:\\Users\\brent\\Downloads\\report.html".into();
        row.fact_link = None;
    }
    // Outside the window.
    b.opened(b.at(-1, 9, 0), kiosk, u.late, (p.hana, Named::Both), TEAMS);
    b.warned(b.at(-1, 9, 1), kiosk, u.late, Some((p.hana, Named::Both)));

    // Clicks in Teams: blocked, clicked through, with a threat; and one that nobody stopped.
    b.click(
        b.at(3, 11, 0),
        p.carla,
        u.lure,
        "ClickBlocked",
        "Phish",
        false,
    );
    b.click(
        b.at(3, 11, 1),
        p.carla,
        u.lure,
        "ClickBlocked",
        "Phish",
        true,
    );
    let first = b.click(
        b.at(7, 16, 0),
        p.erin,
        u.token,
        "ClickAllowed",
        "Phish",
        false,
    );
    let mut again = b.world.tables.clicks[first].clone();
    again.clicked_through = None;
    again.time += Duration::minutes(3);
    again.report = "again".into();
    b.world.tables.clicks.push(again);
    b.click(b.at(8, 9, 0), p.hana, u.lure, "ClickAllowed", "", false);
    let mail = b.click(
        b.at(8, 9, 30),
        p.obrien,
        u.lure,
        "ClickBlocked",
        "Phish",
        false,
    );
    b.world.tables.clicks[mail].workload = "Email";
    b.click(b.at(9, 9, 0), p.gita, u.guide, "ClickAllowed", "", false);
    b.click(
        b.at(-2, 9, 0),
        p.ivan,
        u.lure,
        "ClickBlocked",
        "Phish",
        false,
    );

    // Defender knows two threats: by the url, and by the message. And some messages that Graph gives too: one in a
    // chat, and a reply.
    for (link, named, message_threats, url_threats) in [
        (u.lure, Named::Both, "", "Phish"),
        (u.shared_file, Named::Upn, "Phish, Malware", ""),
        (u.idn, Named::Both, "", ""),
    ] {
        let holds = |m: &Message| m.links.iter().any(|x| x.link == link);
        let message = b.world.messages.iter().position(holds).unwrap_or_default();
        b.flagged(message, named, message_threats, url_threats);
    }
    let of_lure = |m: &Message| m.links.iter().any(|x| x.link == u.lure);
    let messages = b.world.messages.iter();
    let in_chat = messages.clone().position(|m| {
        let place = matches!(m.place, Place::Chat(_));
        place && m.sender == Some(p.dario) && of_lure(m)
    });
    let reply = messages
        .clone()
        .position(|m| m.root.is_some() && of_lure(m));
    for message in [in_chat, reply].into_iter().flatten() {
        b.seen(message);
    }
}

/// Connections within the last seven days.
pub(super) fn pivots(b: &mut Builder, p: &People, u: &Urls) {
    let (laptop, tower, kiosk) = (0, 1, 2);
    let server = b.device("srv-build.contoso.com");
    b.addresses(
        laptop,
        b.at(25, 8, 0),
        4,
        &["192.0.2.10", "fe80::39f0:832a:89a1:f6e1"],
    );
    // The address wanders from the laptop to the kiosk, and is shared within one hour.
    b.addresses(kiosk, b.at(25, 12, 0), 2, &["192.0.2.10"]);
    b.addresses(server, b.at(25, 13, 0), 1, &["192.0.2.10", "192.0.2.40"]);
    b.addresses(server, b.at(20, 8, 0), 2, &["192.0.2.40"]);
    let bad = "login.micros0ft-verify.example";
    let exact = format!("https://{bad}/oauth?client=1&state=a");
    b.proxied(
        b.at(25, 8, 20),
        "192.0.2.10",
        &exact,
        bad,
        About::Url(u.lure),
    );
    b.proxied(
        b.at(25, 8, 59),
        "192.0.2.10",
        &exact[8..],
        "",
        About::Url(u.lure),
    );
    b.proxied(
        b.at(25, 9, 0),
        "192.0.2.10",
        &format!("\"{exact}\""),
        bad,
        About::Url(u.lure),
    );
    b.proxied(
        b.at(25, 9, 5),
        "192.0.2.10",
        &format!("https://{bad}/favicon.ico"),
        bad,
        About::HostOf(u.lure),
    );
    b.proxied(
        b.at(25, 12, 10),
        "192.0.2.10",
        "",
        bad,
        About::HostOf(u.lure),
    );
    b.proxied(
        b.at(25, 13, 10),
        "192.0.2.10",
        &format!("{bad}:443"),
        "",
        About::HostOf(u.lure),
    );
    // No device had this address; a look-alike; a shared host; eight days ago.
    b.proxied(
        b.at(25, 14, 0),
        "192.0.2.99",
        &exact,
        bad,
        About::Url(u.lure),
    );
    b.proxied(
        b.at(25, 8, 30),
        "192.0.2.10",
        &format!("https://ok.example/?next={bad}"),
        "ok.example",
        About::Other,
    );
    b.proxied(
        b.at(25, 8, 31),
        "192.0.2.10",
        "https://fabrikam-my.sharepoint.com/",
        "fabrikam-my.sharepoint.com",
        About::HostOf(u.shared_file),
    );
    b.proxied(
        b.at(25, 8, 32),
        "192.0.2.10",
        "https://fabrikam-my.sharepoint.com/personal/x/Documents/Invoice%20(1).html",
        "fabrikam-my.sharepoint.com",
        About::Url(u.shared_file),
    );
    b.proxied(
        b.at(20, 8, 30),
        "192.0.2.40",
        &exact,
        bad,
        About::Url(u.lure),
    );

    // Defender saw the address lure with its port, and only the host of another.
    b.connected(
        b.at(26, 9, 0),
        tower,
        "http://203.0.113.66:8080/dl/invoice.exe",
        About::Url(u.by_address),
        Some((p.brent, Named::Id)),
    );
    b.connected(
        b.at(26, 9, 1),
        tower,
        "203.0.113.66",
        About::HostOf(u.by_address),
        Some((p.brent, Named::Id)),
    );
    b.connected(
        b.at(26, 9, 2),
        laptop,
        "evil-share.example",
        About::HostOf(u.chat_only),
        Some((p.ivan, Named::Both)),
    );
    b.connected(
        b.at(26, 9, 4),
        laptop,
        "evil-share.example",
        About::HostOf(u.chat_only),
        Some((p.ivan, Named::Both)),
    );
    b.connected(
        b.at(26, 9, 3),
        server,
        "not-evil-share.example",
        About::Other,
        None,
    );
    b.connected(b.at(26, 9, 5), server, bad, About::HostOf(u.lure), None);
}

pub(super) fn alerts(b: &mut Builder, p: &People, u: &Urls) {
    let w = b.world.clone();
    // Three rows of one alert, of which the newest names a host by reference and an account.
    let id = "c0ffee00-0000-4000-8000-00000000a001";
    b.alert(
        id,
        "Phishing link opened",
        b.at(3, 12, 0),
        Entities::new()
            .noise()
            .other_url("https://elsewhere.example/"),
    );
    let newest = Entities::new()
        .noise()
        .url(&w, u.lure, "Url")
        .host_by_reference(&w, 0)
        .account(&w, p.adele, Named::Both);
    b.alert(id, "Phishing link opened", b.at(3, 14, 0), newest);
    b.alert(
        id,
        "Phishing link opened",
        b.at(3, 13, 0),
        Entities::new()
            .url(&w, u.lure, "url")
            .unmanaged("wrong-host"),
    );
    // One that names two risky urls, an account by UPN that nothing else knows, and a stray machine.
    let two = Entities::new()
        .url(&w, u.by_address, "URL")
        .url(&w, u.chat_only, "url")
        .account(&w, p.crowd[9], Named::Upn)
        .unmanaged("legacy-99");
    let row = b.alert(
        "c0ffee00-0000-4000-8000-00000000a002",
        "",
        b.at(20, 9, 0),
        two,
    );
    b.world.tables.alerts[row].start = None;
    // Defender raised both, and the workspace names its id for the first.
    for row in b.world.tables.alerts.iter_mut().filter(|row| row.id == id) {
        row.vendor_id = "da638972227677560813_-961444813".into();
    }
    // Closed: its newest row no longer names the url. Another: only a sibling path on the host.
    let closed = "c0ffee00-0000-4000-8000-00000000a003";
    b.alert(
        closed,
        "Closed",
        b.at(10, 9, 0),
        Entities::new().url(&w, u.lure, "url"),
    );
    b.alert(closed, "Closed", b.at(10, 10, 0), Entities::new().noise());
    b.alert(
        "c0ffee00-0000-4000-8000-00000000a004",
        "Sibling",
        b.at(11, 9, 0),
        Entities::new().other_url("https://login.micros0ft-verify.example/favicon.ico"),
    );
    // About a url that is not risky, and one outside the window.
    b.alert(
        "c0ffee00-0000-4000-8000-00000000a005",
        "Harmless",
        b.at(12, 9, 0),
        Entities::new().url(&w, u.guide, "url").host(&w, 1, true),
    );
    b.alert(
        "c0ffee00-0000-4000-8000-00000000a006",
        "Old",
        b.at(-4, 9, 0),
        Entities::new().url(&w, u.lure, "url"),
    );
}
