"""url_clicks and clicks_on: which clicks of Safe Links are seeds, and which are on a needle."""

import pytest

from rows import URL, click
from workspace import at

FULL = {
    "time": at("10:00"),
    "url": URL,
    "action": "ClickBlocked",
    "upn": "ada@contoso.example",
    "workload": "Teams",
    "ip": "192.0.2.7",
    "threat_types": "Phish",
    "clicked_through": False,
    "app": "Teams",
    "network_message_id": "n-1",
    "report_id": "r-1",
    "chain": '["https://login.evil.example/a", "https://fine.example/"]',
}


@pytest.mark.parametrize(("query", "needles"), [("url_clicks", []), ("clicks_on", ["login.evil.example"])])
def test_a_click_is_returned_in_full_and_once(workspace, query, needles):
    click(workspace, UrlChain=FULL["chain"])
    click(workspace, UrlChain=FULL["chain"])
    assert workspace.run(query, *needles) == [FULL]


@pytest.mark.parametrize(("query", "needles"), [("url_clicks", []), ("clicks_on", ["login.evil.example"])])
def test_clicks_of_one_instant_are_kept_apart_by_their_report(workspace, query, needles):
    click(workspace)
    click(workspace, ReportId="r-2")
    assert [row["report_id"] for row in workspace.run(query, *needles)] == ["r-1", "r-2"]


@pytest.mark.parametrize(
    ("action", "through", "threats", "wanted"),
    [
        ("ClickAllowed", False, "", False),
        ("ClickAllowed", None, "", False),
        ("ClickAllowed", True, "", True),
        ("ClickAllowed", False, "Malware", True),
        ("ClickAllowed", None, "Malware", True),
        ("ClickBlocked", False, "", True),
        ("ClickBlocked", None, "", True),
        ("ClickBlockedByTenantPolicy", False, "", True),
        ("UrlErrorPage", False, "", True),
        ("UrlScanInProgress", False, "", True),
    ],
)
def test_url_clicks_takes_what_was_stopped_clicked_through_or_a_threat(
    workspace, action, through, threats, wanted
):
    click(workspace, ActionType=action, IsClickedThrough=through, ThreatTypes=threats)
    rows = workspace.run("url_clicks")
    assert [(row["action"], row["clicked_through"]) for row in rows] == (
        [(action, bool(through))] if wanted else []
    )


@pytest.mark.parametrize(
    ("workload", "wanted"),
    [("Teams", True), ("teams", True), ("Email", False), ("Office", False), ("", False)],
)
def test_url_clicks_is_about_teams_only_and_clicks_on_about_all(workspace, workload, wanted):
    click(workspace, Workload=workload)
    assert len(workspace.run("url_clicks")) == wanted
    assert [row["workload"] for row in workspace.run("clicks_on", "login.evil.example")] == [workload]


@pytest.mark.parametrize("action", ["ClickAllowed", "ClickBlocked", "UrlErrorPage"])
def test_clicks_on_takes_every_outcome(workspace, action):
    click(workspace, ActionType=action, ThreatTypes="", IsClickedThrough=None)
    assert [row["action"] for row in workspace.run("clicks_on", "login.evil.example")] == [action]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://login.evil.example/a", True),
        ("HTTPS://LOGIN.EVIL.EXAMPLE/A", True),
        ("http://login.evil.example", True),
        ("http://login.evil.example:8080/", True),
        ("http://user@login.evil.example/", True),
        ("login.evil.example/a?b=c#d", True),
        # The loader compares hosts exactly afterwards: a subdomain must reach it.
        ("https://www.login.evil.example/", True),
        ("https://redirect.example/?to=https://login.evil.example", True),
        ("https://loginXevil.example/", False),
        ("https://mylogin.evil.example/", False),
        ("https://login.evil.examples/", False),
        ("https://evil.example/login", False),
        ("https://fine.example/", False),
        ("", False),
    ],
)
def test_a_host_is_found_as_a_whole_wherever_it_stands(workspace, url, wanted):
    click(workspace, Url=url)
    assert len(workspace.run("clicks_on", "other.example", "login.evil.example")) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://contoso.sharepoint.com/sites/a", True),
        ("https://contoso.sharepoint.com/sites/a/b.aspx?x=1", True),
        ("https://contoso.sharepoint.com/Sites/A", True),
        ("https://contoso.sharepoint.com/sites/ab", False),
        ("https://contoso.sharepoint.com/", False),
    ],
)
def test_a_needle_may_be_a_host_with_a_path(workspace, url, wanted):
    click(workspace, Url=url)
    assert len(workspace.run("clicks_on", "contoso.sharepoint.com/sites/a")) == wanted


def test_both_spellings_of_an_international_name_are_found(workspace):
    click(workspace, Url="https://bücher.example/", ReportId="unicode")
    click(workspace, Url="https://xn--bcher-kva.example/", ReportId="punycode")
    rows = workspace.run("clicks_on", "xn--bcher-kva.example", "bücher.example")
    assert {row["report_id"] for row in rows} == {"unicode", "punycode"}


@pytest.mark.parametrize(
    ("chain", "wanted"),
    [
        ('["https://fine.example/","https://login.evil.example/a"]', True),
        ('["https://fine.example/", "https://contoso.sharepoint.com/sites/a/b", "https://end.example/"]', True),
        ('["https:\\/\\/contoso.sharepoint.com\\/sites\\/a"]', True),
        ('["https://contoso.sharepoint.com\\u002fsites\\u002Fa"]', True),
        ('["https://b\\u00fccher.example/"]', True),
        ('["https://contoso.sharepoint.com\\/sites\\/ab"]', False),
        ('["https://mylogin.evil.example/a"]', False),
        ('["https://fine.example/a\\/b"]', False),
        ("[]", False),
        ("", False),
        (None, False),
        ("\\", False),
    ],
)
def test_a_click_that_led_to_a_needle_is_found(workspace, chain, wanted):
    click(workspace, Url="https://start.example/", UrlChain=chain)
    needles = ("login.evil.example", "contoso.sharepoint.com/sites/a", "bücher.example")
    assert [row["chain"] for row in workspace.run("clicks_on", *needles)] == ([chain] if wanted else [])


def test_no_needle_finds_nothing(workspace):
    click(workspace, UrlChain='["\\\\"]')
    assert workspace.run("clicks_on") == []
