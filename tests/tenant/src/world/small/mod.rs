//! The small world. One incident, told so that each trap of the outside APIs stands in it once and
//! everything can be counted by hand; `tests/selftest/truth.rs` holds those counts as literals.

mod logs;

use super::World;
use super::build::Builder;
use super::draft::Draft;
use super::facts::*;
use logs::{alerts, pivots, seeds};

struct People {
    adele: UserIx,
    brent: UserIx,
    carla: UserIx,
    dario: UserIx,
    erin: UserIx,
    felix: UserIx,
    bot: UserIx,
    anonymous: UserIx,
    gita: UserIx,
    hana: UserIx,
    ivan: UserIx,
    jo: UserIx,
    obrien: UserIx,
    phantom: UserIx,
    crowd: Vec<UserIx>,
}

struct Urls {
    lure: LinkIx,
    sibling: LinkIx,
    by_address: LinkIx,
    chat_only: LinkIx,
    shared_file: LinkIx,
    token: LinkIx,
    userinfo: LinkIx,
    opened_only: LinkIx,
    warned_only: LinkIx,
    guide: LinkIx,
    news: LinkIx,
    tools: LinkIx,
    wiki: LinkIx,
    own_site: LinkIx,
    intranet: LinkIx,
    private: LinkIx,
    idn: LinkIx,
    unseen: LinkIx,
    late: LinkIx,
}

struct Places {
    finance: Place,
    payroll: Place,
    rnd: Place,
    joint: Place,
    leadership: Place,
    team_rnd: TeamIx,
}

pub(super) fn build(seed: u64, anchor: Time) -> World {
    build_for("contoso", seed, anchor)
}

/// The same story in an organisation of another name.
pub(super) fn build_for(own: &'static str, seed: u64, anchor: Time) -> World {
    let mut b = Builder::new(seed, "small", anchor);
    b.own = own;
    for domain in &mut b.world.internal_domains {
        *domain = domain.replace("contoso", own);
    }
    let p = people(&mut b);
    let u = urls(&mut b);
    let places = places(&mut b, &p);
    channel_messages(&mut b, &p, &u, &places);
    odd_channel_messages(&mut b, &p, &u, &places);
    chats(&mut b, &p, &u);
    seeds(&mut b, &p, &u);
    pivots(&mut b, &p, &u);
    alerts(&mut b, &p, &u);
    b.finish()
}

fn people(b: &mut Builder) -> People {
    use Kind::*;
    let hostile = "\u{1b}[31mGita\u{1b}[0m \u{202e}\"atiG\"\n')]; drop //";
    let phantom = "x\"y/..\\z\n\")]; drop table users //#EXT#@contoso.com";
    People {
        adele: b.user(Member, "adele.vance@contoso.com", Some("Adele Vance")),
        brent: b.user(Member, "brent@contoso.com", Some("Brent Okafor")),
        carla: b.user(Member, "carla@contoso.com", Some("Carla Ruiz")),
        dario: b.user(Member, "dario@contoso.com", Some("Dario Conti")),
        erin: b.user(
            Guest,
            "erin_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            Some("Erin (Fabrikam)"),
        ),
        felix: b.user(External, "felix@adatum.com", Some("Felix Adatum")),
        bot: b.user(Bot, "", Some("Build Notifier")),
        anonymous: b.user(Anonymous, "", Some("Someone (Guest)")),
        gita: b.user(Member, "gita@contoso.com", Some(hostile)),
        hana: b.user(Member, "hana@contoso.com", Some("Hana Lind")),
        ivan: b.user(Member, "ivan@contoso.com", Some("Ivan Petrov")),
        jo: b.user(Member, "jo@contoso.com", None),
        obrien: b.user(Member, "o'brien@contoso.com", Some("Maeve O'Brien")),
        phantom: b.user(Phantom, phantom, None),
        crowd: (1..=27)
            .map(|n| {
                b.user(
                    Member,
                    &format!("worker{n:02}@contoso.com"),
                    Some(&format!("Worker {n:02}")),
                )
            })
            .collect(),
    }
}

fn urls(b: &mut Builder) -> Urls {
    let bad = "login.micros0ft-verify.example";
    let lure = b.link("https", bad, "/oauth?client=1&state=a");
    let sibling = b.link("https", bad, "/mfa");
    let by_address = b.link("http", "203.0.113.66", "/dl/invoice.exe");
    b.with(by_address, |l| l.port = Some(8080));
    let chat_only = b.link("https", "evil-share.example", "/doc?id=7");
    let shared_file = b.link(
        "https",
        "fabrikam-my.sharepoint.com",
        "/personal/x/Documents/Invoice%20(1).html",
    );
    let token = b.link(
        "https",
        "ipfs-gateway.example",
        "/ipfs/bafy/index.html#victim@contoso.com",
    );
    let userinfo = b.link("https", "evil-userinfo.example", "/x");
    b.with(userinfo, |l| l.userinfo = Some("login.microsoftonline.com"));
    let opened_only = b.link("https", "opened-only.example", "/p");
    let warned_only = b.link("https", "warned-only.example", "/");
    let guide = b.link("https", "docs.fabrikam.example", "/guide?a=1&b=2");
    let news = b.link("https", "news.adatum.example", "/today");
    let tools = b.link("https", "github.com", "/contoso/tools");
    b.with(tools, |l| l.shared = true);
    let wiki = b.link("https", "wiki.contoso.com", "/page");
    let own_site = b.link("https", "contoso.sharepoint.com", "/sites/a");
    let intranet = b.link("http", "intranet", "/start");
    let private = b.link("http", "10.1.2.3", "/status");
    for internal in [wiki, own_site, intranet, private] {
        b.with(internal, |l| l.internal = true);
    }
    let idn = b.link("https", "xn--bcher-konto-thb.example", "/anmelden");
    b.with(idn, |l| l.unicode_host = "bücher-konto.example".into());
    let unseen = b.link("https", "leadership-only.example", "/secret");
    let late = b.link("https", "late.example", "/after");

    b.rated(lure, Otx::Pulses(2), XForce::Score(7.1));
    b.rated(sibling, Otx::NullPulses, XForce::NullScore);
    b.rated(by_address, Otx::Pulses(1), XForce::Miss);
    b.rated(chat_only, Otx::Miss, XForce::TextScore("6.2"));
    b.rated(shared_file, Otx::Pulses(1), XForce::Score(1.0));
    b.rated(token, Otx::Pulses(3), XForce::Miss);
    b.rated(userinfo, Otx::Miss, XForce::Score(4.3));
    b.rated(opened_only, Otx::Pulses(2), XForce::Miss);
    b.rated(tools, Otx::Whitelisted(4), XForce::Score(1.0));
    b.rated(news, Otx::Miss, XForce::Score(1.9));
    b.rated(unseen, Otx::Pulses(9), XForce::Score(10.0));
    Urls {
        lure,
        sibling,
        by_address,
        chat_only,
        shared_file,
        token,
        userinfo,
        opened_only,
        warned_only,
        guide,
        news,
        tools,
        wiki,
        own_site,
        intranet,
        private,
        idn,
        unseen,
        late,
    }
}

fn places(b: &mut Builder, p: &People) -> Places {
    let finance = b.team("Finance", &[p.adele, p.carla, p.dario]);
    let rnd = b.team("R&D \"Projects\" | 2026", &[p.brent, p.dario, p.obrien]);
    let joint = b.team("Fabrikam joint", &[p.erin, p.adele, p.gita]);
    let leadership = b.team("Leadership", &[p.hana, p.ivan]);
    Places {
        finance: b.channel(finance, "General", "standard"),
        payroll: b.channel(finance, "Payroll", "private"),
        rnd: b.channel(rnd, "Build/Release", "standard"),
        joint: b.channel(joint, "General", "shared"),
        leadership: b.channel(leadership, "General", "standard"),
        team_rnd: rnd,
    }
}

/// Nineteen channel messages of the ordinary kind.
fn channel_messages(b: &mut Builder, p: &People, u: &Urls, at: &Places) {
    // Finance / General: a thread with the lure in its root and again, wrapped, in a reply.
    let root = b.send(
        Draft::by(p.dario, at.finance, b.at(3, 9, 15))
            .says("Quarterly review, sign in first")
            .subject("Quarterly review")
            .urgent()
            .link(u.lure, Style::Lure("https://login.microsoftonline.com/")),
    );
    b.send(
        Draft::by(p.adele, at.finance, b.at(3, 9, 40))
            .says("Thanks!")
            .reply_to(root),
    );
    b.send(
        Draft::by(p.carla, at.finance, b.at(3, 10, 5))
            .says("Is this one right?")
            .reply_to(root)
            .link(u.lure, Style::SafeLinks)
            .link(u.guide, Style::HrefShown),
    );
    // A reply with a link under a root without one: the root becomes a bare node.
    let quiet = b.send(
        Draft::by(p.obrien, at.rnd, b.at(4, 8, 0))
            .says("Who has the installer?")
            .markup(" <a href=\"mailto:o'brien@contoso.com\">mail me</a>"),
    );
    b.send(
        Draft::by(p.dario, at.rnd, b.at(4, 8, 30))
            .says("Here:")
            .reply_to(quiet)
            .link(u.by_address, Style::HrefUnquoted),
    );
    b.send(
        Draft::by(p.obrien, at.rnd, b.at(5, 11, 0))
            .says("Reported, do not open")
            .link(u.by_address, Style::Defanged),
    );
    b.send(Draft::by(p.adele, at.payroll, b.at(6, 7, 45)).link(u.sibling, Style::Href));
    b.send(
        Draft::by(p.carla, at.payroll, b.at(6, 8, 0))
            .link(u.wiki, Style::Href)
            .link(u.own_site, Style::File),
    );
    b.send(
        Draft::by(p.erin, at.joint, b.at(7, 14, 0))
            .says("Our invoice")
            .link(u.shared_file, Style::File),
    );
    // An external sender of a risky url: their own chats are nobody's to read.
    b.send(
        Draft::by(p.felix, at.joint, b.at(7, 15, 30))
            .says("Voicemail")
            .link(u.token, Style::UrlDefenseV3),
    );
    b.send(
        Draft::by(p.bot, at.rnd, b.at(8, 2, 0))
            .says("")
            .link(u.news, Style::ThumbnailCard)
            .link(u.tools, Style::AdaptiveCard),
    );
    b.send(Draft::by(p.gita, at.joint, b.at(9, 9, 0)).link(u.idn, Style::HtmlText));
    b.send(Draft::by(p.brent, at.rnd, b.at(9, 9, 30)).link(u.intranet, Style::PlainText));
    b.send(Draft::by(p.brent, at.rnd, b.at(9, 9, 45)).link(u.private, Style::PlainText));
    b.send(Draft::by(p.adele, at.finance, b.at(10, 12, 0)).says("Lunch?"));
    b.send(
        Draft::by(p.carla, at.finance, b.at(10, 12, 5))
            .says("Picture")
            .markup("<img src=\"https://graph.microsoft.com/v1.0/teams/x/channels/y/messages/1/hostedContents/aWQ/$value\"><a href=\"https://teams.microsoft.com/l/channel/19%3Aabc%40thread.tacv2/General?groupId=1\">General</a>"),
    );
    b.send(Draft::by(p.carla, at.finance, b.at(11, 8, 0)).link(u.guide, Style::UrlDefenseV2));
    b.send(Draft::by(p.dario, at.finance, b.at(12, 8, 0)).link(u.userinfo, Style::Google));
    // Nobody from the seeds is in this team.
    b.send(Draft::by(p.ivan, at.leadership, b.at(12, 9, 0)).link(u.unseen, Style::Href));
}

/// Eleven channel messages that Graph or the audit log tell badly.
fn odd_channel_messages(b: &mut Builder, p: &People, u: &Urls, at: &Places) {
    let gone = Draft::by(p.obrien, at.rnd, b.at(13, 9, 0)).link(u.guide, Style::Href);
    b.send(gone.gone());
    let lost = Draft::by(p.carla, at.payroll, b.at(13, 10, 0))
        .says("Link removed")
        .link(u.news, Style::Href)
        .edited(b.at(13, 11, 0));
    b.send(lost.lost_its_link());
    let deleted = Draft::by(p.dario, at.payroll, b.at(14, 9, 0)).link(u.lure, Style::Href);
    b.send(deleted.deleted(b.at(14, 9, 30)));
    let system = Draft::by(p.dario, at.finance, b.at(14, 10, 0)).system();
    b.send(system);
    let dates = Draft::by(p.brent, at.rnd, b.at(15, 6, 47)).link(u.guide, Style::HtmlText);
    b.send(dates.bad_dates());
    let nobody = Draft::by(p.erin, at.joint, b.at(15, 7, 0)).link(u.news, Style::Interstitial);
    b.send(nobody.sender_null());
    // Written before the window, edited within it.
    let old = Draft::by(p.carla, at.finance, b.at(-3, 9, 0))
        .says("Updated")
        .link(u.tools, Style::Href);
    b.send(old.edited(b.at(2, 9, 0)));
    // Written within the window, touched after it.
    let touched = Draft::by(p.adele, at.finance, b.at(28, 9, 0)).link(u.news, Style::Href);
    b.send(touched.touched(b.at(30, 2, 0)));
    // Outside the window altogether, on either side.
    b.send(Draft::by(p.dario, at.finance, b.at(-2, 9, 0)).link(u.lure, Style::Href));
    b.send(Draft::by(p.dario, at.finance, b.at(30, 9, 0)).link(u.late, Style::Href));
    // Other workloads, and a listed row of another spelling of the same team.
    let again = b.send(Draft::by(p.obrien, at.rnd, b.at(16, 9, 0)).link(u.tools, Style::Forwarded));
    let n = b.world.tables.office.len() - 1;
    b.world.tables.office[n].team = b.world.teams[at.team_rnd].id.to_uppercase();
    let mut decoy = b.world.tables.office[n].clone();
    decoy.workload = "SharePoint";
    decoy.fact_message = None;
    decoy.message = "1".into();
    b.world.tables.office.push(decoy);
    b.office(
        "MessageUpdatedHasLink",
        again,
        Some(p.obrien),
        b.at(16, 9, 5),
    );
    b.office("MessageDeleted", again, Some(p.obrien), b.at(16, 9, 6));
}

/// Fourteen chat messages in six chats.
fn chats(b: &mut Builder, p: &People, u: &Urls) {
    let pair = b.chat("oneOnOne", None, &[p.dario, p.carla]);
    b.send(Draft::by(p.dario, pair, b.at(5, 10, 0)).link(u.lure, Style::SafeLinksOverV3));
    b.send(Draft::by(p.carla, pair, b.at(5, 10, 2)).says("Done"));
    b.send(Draft::by(p.dario, pair, b.at(-1, 10, 0)).link(u.chat_only, Style::Href));

    let mut many = vec![p.dario, p.ivan];
    many.extend(&p.crowd);
    let crowd = b.chat("group", Some("All hands, \"Q4\" planning"), &many);
    b.send(Draft::by(p.ivan, crowd, b.at(6, 9, 0)).link(u.chat_only, Style::Href));
    b.send(Draft::by(p.crowd[3], crowd, b.at(6, 9, 1)).link(u.guide, Style::HrefShown));
    b.send(Draft::by(p.ivan, crowd, b.at(6, 9, 2)).system());
    b.send(Draft::by(p.crowd[4], crowd, b.at(6, 9, 3)).says("ok"));

    let meeting = b.chat(
        "meeting",
        Some("Supplier call"),
        &[p.dario, p.felix, p.anonymous, p.gita],
    );
    b.send(Draft::by(p.anonymous, meeting, b.at(7, 10, 0)).link(u.news, Style::PlainText));
    b.send(
        Draft::by(p.felix, meeting, b.at(7, 10, 1))
            .link(u.userinfo, Style::SignInCard)
            .bad_dates(),
    );

    // Read only in the second round, once Ivan is known as a risky sender.
    let second = b.chat("oneOnOne", None, &[p.ivan, p.jo]);
    b.send(Draft::by(p.ivan, second, b.at(8, 9, 0)).link(u.by_address, Style::Defanged));
    // Jo becomes the third generation, whose chats two rounds do not reach.
    b.send(Draft::by(p.jo, second, b.at(8, 9, 5)).link(u.lure, Style::Href));
    let third = b.chat("group", Some("Not reached"), &[p.jo, p.hana]);
    b.send(Draft::by(p.jo, third, b.at(8, 10, 0)).link(u.unseen, Style::Href));

    // No link in it: no node.
    let quiet = b.chat("group", None, &[p.dario, p.obrien]);
    b.send(Draft::by(p.dario, quiet, b.at(9, 9, 0)).says("Coffee?"));
    // Nobody risky is in it: not to be read by default.
    let private = b.chat("oneOnOne", None, &[p.adele, p.hana]);
    b.send(Draft::by(p.adele, private, b.at(9, 10, 0)).link(u.late, Style::Href));
}
