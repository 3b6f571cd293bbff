"""log_ends: the oldest and the newest event of each log."""

import pytest

from rows import activity, click
from workspace import at

LOGS = [
    "CloudAppEvents",
    "CommonSecurityLog",
    "DeviceEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "MessageEvents",
    "MessagePostDeliveryEvents",
    "MessageUrlInfo",
    "OfficeActivity",
    "SecurityAlert",
    "UrlClickEvents",
]


def ends(workspace, **bounds):
    rows = workspace.run("log_ends", **bounds)
    return {row["log"]: (row["oldest"], row["newest"]) for row in rows}


@pytest.mark.parametrize("log", LOGS)
def test_each_log_says_where_it_begins_and_ends(workspace, log):
    for clock in ("11:00", "10:00", "12:00:00.5"):
        workspace.add(log, at(clock))
    found = ends(workspace)
    assert sorted(found) == LOGS
    assert found.pop(log) == (at("10:00"), at("12:00:00.5"))
    assert set(found.values()) == {(None, None)}


@pytest.mark.parametrize(
    ("time", "inside"),
    [("09:59:59.999999", False), ("10:00", True), ("10:59:59.999999", True), ("11:00", False)],
)
def test_the_time_is_half_open(workspace, time, inside):
    click(workspace, at(time))
    activity(workspace, at("10:30"))
    found = ends(workspace, slice=(at("10:00"), at("11:00")))
    assert found["UrlClickEvents"] == ((at(time), at(time)) if inside else (None, None))
    assert found["OfficeActivity"] == (at("10:30"), at("10:30"))


@pytest.mark.parametrize("log", [*LOGS, "AlertEvidence", "AlertInfo"])
def test_one_log_says_where_it_begins_and_ends(workspace, log):
    if workspace.place == "hunting" and log == "SecurityAlert":
        pytest.skip("advanced hunting hides it")
    assert workspace.end(log, (at("10:00"), at("12:00"))) == (None, None)
    for clock in ("09:59:59.999999", "11:00", "10:00", "11:59:59.999999", "12:00"):
        workspace.add(log, at(clock))
    assert workspace.end(log, (at("10:00"), at("12:00"))) == (at("10:00"), at("11:59:59.999999"))
