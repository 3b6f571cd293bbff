//! The demo: a month at an invented company, two lures that pass through it in three days, and a third that comes from
//! outside on the last of them.

mod chatter;
mod desk;
mod incident;

use super::World;
use super::build::Builder;
use super::facts::*;

/// The cast, by name where the incident needs one.
struct Cast {
    mila: UserIx,
    jonas: UserIx,
    priya: UserIx,
    tom: UserIx,
    lena: UserIx,
    omar: UserIx,
    sara: UserIx,
    erik: UserIx,
    vera: UserIx,
    notes: UserIx,
    others: Vec<UserIx>,
}

/// Channels by what is talked about there.
struct Rooms {
    finance: Place,
    close: Place,
    announcements: Place,
    benefits: Place,
    reliability: Place,
    postmortems: Place,
    supply: Place,
    invoices: Place,
    sales: Place,
    tenders: Place,
}

/// What was shared.
struct Shared {
    payroll: LinkIx,
    payroll_again: LinkIx,
    invoice: LinkIx,
    harmless: Vec<LinkIx>,
}

pub(super) fn build(seed: u64, anchor: Time) -> World {
    let mut b = Builder::new(seed, "demo", anchor);
    b.world.absent_tables = vec!["DeviceNetworkEvents"];
    let cast = cast(&mut b);
    let rooms = rooms(&mut b, &cast);
    let shared = shared(&mut b);
    chatter::write(&mut b, &cast, &rooms, &shared);
    incident::write(&mut b, &cast, &rooms, &shared);
    incident::log(&mut b, &cast, &shared);
    desk::write(&mut b, &cast);
    b.finish()
}

fn cast(b: &mut Builder) -> Cast {
    use Kind::*;
    let mut member =
        |upn: &str, name: &str| b.user(Member, &format!("{upn}@contoso.com"), Some(name));
    let mila = member("mila.hoffmann", "Mila Hoffmann");
    let jonas = member("jonas.berg", "Jonas Berg");
    let priya = member("priya.nair", "Priya Nair");
    let tom = member("tom.arends", "Tom Arends");
    let lena = member("lena.kowalska", "Lena Kowalska");
    let omar = member("omar.haddad", "Omar Haddad");
    let sara = member("sara.lindqvist", "Sara Lindqvist");
    let others = [
        ("ana.ribeiro", "Ana Ribeiro"),
        ("ben.achterberg", "Ben Achterberg"),
        ("chloe.martel", "Chloé Martel"),
        ("diego.salas", "Diego Salas"),
        ("emeka.obi", "Emeka Obi"),
        ("freya.dahl", "Freya Dahl"),
        ("goran.ilic", "Goran Ilić"),
        ("hye-jin.seo", "Hye-jin Seo"),
        ("ines.carvalho", "Inês Carvalho"),
        ("jakub.novotny", "Jakub Novotný"),
        ("kaito.mori", "Kaito Mori"),
        ("liam.oconnor", "Liam O'Connor"),
        ("maja.vuk", "Maja Vuk"),
        ("nadia.benali", "Nadia Benali"),
        ("oskar.lund", "Oskar Lund"),
        ("petra.simic", "Petra Šimić"),
        ("quentin.roux", "Quentin Roux"),
        ("rosa.delgado", "Rosa Delgado"),
        ("stefan.weiss", "Stefan Weiß"),
        ("tala.haidari", "Tala Haidari"),
    ]
    .map(|(upn, name)| member(upn, name))
    .to_vec();
    Cast {
        mila,
        jonas,
        priya,
        tom,
        lena,
        omar,
        sara,
        erik: b.user(
            Guest,
            "erik.solberg_fabrikam.com#EXT#@contoso.onmicrosoft.com",
            Some("Erik Solberg (Fabrikam)"),
        ),
        vera: b.user(External, "vera.lang@litwareinc.com", Some("Vera Lang")),
        notes: b.user(Bot, "", Some("Release Notes")),
        others,
    }
}

fn rooms(b: &mut Builder, cast: &Cast) -> Rooms {
    let group = |named: &[UserIx], others: std::ops::Range<usize>| -> Vec<UserIx> {
        named
            .iter()
            .copied()
            .chain(cast.others[others].iter().copied())
            .collect()
    };
    let finance = b.team(
        "Finance Operations",
        &group(&[cast.mila, cast.jonas, cast.priya, cast.tom], 0..5),
    );
    let people = b.team(
        "People & Culture",
        &group(
            &[cast.mila, cast.lena, cast.tom, cast.omar, cast.sara],
            0..14,
        ),
    );
    let reliability = b.team("Site Reliability", &group(&[cast.sara, cast.omar], 5..11));
    let supply = b.team(
        "Fabrikam Supply Project",
        &group(&[cast.priya, cast.jonas, cast.erik, cast.lena], 11..15),
    );
    let sales = b.team("Sales EMEA", &group(&[], 14..20));
    Rooms {
        finance: b.channel(finance, "General", "standard"),
        close: b.channel(finance, "Month-end close", "private"),
        announcements: b.channel(people, "Announcements", "standard"),
        benefits: b.channel(people, "Benefits & payroll", "standard"),
        reliability: b.channel(reliability, "General", "standard"),
        postmortems: b.channel(reliability, "Postmortems", "standard"),
        supply: b.channel(supply, "General", "shared"),
        invoices: b.channel(supply, "Invoices", "shared"),
        sales: b.channel(sales, "General", "standard"),
        tenders: b.channel(sales, "Tenders", "private"),
    }
}

fn shared(b: &mut Builder) -> Shared {
    let payroll = b.link(
        "https",
        "login.contoso-payroll.example",
        "/oauth2/authorize?client_id=hr&state=8f21",
    );
    let payroll_again = b.link("https", "login.contoso-payroll.example", "/mfa/confirm");
    let invoice = b.link("https", "view.fabrikam-invoices.example", "/INV-20418.html");
    b.rated(payroll, Otx::Pulses(3), XForce::Score(8.6));
    b.rated(payroll_again, Otx::NullPulses, XForce::NullScore);
    b.rated(invoice, Otx::Pulses(1), XForce::TextScore("5.7"));
    let outside = [
        ("docs.fabrikam.example", "/supply/portal/getting-started"),
        (
            "docs.fabrikam.example",
            "/supply/portal/returns?lang=en&v=2",
        ),
        ("www.fabrikam.example", "/catalogue/2026/autumn"),
        ("status.litware.example", "/incidents/2026-10"),
        ("status.litware.example", "/"),
        ("www.litware.example", "/blog/release-notes-8-2"),
        ("tenders.wideworldimporters.example", "/notice/77120"),
        ("tenders.wideworldimporters.example", "/notice/77344"),
        ("news.tailspin.example", "/energy/grid-balancing-explained"),
        ("news.tailspin.example", "/markets/october-outlook"),
        ("www.adventure-works.example", "/conference/programme"),
        ("maps.adventure-works.example", "/venues/harbour-hall"),
        ("learn.proseware.example", "/courses/spreadsheets/level-2"),
        ("learn.proseware.example", "/courses/security-basics"),
        (
            "forum.northwind.example",
            "/t/reconciling-partial-shipments/4410",
        ),
        ("tools.northwind.example", "/currency?from=EUR&to=NOK"),
    ];
    let mut harmless = Vec::new();
    for (n, (host, rest)) in outside.into_iter().enumerate() {
        let link = b.link("https", host, rest);
        match n % 4 {
            0 => b.rated(link, Otx::Miss, XForce::Score(1.0)),
            1 => b.rated(link, Otx::Miss, XForce::NullScore),
            2 => b.rated(link, Otx::NullPulses, XForce::Miss),
            _ => b.rated(link, Otx::Miss, XForce::Score(1.3)),
        };
        harmless.push(link);
    }
    for rest in [
        "/contoso/meter-gateway/pull/812",
        "/contoso/meter-gateway/issues/790",
    ] {
        let link = b.link("https", "github.com", rest);
        b.with(link, |l| l.shared = true);
        harmless.push(b.rated(link, Otx::Whitelisted(2), XForce::Score(1.0)));
    }
    let own = [
        ("intranet.contoso.com", "/finance/close-calendar"),
        ("intranet.contoso.com", "/people/benefits/2027"),
        ("runbooks.contoso.com", "/gateway/failover"),
        (
            "contoso.sharepoint.com",
            "/sites/finance/Shared%20Documents/Accruals.xlsx",
        ),
        (
            "contoso.sharepoint.com",
            "/sites/supply/Shared%20Documents/Forecast%20Q4.xlsx",
        ),
    ];
    for (host, rest) in own {
        let link = b.link("https", host, rest);
        b.with(link, |l| l.internal = true);
        harmless.push(link);
    }
    Shared {
        payroll,
        payroll_again,
        invoice,
        harmless,
    }
}
