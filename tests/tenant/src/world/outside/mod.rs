//! A help desk that is none. Somebody in another tenant writes to three people and to a group, and what they write
//! stands in chats which that tenant owns, so that only Defender tells of it. Small enough to be counted by hand, which
//! `tests/selftest/outside.rs` does.

mod logs;

use super::World;
use super::build::Builder;
use super::draft::Draft;
use super::facts::*;

/// The day on which it happens.
const DAY: i64 = 26;
/// The tenant of the help desk.
const ABROAD: &str = "0b5e9c1e-6f0a-4a0e-9d55-5c0d2f6f7a11";

struct People {
    nora: UserIx,
    paul: UserIx,
    ines: UserIx,
    kim: UserIx,
    lars: UserIx,
    mona: UserIx,
    desk: UserIx,
    promo: UserIx,
    tara: UserIx,
    fax: UserIx,
}

struct Urls {
    /// Known to Defender alone.
    lure: LinkIx,
    /// Harmless by itself, and leads on.
    redirect: LinkIx,
    hop: LinkIx,
    /// Where it leads: known to a provider, below a private suffix.
    landing: LinkIx,
    /// A form on a shared service, known to a provider.
    form: LinkIx,
    /// Two of one message, which nobody knows; the other is on a shared service.
    manual: LinkIx,
    slides: LinkIx,
    prize: LinkIx,
    status: LinkIx,
    handbook: LinkIx,
}

struct Chats {
    of_nora: Place,
    of_paul: Place,
    of_ines: Place,
    group: Place,
    of_kim: Place,
    passed_on: Place,
    partner: Place,
    warning: Place,
}

struct Channels {
    operations: Place,
    facilities: Place,
}

/// The messages that logs tell of, in their order.
struct Sent {
    to_nora: MessageIx,
    to_paul: MessageIx,
    to_ines: MessageIx,
    redirecting: MessageIx,
    two_urls: MessageIx,
    spam: MessageIx,
    in_chat: MessageIx,
    in_channel: MessageIx,
    unread_channel: MessageIx,
}

pub(super) fn build(seed: u64, anchor: super::facts::Time) -> World {
    let mut b = Builder::new(seed, "outside", anchor);
    let p = people(&mut b);
    let u = urls(&mut b);
    let channels = channels(&mut b, &p);
    let chats = chats(&mut b, &p);
    let sent = messages(&mut b, &p, &u, &channels, &chats);
    logs::of_messages(&mut b, &p, &sent);
    logs::reports(&mut b, &p);
    logs::clicks(&mut b, &p, &u);
    logs::hosts(&mut b, &u);
    logs::alerts(&mut b, &p, &u, &chats, &sent);
    b.finish()
}

fn people(b: &mut Builder) -> People {
    use Kind::*;
    let mut member = |upn: &str, name: &str| b.user(Member, upn, Some(name));
    let nora = member("nora.frei@contoso.com", "Nora Frei");
    let paul = member("paul.reyes@contoso.com", "Paul Reyes");
    let ines = member("ines.duarte@contoso.com", "Ines Duarte");
    let kim = member("kim.osei@contoso.com", "Kim Osei");
    let lars = member("lars.holm@contoso.com", "Lars Holm");
    let mona = member("mona.weber@contoso.com", "Mona Weber");
    let mut outsider = |upn: &str, name: &str| b.user(External, upn, Some(name));
    let people = People {
        nora,
        paul,
        ines,
        kim,
        lars,
        mona,
        desk: outsider(
            "support@contoso-helpdesk.onmicrosoft.com",
            "Help Desk (Contoso)",
        ),
        promo: outsider("promo@adatum.com", "Adatum Rewards"),
        tara: outsider("tara.lind@fabrikam.com", "Tara Lind (Fabrikam)"),
        fax: outsider("fax@wingtip.example", "Fax"),
    };
    b.world.users[people.desk].home = ABROAD.into();
    people
}

fn urls(b: &mut Builder) -> Urls {
    let lure = b.link("https", "sso.contoso-helpdesk.example", "/verify?u=staff");
    let redirect = b.link("https", "go.tailspin.example", "/out?to=2f8c");
    let hop = b.link("https", "t.tailspin.example", "/c/91");
    let landing = b.link("https", "staff-portal.workers.dev", "/login");
    let form = b.link("https", "docs.google.com", "/forms/d/e/1FAIpQL/viewform");
    let manual = b.link("https", "files.contoso-helpdesk.example", "/manual.pdf");
    let slides = b.link("https", "docs.google.com", "/presentation/d/77/edit");
    let prize = b.link("https", "survey.adatum.example", "/win");
    let status = b.link("https", "status.litware.example", "/");
    let handbook = b.link("https", "intranet.contoso.com", "/handbook");
    b.rated(redirect, Otx::Miss, XForce::Score(1.0));
    b.rated(landing, Otx::Pulses(2), XForce::Miss);
    b.rated(form, Otx::Pulses(1), XForce::Miss);
    b.with(handbook, |l| l.internal = true);
    for link in [form, slides] {
        b.with(link, |l| l.shared = true);
    }
    Urls {
        lure,
        redirect,
        hop,
        landing,
        form,
        manual,
        slides,
        prize,
        status,
        handbook,
    }
}

fn channels(b: &mut Builder, p: &People) -> Channels {
    let operations = b.team("Operations", &[p.paul, p.kim, p.nora]);
    // Nobody in it is met before its message is.
    let facilities = b.team("Facilities", &[p.mona]);
    Channels {
        operations: b.channel(operations, "General", "standard"),
        facilities: b.channel(facilities, "Moves", "standard"),
    }
}

fn chats(b: &mut Builder, p: &People) -> Chats {
    let mut abroad = |kind, topic, members: &[UserIx]| {
        let place = b.chat(kind, topic, members);
        if let Place::Chat(chat) = place {
            b.world.chats[chat].owner = ABROAD.into();
        }
        place
    };
    let of_nora = abroad("oneOnOne", None, &[p.desk, p.nora]);
    let of_paul = abroad("oneOnOne", None, &[p.desk, p.paul]);
    let of_ines = abroad("oneOnOne", None, &[p.desk, p.ines]);
    let group = abroad(
        "group",
        Some("IT Support"),
        &[p.desk, p.nora, p.paul, p.ines, p.kim],
    );
    let of_kim = abroad("oneOnOne", None, &[p.promo, p.kim]);
    Chats {
        of_nora,
        of_paul,
        of_ines,
        group,
        of_kim,
        passed_on: b.chat("oneOnOne", None, &[p.paul, p.mona]),
        partner: b.chat("group", Some("With Fabrikam"), &[p.mona, p.kim, p.tara]),
        warning: b.chat("oneOnOne", None, &[p.nora, p.lars]),
    }
}

/// Twenty-two messages.
fn messages(b: &mut Builder, p: &People, u: &Urls, channels: &Channels, chats: &Chats) -> Sent {
    let at = |b: &Builder, hour, minute| b.at(DAY, hour, minute);
    // Two days before the window, to see who answers.
    b.send(Draft::by(p.desk, chats.of_paul, b.at(-2, 9, 0)).link(u.lure, Style::Href));
    let spam = b.send(Draft::by(p.promo, chats.of_kim, b.at(12, 9, 0)).link(u.prize, Style::Href));

    // The help desk: three people, then the group.
    let desk = |place, hour, minute, b: &Builder| Draft::by(p.desk, place, at(b, hour, minute));
    let says = "Your account expires today. Confirm it here:";
    let draft = desk(chats.of_nora, 8, 0, b).says(says);
    let to_nora = b.send(draft.link(u.lure, Style::Href));
    let draft = desk(chats.of_paul, 8, 2, b).says(says);
    let to_paul = b.send(draft.link(u.lure, Style::Href));
    let draft = desk(chats.of_ines, 8, 4, b).says(says);
    let to_ines = b.send(draft.link(u.lure, Style::Href));
    let draft = desk(chats.group, 8, 10, b).says("Or through the portal:");
    let redirecting = b.send(draft.link(u.redirect, Style::Href));
    let draft = desk(chats.group, 8, 20, b).says("How it is done:");
    let draft = draft.link(u.manual, Style::Href);
    let two_urls = b.send(draft.link(u.slides, Style::Href));
    let draft = desk(chats.of_nora, 8, 30, b).says("All systems work.");
    b.send(draft.link(u.status, Style::Href));

    // Paul believes it and passes it on, in a chat and in a channel, which Graph gives too.
    let draft = Draft::by(p.paul, chats.passed_on, at(b, 10, 0)).says("You too?");
    let in_chat = b.send(draft.link(u.lure, Style::HrefShown));
    let draft = Draft::by(p.paul, channels.operations, at(b, 10, 40))
        .says("Everybody, before noon please:")
        .subject("Accounts")
        .link(u.lure, Style::SafeLinks)
        .edited(at(b, 10, 45));
    let in_channel = b.send(draft);
    let draft = Draft::by(p.kim, channels.operations, at(b, 10, 50))
        .says("This is what we have:")
        .reply_to(in_channel);
    b.send(draft.link(u.handbook, Style::Href));
    // Graph has lost this one; the audit log and Defender have not.
    let draft = Draft::by(p.paul, channels.operations, at(b, 11, 10));
    b.send(draft.link(u.lure, Style::Href).gone());

    // Mona posts what it led to where nobody reads, and the lure in a reply to what has no link.
    let draft = Draft::by(p.mona, channels.facilities, at(b, 11, 0)).says("The new portal:");
    let unread_channel = b.send(draft.link(u.landing, Style::Href));
    let draft = Draft::by(p.mona, channels.facilities, at(b, 11, 2)).says("Who knows the way in?");
    let quiet = b.send(draft);
    let draft = Draft::by(p.mona, channels.facilities, at(b, 11, 4)).reply_to(quiet);
    b.send(draft.link(u.lure, Style::HrefShown));

    // A chat with a partner, which this tenant owns. One of its links is bad, and the chat shows it first.
    let draft = Draft::by(p.tara, chats.partner, at(b, 9, 0)).says("Our status page:");
    b.send(draft.link(u.status, Style::HrefShown));
    let draft = Draft::by(p.mona, chats.partner, at(b, 11, 30)).says("Please sign up:");
    b.send(draft.link(u.form, Style::Href));
    b.send(Draft::by(p.kim, chats.partner, at(b, 11, 31)).says("Will do"));

    // A warning that nobody can open, which Defender does not list.
    let draft = Draft::by(p.nora, chats.warning, at(b, 8, 45)).says("Seen this?");
    b.send(draft.link(u.lure, Style::Defanged));
    // Ordinary days.
    let draft = Draft::by(p.kim, channels.operations, b.at(5, 9, 0));
    b.send(draft.link(u.handbook, Style::Href));
    let draft = Draft::by(p.nora, channels.operations, b.at(6, 9, 0));
    b.send(draft.link(u.status, Style::HtmlText));
    let draft = Draft::by(p.lars, chats.warning, b.at(7, 9, 0));
    b.send(draft.link(u.handbook, Style::Href));
    Sent {
        to_nora,
        to_paul,
        to_ines,
        redirecting,
        two_urls,
        spam,
        in_chat,
        in_channel,
        unread_channel,
    }
}
