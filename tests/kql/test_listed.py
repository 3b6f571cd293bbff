"""link_messages: messages with a link, as the audit log tells of them."""

import pytest

from rows import LISTED, TEAM, activity
from workspace import at

OTHER = "3f8b7a52-bbbb-4bbb-8bbb-000000000002"


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
