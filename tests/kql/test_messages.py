"""message_urls and link_messages: links in messages, as Defender and the audit log tell of them."""

import pytest

from rows import LISTED, TEAM, URL, activity, link, message
from workspace import at

OTHER = "3f8b7a52-bbbb-4bbb-8bbb-000000000002"


def test_a_message_is_returned_in_full_with_its_url(workspace):
    message(workspace)
    link(workspace, threats="Malware")
    assert workspace.run("message_urls") == [
        {
            "time": at("10:00"),
            "url": URL,
            "teams_message_id": "m-1",
            "sender_upn": "eve@contoso.example",
            "sender_id": "oid-eve",
            "sender_name": "Eve",
            "team_id": TEAM,
            "thread_id": "19:one@thread.tacv2",
            "message_threats": "Phish",
            "url_threats": "Malware",
        }
    ]


@pytest.mark.parametrize(
    ("of_message", "of_url", "wanted"),
    [("", "", False), ("Phish", "", True), ("", "Malware", True), ("Phish", "Malware", True)],
)
def test_a_threat_in_either_is_enough(workspace, of_message, of_url, wanted):
    message(workspace, ThreatTypes=of_message)
    link(workspace, threats=of_url)
    rows = workspace.run("message_urls")
    assert [(row["message_threats"], row["url_threats"]) for row in rows] == (
        [(of_message, of_url)] if wanted else []
    )


def test_of_several_urls_of_a_harmless_message_only_the_threat_is_returned(workspace):
    message(workspace, ThreatTypes="")
    link(workspace, url="https://fine.example/")
    link(workspace, threats="Phish")
    assert [row["url"] for row in workspace.run("message_urls")] == [URL]


def test_rows_written_twice_on_either_side_do_not_multiply(workspace):
    for _ in range(2):
        message(workspace)
        link(workspace)
        link(workspace, time=at("10:05"))
    assert len(workspace.run("message_urls")) == 1


def test_a_message_without_a_url_and_a_url_without_a_message_are_left_out(workspace):
    message(workspace, id="m-1")
    link(workspace, id="m-2", threats="Phish")
    message(workspace, id="")
    link(workspace, id="", threats="Phish")
    message(workspace, id="m-3")
    link(workspace, id="m-3", url="")
    assert workspace.run("message_urls") == []


@pytest.mark.parametrize(
    ("time", "found"), [("09:59:59", False), ("10:00", True), ("11:59:59", True), ("12:00", False)]
)
def test_the_url_may_stand_outside_the_slice_but_not_outside_the_window(workspace, time, found):
    message(workspace, time=at("11:30"))
    link(workspace, time=at(time))
    rows = workspace.run("message_urls", window=(at("10:00"), at("12:00")), slice=(at("11:00"), at("12:00")))
    assert len(rows) == found
    # The message decides in which slice a row is, wherever its url stands.
    assert (
        workspace.run("message_urls", window=(at("10:00"), at("12:00")), slice=(at("10:00"), at("11:00")))
        == []
    )


def test_events_of_one_message_are_counted(workspace):
    for clock in ("10:07", "10:01", "10:03"):
        activity(workspace, at(clock))
    assert workspace.run("link_messages", TEAM) == [LISTED]


@pytest.mark.parametrize("logged", [TEAM, TEAM.upper(), TEAM.title()])
@pytest.mark.parametrize("asked", [TEAM, TEAM.upper()])
def test_a_team_is_found_in_any_case_and_returned_in_lower_case(workspace, logged, asked):
    activity(workspace, AADGroupId=logged)
    assert [row["team_id"] for row in workspace.run("link_messages", OTHER, asked)] == [TEAM]


def test_one_team_in_two_cases_is_one_group(workspace):
    activity(workspace, at("10:00"), AADGroupId=TEAM)
    activity(workspace, at("10:01"), AADGroupId=TEAM.upper())
    assert [(row["team_id"], row["events"]) for row in workspace.run("link_messages", TEAM)] == [(TEAM, 2)]


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("MessageCreatedHasLink", True),
        ("MessageUpdatedHasLink", True),
        ("MessageEditedHasLink", True),
        ("MessageSent", False),
        ("MessageDeleted", False),
        ("ChatCreated", False),
    ],
)
def test_the_operations_are_those_with_a_link(workspace, operation, wanted):
    activity(workspace, Operation=operation)
    assert [row["operation"] for row in workspace.run("link_messages", TEAM)] == (
        [operation] if wanted else []
    )


def test_created_and_edited_are_rows_of_their_own(workspace):
    activity(workspace, at("10:00"))
    activity(workspace, at("10:05"), Operation="MessageEditedHasLink")
    rows = workspace.run("link_messages", TEAM)
    assert [(row["operation"], row["first"]) for row in rows] == [
        ("MessageCreatedHasLink", at("10:00")),
        ("MessageEditedHasLink", at("10:05")),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"AADGroupId": OTHER},
        {"AADGroupId": ""},
        {"OfficeWorkload": "Exchange"},
        {"MessageId": ""},
        {"ChannelGuid": "", "ChatThreadId": "19:chat@unq.gbl.spaces"},
    ],
)
def test_other_teams_workloads_and_chats_are_left_out(workspace, row):
    activity(workspace, **row)
    assert workspace.run("link_messages", TEAM) == []


def test_the_workload_is_compared_in_any_case(workspace):
    activity(workspace, OfficeWorkload="microsoftteams")
    assert len(workspace.run("link_messages", TEAM)) == 1


def test_no_team_finds_nothing(workspace):
    activity(workspace)
    assert workspace.run("link_messages") == []


def test_every_team_of_a_full_chunk_is_found(workspace):
    teams = [f"3f8b7a52-0000-4000-8000-{number:012x}" for number in range(500)]
    for number in (0, 250, 499):
        activity(workspace, AADGroupId=teams[number].upper())
    assert [row["team_id"] for row in workspace.run("link_messages", *teams)] == [
        teams[0],
        teams[250],
        teams[499],
    ]
