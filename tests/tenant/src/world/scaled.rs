//! Worlds of any size: everything the small world knows, drawn by chance.

use super::World;
use super::build::Builder;
use super::draft::Draft;
use super::entities::Entities;
use super::facts::*;
use super::logs::{About, Named};
use chrono::Duration;

const STYLES: [Style; 18] = [
    Style::Href,
    Style::Href,
    Style::HrefShown,
    Style::HrefShown,
    Style::HrefUnquoted,
    Style::Lure("https://login.microsoftonline.com/"),
    Style::HtmlText,
    Style::PlainText,
    Style::Defanged,
    Style::SafeLinks,
    Style::SafeLinks,
    Style::Interstitial,
    Style::UrlDefenseV2,
    Style::UrlDefenseV3,
    Style::SafeLinksOverV3,
    Style::AdaptiveCard,
    Style::ThumbnailCard,
    Style::SignInCard,
];

struct Cast {
    members: Vec<UserIx>,
    outsiders: Vec<UserIx>,
    bots: Vec<UserIx>,
    seeds: Vec<UserIx>,
}

struct Urls {
    risky: Vec<LinkIx>,
    harmless: Vec<LinkIx>,
}

pub(super) fn build(messages: usize, seed: u64, anchor: Time) -> World {
    let mut b = Builder::new(seed, &format!("scaled-{messages}"), anchor);
    let cast = cast(&mut b, messages);
    let urls = urls(&mut b, messages);
    let channels = places(&mut b, &cast, messages);
    let chats = chats(&mut b, &cast, messages);
    write(&mut b, &cast, &urls, &channels, messages * 6 / 10);
    write(&mut b, &cast, &urls, &chats, messages - messages * 6 / 10);
    logs(&mut b, &cast, &urls, messages);
    b.seen_all();
    b.finish()
}

fn cast(b: &mut Builder, messages: usize) -> Cast {
    let members: Vec<UserIx> = (0..20 + messages / 25)
        .map(|n| {
            let guest = n % 9 == 8;
            let (kind, upn) = if guest {
                (
                    Kind::Guest,
                    format!("guest{n}_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
                )
            } else {
                (Kind::Member, format!("user.{n}@contoso.com"))
            };
            b.user(kind, &upn, Some(&format!("User \"{n}\"")))
        })
        .collect();
    let outsiders = (0..3 + messages / 400)
        .map(|n| {
            let name = format!("Outsider {n}");
            b.user(
                Kind::External,
                &format!("person{n}@adatum.com"),
                Some(&name),
            )
        })
        .collect();
    let bots = (0..2)
        .map(|n| b.user(Kind::Bot, "", Some(&format!("Bot {n}"))))
        .collect();
    let seeds = members.iter().copied().filter(|m| m % 10 == 1).collect();
    Cast {
        members,
        outsiders,
        bots,
        seeds,
    }
}

fn urls(b: &mut Builder, messages: usize) -> Urls {
    let mut urls = Urls {
        risky: Vec::new(),
        harmless: Vec::new(),
    };
    for n in 0..8 + messages / 120 {
        let link = b.link(
            "https",
            &format!("login{}.evil-{}.example", n % 3, n / 3),
            &format!("/kit/{n}?id={n}&k=v"),
        );
        match n % 4 {
            0 => b.rated(link, Otx::Pulses(2), XForce::Score(9.0)),
            1 => b.rated(link, Otx::Pulses(1), XForce::Miss),
            2 => b.rated(link, Otx::Miss, XForce::TextScore("5.5")),
            _ => b.rated(link, Otx::NullPulses, XForce::Score(2.0)),
        };
        urls.risky.push(link);
    }
    for n in 0..40 + messages / 4 {
        let link = b.link(
            "https",
            &format!("site{}.pages-{}.example", n % 5, n / 7),
            &format!("/article/{n}?a=1&b={n}"),
        );
        match n % 5 {
            0 => b.rated(link, Otx::Miss, XForce::Score(1.0)),
            1 => b.rated(link, Otx::NullPulses, XForce::NullScore),
            2 => b.rated(link, Otx::Whitelisted(1), XForce::Miss),
            _ => b.rated(link, Otx::Miss, XForce::Miss),
        };
        if n % 17 == 16 {
            b.with(link, |l| {
                l.host = format!("app{n}.contoso.com");
                l.unicode_host.clone_from(&l.host);
                l.domain = super::registrable(&l.host);
                l.internal = true;
            });
        }
        urls.harmless.push(link);
    }
    urls
}

/// Draws about `n` different ones of `from`.
fn some(b: &mut Builder, from: &[UserIx], n: usize) -> Vec<UserIx> {
    let mut chosen: Vec<UserIx> = (0..n).map(|_| b.dice.pick(from)).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn places(b: &mut Builder, cast: &Cast, messages: usize) -> Vec<Place> {
    let mut channels = Vec::new();
    for t in 0..3 + messages / 300 {
        let mut members = some(b, &cast.members, 12);
        if t % 4 != 3 {
            members.push(cast.seeds[t % cast.seeds.len()]);
        } else {
            members.retain(|m| !cast.seeds.contains(m));
        }
        members.sort_unstable();
        members.dedup();
        let team = b.team(&format!("Team {t}"), &members);
        for c in 0..3 {
            let membership = if c == 2 { "private" } else { "standard" };
            channels.push(b.channel(team, &format!("Channel {t}.{c}"), membership));
        }
    }
    channels
}

fn chats(b: &mut Builder, cast: &Cast, messages: usize) -> Vec<Place> {
    let mut chats = Vec::new();
    for c in 0..6 + messages / 40 {
        let (kind, size) = match c % 5 {
            0 | 1 => ("oneOnOne", 2),
            4 => ("meeting", 30),
            _ => ("group", 6),
        };
        let mut members = some(b, &cast.members, size);
        if kind == "oneOnOne" {
            let first = cast.members[c % cast.members.len()];
            let second = cast.members[(c * 7 + 1) % cast.members.len()];
            members = vec![
                first,
                if second == first {
                    cast.outsiders[0]
                } else {
                    second
                },
            ];
        } else if c % 2 == 0 {
            members.push(b.dice.pick(&cast.outsiders));
        }
        // Two people have one chat with each other, whatever the dice say.
        let topic = (kind != "oneOnOne").then(|| format!("Topic {c}"));
        let known = |b: &Builder| {
            let ends =
                |x: &Chat| x.kind == "oneOnOne" && members.iter().all(|m| x.members.contains(m));
            b.world.chats.iter().any(ends)
        };
        if kind != "oneOnOne" || !known(b) {
            chats.push(b.chat(kind, topic.as_deref(), &members));
        }
    }
    chats
}

fn write(b: &mut Builder, cast: &Cast, urls: &Urls, places: &[Place], count: usize) {
    let mut roots: Vec<Option<MessageIx>> = vec![None; places.len()];
    for n in 0..count {
        let slot = b.dice.below(places.len());
        let place = places[slot];
        let sender = sender(b, cast, place);
        // Some of it lies before the window, none so late that an edit could leave it.
        let minute = b.dice.below(31 * 24 * 60 - 10) as i64 - 24 * 60;
        let fraction = Duration::milliseconds(1 + n as i64 % 997);
        let at = b.at(0, 0, 0) + Duration::minutes(minute) + fraction;
        let text = format!("Message {n} & more <words>");
        let draft = with_links(b, urls, Draft::by(sender, place, at).says(&text));
        let mut draft = odd(b, cast, draft, at);
        let under = roots[slot].filter(|r| b.world.messages[*r].created < at);
        match under {
            Some(root) if b.dice.chance(50) && matches!(place, Place::Channel(_)) => {
                draft = draft.reply_to(root);
                b.send(draft);
            }
            _ => {
                let message = b.send(draft);
                roots[slot] = Some(message).filter(|m| !b.world.messages[*m].gone);
            }
        }
    }
}

fn sender(b: &mut Builder, cast: &Cast, place: Place) -> UserIx {
    match (place, b.dice.below(50)) {
        (Place::Channel(_), 0) => b.dice.pick(&cast.outsiders),
        (Place::Channel(_), 1) => b.dice.pick(&cast.bots),
        (Place::Channel(_), _) => b.dice.pick(&cast.members),
        (Place::Chat(chat), n) => {
            let members = &b.world.chats[chat].members;
            members[n % members.len()]
        }
    }
}

fn with_links(b: &mut Builder, urls: &Urls, mut draft: Draft) -> Draft {
    let style = b.dice.pick(&STYLES);
    let harmless = b.dice.chance(65);
    if harmless {
        draft = draft.link(b.dice.pick(&urls.harmless), style);
    }
    if b.dice.chance(3) {
        let own = b.dice.pick(&STYLES);
        // A body is text or HTML, not both.
        let style = match (harmless, style, own) {
            (true, Style::PlainText, _) => Style::PlainText,
            (true, _, Style::PlainText) => Style::Href,
            _ => own,
        };
        draft = draft.link(b.dice.pick(&urls.risky), style);
    }
    draft
}

/// Four in a hundred are edited, deleted, lost or reacted to.
fn odd(b: &mut Builder, cast: &Cast, draft: Draft, at: Time) -> Draft {
    let soon = at + Duration::minutes(5);
    let in_channel = draft.in_channel();
    match b.dice.below(100) {
        0 => draft.edited(soon),
        // Only people that the run knows by id: who else sent it is then not in doubt.
        1 if in_channel => draft.sent_by(b.dice.pick(&cast.seeds)).deleted(soon),
        2 if in_channel => draft.sent_by(b.dice.pick(&cast.seeds)).gone(),
        3 => draft.touched(soon),
        _ => draft,
    }
}

fn logs(b: &mut Builder, cast: &Cast, urls: &Urls, messages: usize) {
    let devices: Vec<DeviceIx> = (0..5 + messages / 150)
        .map(|n| b.device(&format!("pc-{n:05}.contoso.com")))
        .collect();
    for (n, user) in cast.seeds.iter().enumerate() {
        let device = devices[n % devices.len()];
        let link = urls.risky[n % urls.risky.len()];
        let at = b.at(1 + n as i64 % 28, 9, n as i64 % 50);
        b.opened(at, device, link, (*user, Named::Both), "ms-teams.exe");
        b.warned(
            at + Duration::seconds(20),
            device,
            link,
            Some((*user, Named::Both)),
        );
        if n % 3 == 0 {
            b.click(at, *user, link, "ClickBlocked", "Phish", n % 2 == 0);
        }
    }
    for n in 0..20 + messages / 50 {
        let user = b.dice.pick(&cast.members);
        let link = if n % 4 == 0 {
            b.dice.pick(&urls.risky)
        } else {
            b.dice.pick(&urls.harmless)
        };
        b.click(
            b.at(n as i64 % 30, 11, n as i64 % 60),
            user,
            link,
            "ClickAllowed",
            "",
            false,
        );
    }
    for (n, device) in devices.iter().enumerate() {
        let address = format!("10.{}.{}.{}", 1 + n / 60_000, (n / 250) % 240, 1 + n % 250);
        let at = b.at(24 + n as i64 % 5, 9, 0);
        b.addresses(*device, at, 2, &[&address]);
        for k in 0..3 {
            let link = b.dice.pick(&urls.risky);
            let facts = b.world.links[link].clone();
            let time = at + Duration::minutes(10 + 13 * k);
            match k {
                0 => b.proxied(time, &address, &facts.url, &facts.host, About::Url(link)),
                1 => b.proxied(time, &address, "", &facts.host, About::HostOf(link)),
                _ => {
                    let user = b.dice.pick(&cast.seeds);
                    b.connected(
                        time,
                        *device,
                        &facts.url,
                        About::Url(link),
                        Some((user, Named::Both)),
                    );
                }
            }
        }
    }
    for n in 0..4 + messages / 500 {
        let link = b.dice.pick(if n % 3 == 0 {
            &urls.harmless
        } else {
            &urls.risky
        });
        let user = b.dice.pick(&cast.seeds);
        let device = b.dice.pick(&devices);
        let entities = Entities::new()
            .url(&b.world, link, "url")
            .account(&b.world, user, Named::Both)
            .host(&b.world, device, true);
        let id = b.dice.guid();
        b.alert(
            &id,
            &format!("Alert {n}"),
            b.at(n as i64 % 29, 13, 0),
            entities,
        );
    }
}
