"""alerts: which alerts name a needle, and which of an alert's rows speaks for it."""

import pytest

from rows import ENTITIES, NEEDLE, alert
from workspace import at


def test_an_alert_is_returned_in_full(workspace):
    alert(workspace)
    assert workspace.run("alerts", NEEDLE) == [
        {
            "alert_id": "a-1",
            "vendor_id": "fa-1",
            "name": "A link was clicked",
            "severity": "High",
            "provider": "OATP",
            "product": "Microsoft Defender for Office 365",
            "time": at("09:30"),
            "generated": at("10:00"),
            "status": "New",
            "tactics": "InitialAccess",
            "entities": ENTITIES,
        }
    ]


def test_the_newest_row_speaks_for_the_alert(workspace):
    alert(workspace, at("10:05"), Status="InProgress")
    alert(workspace, at("10:09"), Status="Resolved", AlertSeverity="Low")
    alert(workspace, at("10:00"), Status="New")
    alert(workspace, at("10:01"), id="a-2")
    rows = workspace.run("alerts", NEEDLE)
    assert [(row["alert_id"], row["status"], row["severity"], row["generated"]) for row in rows] == [
        ("a-1", "Resolved", "Low", at("10:09")),
        ("a-2", "New", "High", at("10:01")),
    ]


def test_what_an_older_row_named_no_longer_counts(workspace):
    alert(workspace, at("10:00"))
    alert(workspace, at("10:05"), entities="[]")
    assert workspace.run("alerts", NEEDLE) == []


def test_what_only_the_newest_row_names_counts(workspace):
    alert(workspace, at("10:00"), entities="[]")
    alert(workspace, at("10:05"))
    assert [row["generated"] for row in workspace.run("alerts", NEEDLE)] == [at("10:05")]


def test_the_display_name_comes_first_and_the_start_too(workspace):
    alert(workspace, id="a-1", DisplayName="")
    alert(workspace, id="a-2", StartTime=None)
    first, second = workspace.run("alerts", NEEDLE)
    assert (first["name"], first["time"]) == ("Potentially malicious URL click", at("09:30"))
    assert (second["name"], second["time"]) == ("A link was clicked", at("10:00"))


@pytest.mark.parametrize(
    ("entities", "wanted"),
    [
        ('[{"Url":"https://login.evil.example/a","Type":"url"}]', True),
        ('[{"Url":"HTTPS://LOGIN.EVIL.EXAMPLE/A","Type":"Url"}]', True),
        ('[{"Url":"https:\\/\\/login.evil.example\\/a","Type":"url"}]', True),
        ('[{"Url":"https:\\u002f\\u002flogin.evil.example\\u002fa","Type":"url"}]', True),
        ('[\n  {\n    "DomainName": "login.evil.example"\n  }\n]', True),
        ("not json, but login.evil.example all the same", True),
        ('[{"Url":"https://login.evil.example/a","Type":"url"}', True),
        ('[{"Url":"https://mylogin.evil.example/a","Type":"url"}]', False),
        ('[{"HostName":"d1","Type":"host"}]', False),
        ("", False),
    ],
)
def test_a_needle_is_found_in_the_entities(workspace, entities, wanted):
    alert(workspace, entities=entities)
    assert [row["entities"] for row in workspace.run("alerts", NEEDLE)] == ([entities] if wanted else [])


@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002f"])
def test_a_path_is_found_whatever_its_escapes(workspace, slash):
    alert(workspace, entities='[{"Url":"https://contoso.sharepoint.com/sites/a/b"}]'.replace("/", slash))
    assert len(workspace.run("alerts", "contoso.sharepoint.com/sites/a")) == 1
    assert workspace.run("alerts", "contoso.sharepoint.com/sites/b") == []


@pytest.mark.parametrize("name", ["bücher.example", "b\\u00fccher.example", "b\\u00FCcher.example"])
def test_an_international_name_is_found_whatever_its_escapes(workspace, name):
    alert(workspace, entities=f'[{{"Url":"https://{name}/"}}]')
    assert len(workspace.run("alerts", "bücher.example")) == 1


def test_rows_without_an_id_are_left_out(workspace):
    alert(workspace, id="")
    assert workspace.run("alerts", NEEDLE) == []


def test_no_needle_finds_nothing(workspace):
    alert(workspace)
    assert workspace.run("alerts") == []


def test_an_alert_belongs_to_the_slice_of_its_newest_row(workspace):
    alert(workspace, at("10:00"), Status="New")
    alert(workspace, at("11:00"), Status="Resolved")
    assert workspace.run("alerts", NEEDLE, slice=(at("10:00"), at("11:00"))) == []
    assert [row["status"] for row in workspace.run("alerts", NEEDLE, slice=(at("11:00"), at("12:00")))] == [
        "Resolved"
    ]


def test_what_only_an_older_row_names_is_not_found_in_its_slice_either(workspace):
    alert(workspace, at("10:00"), Status="New")
    alert(workspace, at("11:00"), Status="Resolved", entities="[]")
    for slice in [("10:00", "12:00"), ("10:00", "11:00"), ("11:00", "12:00")]:
        assert workspace.run("alerts", NEEDLE, slice=tuple(map(at, slice))) == []
