"""smartscreen and smartscreen_opens: warnings, and what Teams opened on the devices that were warned."""

import pytest

from rows import URL, open_url, warn
from workspace import at

SHARED = {
    "device_id": "d1",
    "device_name": "d1.contoso.example",
    "url": URL,
    "upn": "ada@contoso.example",
    "object_id": "OID-1",
}


def test_a_warning_and_an_opening_are_returned_in_full(workspace):
    open_url(workspace, at("10:00"))
    warn(workspace, at("10:01"))
    assert workspace.run("smartscreen") == [
        {"kind": "warning", "time": at("10:01"), **SHARED, "app": "msedge.exe"},
    ]
    assert workspace.run("smartscreen_opens", "d1") == [
        {"kind": "open", "time": at("10:00"), **SHARED, "app": "ms-teams.exe"},
    ]


@pytest.mark.parametrize(
    "app", ["teams.exe", "Teams.exe", "TEAMS.EXE", "ms-teams.exe", "Ms-Teams.exe", "MSTeams.exe"]
)
def test_every_teams_counts_in_any_case(workspace, app):
    open_url(workspace, at("10:00"), app=app)
    assert [row["app"] for row in workspace.run("smartscreen_opens", "d1")] == [app]


@pytest.mark.parametrize("app", ["outlook.exe", "teams.exe.scr", "notteams.exe", "teams", "msteams.exe ", ""])
def test_other_programs_do_not(workspace, app):
    open_url(workspace, at("10:00"), app=app)
    assert workspace.run("smartscreen_opens", "d1") == []


@pytest.mark.parametrize(
    ("query", "add", "lists"), [("smartscreen", warn, []), ("smartscreen_opens", open_url, ["d1"])]
)
def test_the_same_event_twice_is_two_events_and_a_row_ingested_twice_is_one(workspace, query, add, lists):
    add(workspace, at("10:01"), ReportId=7)
    add(workspace, at("10:01"), ReportId=8)
    add(workspace, at("10:01"), ReportId=8)
    add(workspace, at("10:02"), ReportId=8)
    assert [row["time"] for row in workspace.run(query, *lists)] == [at("10:01"), at("10:01"), at("10:02")]


def test_openings_are_those_of_the_devices_in_any_case(workspace):
    for device in ("d1", "D2", "d3"):
        open_url(workspace, at("10:00"), device=device)
    rows = workspace.run("smartscreen_opens", "D1", "d2")
    assert [row["device_id"] for row in rows] == ["D2", "d1"]
    assert workspace.run("smartscreen_opens") == []


@pytest.mark.parametrize(
    ("query", "add", "lists"), [("smartscreen", warn, []), ("smartscreen_opens", open_url, ["d1"])]
)
def test_events_without_a_url_are_left_out(workspace, query, add, lists):
    add(workspace, at("10:00"), url="")
    assert workspace.run(query, *lists) == []


def test_other_actions_are_neither(workspace):
    warn(workspace, at("10:01"), ActionType="SmartScreenUserOverride")
    assert workspace.run("smartscreen") == []
    open_url(workspace, at("10:01"), ActionType="SmartScreenUrlWarning")
    assert workspace.run("smartscreen_opens", "d1") == []


def test_a_user_known_by_object_id_only_is_kept(workspace):
    open_url(workspace, at("10:00"), InitiatingProcessAccountUpn="")
    (opened,) = workspace.run("smartscreen_opens", "d1")
    assert (opened["upn"], opened["object_id"]) == ("", "OID-1")
