use super::*;

/// One host a line, `#` begins a comment.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
}

fn lookalikes() -> Lookalikes {
    Lookalikes::new(&[
        "contoso.com",
        "contoso.onmicrosoft.com",
        "mail.fabrikam.co.uk",
        "corp.local",
    ])
}

fn reason(host: &str) -> Option<String> {
    let url =
        Url::parse(&format!("https://{host}/")).unwrap_or_else(|error| panic!("{host}: {error}"));
    lookalikes().reason(&url)
}

#[test]
fn reasons_in_words() {
    for (host, expected) in [
        (
            "c\u{43e}ntoso.com",
            "`c\u{43e}ntoso` has the shape of `contoso` in other letters",
        ),
        (
            "invoice-\u{0440}ayments.example.com",
            "`\u{0440}ayments` mixes letters of several scripts",
        ),
        (
            "login.micr0soft.example.net",
            "`micr0soft` is written to be read as `microsoft`",
        ),
        (
            "contoso.com.evil-host.com",
            "carries contoso.com in front of evil-host.com",
        ),
        (
            "contoso-com.evil-host.com",
            "carries contoso.com in front of evil-host.com",
        ),
        (
            "contoso-payroll.com",
            "has the name `contoso`, but contoso-payroll.com is not among its domains",
        ),
        (
            "microsoftlogin.net",
            "has the name `microsoft`, but microsoftlogin.net is not among its domains",
        ),
        (
            "contoso.co",
            "has the name `contoso`, but contoso.co is not among its domains",
        ),
        (
            "www.contosso.com",
            "contosso.com is one letter away from `contoso`",
        ),
        (
            "fabirkam.co.uk",
            "fabirkam.co.uk is one letter away from `fabrikam`",
        ),
    ] {
        assert_eq!(reason(host).as_deref(), Some(expected), "{host}");
    }
    for host in [
        "contoso.com",
        "a.b.contoso.com",
        "contoso.sharepoint.com",
        "contoso-my.sharepoint.com",
        "contoso.zendesk.com",
        "fabrikam.co.uk",
        "login.microsoftonline.com",
        "m\u{fc}nchen.example.de",
        "\u{65e5}\u{672c}\u{8a9e}.jp",
        "corp.local",
        "[2001:db8::1]",
        "192.0.2.1",
        "localhost",
    ] {
        assert_eq!(reason(host), None, "{host}");
    }
}

#[test]
fn how_often_it_is_right() {
    let bad: Vec<&str> = list(include_str!(
        "../../../tests/fixtures/lookalikes/lookalike.txt"
    ))
    .collect();
    let good: Vec<&str> = list(include_str!(
        "../../../tests/fixtures/lookalikes/honest.txt"
    ))
    .collect();
    let missed: Vec<&&str> = bad.iter().filter(|host| reason(host).is_none()).collect();
    let wrong: Vec<String> = good
        .iter()
        .filter_map(|host| Some(format!("{host}: {}", reason(host)?)))
        .collect();
    let found = bad.len() - missed.len();
    let precision = 100.0 * found as f64 / (found + wrong.len()) as f64;
    let recall = 100.0 * found as f64 / bad.len() as f64;
    let line = format!(
        "{} look-alikes and {} honest hosts: precision {precision:.1} %, recall {recall:.1} %",
        bad.len(),
        good.len()
    );
    let docs = include_str!("../../../docs/lookalikes.md");
    assert!(
        docs.contains(&line),
        "docs/lookalikes.md should say:\n{line}\nmissed: {missed:#?}\nwrong: {wrong:#?}"
    );
}
