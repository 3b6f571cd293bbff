"""alerts_defender and link_messages_cloud: what Defender's own tables say in the place of a workspace's."""

import json

import pytest

from rows import LISTED, NEEDLE, TEAM, URL, alert_info, cloud_activity, evidence
from workspace import at

OTHER = TEAM.replace("aaaa", "bbbb")


def test_an_alert_has_a_row_for_each_piece_of_evidence(workspace):
    alert_info(workspace)
    evidence(workspace)
    evidence(
        workspace,
        at("10:01"),
        EntityType="Machine",
        RemoteUrl="",
        DeviceId="d1",
        DeviceName="d1.contoso.example",
        AdditionalFields={"HostName": "d1", "Type": "host"},
    )
    # It was written again, and a piece of another alert stands beside it.
    evidence(workspace, at("10:02"))
    evidence(workspace, id="fa-2")
    head = {
        "alert_id": "fa-1",
        "name": "A link was clicked",
        "severity": "High",
        "service": "Microsoft Defender for Office 365",
        "detection": "Microsoft Defender for Office 365",
        "time": at("10:00"),
        "category": "InitialAccess",
    }
    empty = {"url": "", "device_id": "", "device_name": "", "object_id": "", "upn": "", "fields": ""}
    machine = {"device_id": "d1", "device_name": "d1.contoso.example"}
    rows = workspace.run("alerts_defender", NEEDLE)
    for row in rows:
        row["fields"] = json.loads(row["fields"]) if row["fields"] else ""
    assert rows == [
        head | empty | machine | {"fields": {"HostName": "d1", "Type": "host"}},
        head | empty | {"url": URL},
    ]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"RemoteUrl": URL}, True),
        ({"RemoteUrl": f"uri={URL}"}, True),
        ({"RemoteUrl": "", "AdditionalFields": {"Url": URL, "Type": "url"}}, True),
        ({"RemoteUrl": "https://mylogin.evil.example/a"}, False),
        ({"RemoteUrl": "", "AdditionalFields": {"HostName": "d1", "Type": "host"}}, False),
        ({"RemoteUrl": ""}, False),
    ],
)
def test_a_needle_is_found_in_the_column_and_in_the_fields(workspace, row, wanted):
    alert_info(workspace)
    evidence(workspace, **row)
    assert len(workspace.run("alerts_defender", NEEDLE)) == wanted


@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002f"])
def test_a_path_is_found_whatever_its_escapes(workspace, slash):
    if workspace.place == "workspace":
        pytest.skip("the fields are an object there")
    alert_info(workspace)
    fields = '{"Url":"https://contoso.sharepoint.com/sites/a/b"}'.replace("/", slash)
    evidence(workspace, RemoteUrl="", AdditionalFields=fields)
    assert len(workspace.run("alerts_defender", "contoso.sharepoint.com/sites/a")) == 1
    assert workspace.run("alerts_defender", "contoso.sharepoint.com/sites/b") == []


def test_the_newest_row_says_what_an_alert_is(workspace):
    alert_info(workspace, at("10:00"), Severity="Low")
    alert_info(workspace, at("10:05"), Severity="High")
    evidence(workspace)
    rows = workspace.run("alerts_defender", NEEDLE)
    assert [(row["severity"], row["time"]) for row in rows] == [("High", at("10:05"))]


def test_the_evidence_may_stand_outside_the_slice_but_not_outside_the_window(workspace):
    alert_info(workspace, at("11:30"))
    evidence(workspace, at("10:30"))
    window = (at("10:00"), at("12:00"))
    later, earlier = (at("11:00"), at("12:00")), (at("10:00"), at("11:00"))
    assert len(workspace.run("alerts_defender", NEEDLE, window=window, slice=later)) == 1
    assert workspace.run("alerts_defender", NEEDLE, window=window, slice=earlier) == []
    assert workspace.run("alerts_defender", NEEDLE, window=later, slice=later) == []


def test_evidence_without_its_alert_is_left_out(workspace):
    evidence(workspace)
    evidence(workspace, id="")
    assert workspace.run("alerts_defender", NEEDLE) == []


def test_events_of_one_message_are_counted(workspace):
    for clock in ("10:07", "10:01", "10:03"):
        cloud_activity(workspace, at(clock))
    assert workspace.run("link_messages_cloud", TEAM) == [LISTED]


@pytest.mark.parametrize("logged", [TEAM, TEAM.upper()])
@pytest.mark.parametrize("asked", [TEAM, TEAM.upper()])
def test_a_team_is_found_in_any_case(workspace, logged, asked):
    cloud_activity(workspace, AADGroupId=logged)
    assert [row["team_id"] for row in workspace.run("link_messages_cloud", OTHER, asked)] == [TEAM]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"Operation": "MessageUpdatedHasLink"}, True),
        ({"Operation": "MessageEditedHasLink"}, True),
        ({"Workload": "microsoftteams"}, True),
        ({"Operation": "MessageSent"}, False),
        ({"Workload": "Exchange"}, False),
        ({"AADGroupId": OTHER}, False),
        ({"AADGroupId": ""}, False),
        ({"MessageId": ""}, False),
        ({"ChannelGuid": "", "ChatThreadId": "19:chat@unq.gbl.spaces"}, False),
    ],
)
def test_only_messages_of_the_teams_are_found(workspace, fields, wanted):
    cloud_activity(workspace, **fields)
    assert len(workspace.run("link_messages_cloud", TEAM)) == wanted


def test_a_record_that_is_none_is_left_out(workspace):
    for record in ("no record", [], {}):
        cloud_activity(workspace, record=record)
    assert workspace.run("link_messages_cloud", TEAM) == []


def test_no_value_finds_nothing(workspace):
    cloud_activity(workspace)
    alert_info(workspace)
    evidence(workspace)
    assert workspace.run("link_messages_cloud") == []
    assert workspace.run("alerts_defender") == []
