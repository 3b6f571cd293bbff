"""smartscreen: which warnings came from Teams, and which openings were warned about."""

import pytest

from rows import URL, open_url, warn
from workspace import at


def kinds(rows):
    return [(row["kind"], row["time"], row["device_id"], row["url"]) for row in rows]


def test_a_warning_and_its_opening_are_both_returned_in_full(workspace):
    open_url(workspace, at("10:00"))
    warn(workspace, at("10:01"))
    shared = {
        "device_id": "d1",
        "device_name": "d1.contoso.example",
        "url": URL,
        "upn": "ada@contoso.example",
        "object_id": "OID-1",
    }
    assert workspace.run("smartscreen") == [
        {"kind": "open", "time": at("10:00"), **shared, "app": "ms-teams.exe"},
        {"kind": "warning", "time": at("10:01"), **shared, "app": "msedge.exe"},
    ]


@pytest.mark.parametrize(
    "app", ["teams.exe", "Teams.exe", "TEAMS.EXE", "ms-teams.exe", "Ms-Teams.exe", "MSTeams.exe"]
)
def test_every_teams_counts_in_any_case(workspace, app):
    open_url(workspace, at("10:00"), app=app)
    warn(workspace, at("10:01"))
    rows = workspace.run("smartscreen")
    assert [(row["kind"], row["app"]) for row in rows] == [("open", app), ("warning", "msedge.exe")]


@pytest.mark.parametrize("app", ["outlook.exe", "teams.exe.scr", "notteams.exe", "teams", "msteams.exe ", ""])
def test_other_programs_do_not(workspace, app):
    open_url(workspace, at("10:00"), app=app)
    warn(workspace, at("10:01"))
    assert workspace.run("smartscreen") == []


def test_the_same_warning_twice_is_two_events_and_a_row_ingested_twice_is_one(workspace):
    open_url(workspace, at("10:00"))
    warn(workspace, at("10:01"), ReportId=7)
    warn(workspace, at("10:01"), ReportId=8)
    warn(workspace, at("10:01"), ReportId=8)
    warn(workspace, at("10:02"), ReportId=8)
    assert [row["time"] for row in workspace.run("smartscreen") if row["kind"] == "warning"] == [
        at("10:01"),
        at("10:01"),
        at("10:02"),
    ]


def test_several_openings_of_one_url_do_not_multiply_its_warning(workspace):
    for minute in range(5):
        open_url(workspace, at(f"10:0{minute}"), ReportId=minute)
    warn(workspace, at("10:09"))
    rows = kinds(workspace.run("smartscreen"))
    assert len(rows) == 6
    assert [row[0] for row in rows].count("warning") == 1


def test_an_opening_without_a_warning_and_a_warning_without_an_opening_are_left_out(workspace):
    open_url(workspace, at("10:00"), url="https://fine.example/")
    warn(workspace, at("10:01"), url="https://typed.example/")
    assert workspace.run("smartscreen") == []


def test_another_device_is_another_matter(workspace):
    open_url(workspace, at("10:00"), device="d1")
    warn(workspace, at("10:01"), device="d2")
    assert workspace.run("smartscreen") == []
    warn(workspace, at("10:02"), device="d1")
    assert kinds(workspace.run("smartscreen")) == [
        ("open", at("10:00"), "d1", URL),
        ("warning", at("10:02"), "d1", URL),
    ]


def test_urls_are_compared_whole(workspace):
    open_url(workspace, at("10:00"), url=URL)
    warn(workspace, at("10:01"), url=f"{URL}/b")
    assert workspace.run("smartscreen") == []


def test_events_without_a_url_are_not_each_others_counterpart(workspace):
    open_url(workspace, at("10:00"), url="")
    warn(workspace, at("10:01"), url="")
    assert workspace.run("smartscreen") == []


def test_other_actions_are_not_warnings(workspace):
    open_url(workspace, at("10:00"))
    warn(workspace, at("10:01"), ActionType="SmartScreenUserOverride")
    assert workspace.run("smartscreen") == []


def test_a_user_known_by_object_id_only_is_kept(workspace):
    open_url(workspace, at("10:00"), InitiatingProcessAccountUpn="")
    warn(workspace, at("10:01"))
    opened, warned = workspace.run("smartscreen")
    assert (opened["upn"], opened["object_id"]) == ("", "OID-1")
    assert warned["upn"] == "ada@contoso.example"


def test_the_counterpart_may_stand_outside_the_slice_but_not_outside_the_window(workspace):
    open_url(workspace, at("10:59"))
    warn(workspace, at("11:01"))
    window = (at("10:00"), at("12:00"))
    first = workspace.run("smartscreen", window=window, slice=(at("10:00"), at("11:00")))
    second = workspace.run("smartscreen", window=window, slice=(at("11:00"), at("12:00")))
    assert kinds(first) == [("open", at("10:59"), "d1", URL)]
    assert kinds(second) == [("warning", at("11:01"), "d1", URL)]
    assert workspace.run("smartscreen", window=(at("10:00"), at("11:00"))) == []
    assert workspace.run("smartscreen", window=(at("11:00"), at("12:00"))) == []


@pytest.mark.parametrize(
    ("opened", "found"), [("09:59:59.9", False), ("10:00", True), ("11:59:59.9", True), ("12:00", False)]
)
def test_the_window_is_half_open(workspace, opened, found):
    open_url(workspace, at(opened))
    warn(workspace, at("11:00"))
    rows = workspace.run("smartscreen", window=(at("10:00"), at("12:00")), slice=(at("11:00"), at("11:01")))
    assert [row["kind"] for row in rows] == (["warning"] if found else [])
