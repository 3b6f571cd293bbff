"""reported: what users and administrators reported, with the messages of whom they reported."""

import json

import pytest

from rows import TEAM, message, report
from workspace import at

HEAD = {
    "reported": at("12:00"),
    "submission_id": "s-1",
    "operation": "UserSubmission",
    "content": "ChatMessage",
    "reporter_id": "oid-ada",
    "reporter_upn": "ada@contoso.example",
    "reporter_name": "Ada",
    "reported_sender": "eve@contoso.example",
    "verdict": "",
}
NO_MESSAGE = {
    "time": None,
    "teams_message_id": "",
    "message_id": "",
    "parent_id": "",
    "edited": "",
    "sender_upn": "",
    "sender_id": "",
    "sender_name": "",
    "sender_type": "",
    "team_id": "",
    "team_name": "",
    "thread_id": "",
    "thread_name": "",
    "thread_type": "",
    "subject": "",
    "recipients": "",
    "owned": None,
    "external": None,
    "delivery": "",
    "message_threats": "",
}


def shown(row):
    """A row in which what an outer join did not find is told in one way: Kusto has empty texts, DuckDB nulls."""
    return {name: "" if value is None and NO_MESSAGE.get(name) == "" else value for name, value in row.items()}


def ids(rows):
    return sorted(row["teams_message_id"] or "" for row in rows)


def test_a_report_is_returned_with_each_message_of_the_reported_sender(workspace):
    report(workspace)
    message(workspace, at("10:00"), id="m-1", MessageId="1", IsOwnedThread=True, IsExternalThread=False)
    # The loader decides which of them is meant: what was sent after the report is returned too.
    message(workspace, at("13:00"), id="m-2", GroupId="", ThreatTypes="")
    message(workspace, at("11:00"), id="m-3", SenderEmailAddress="mallory@contoso.example")
    message(workspace, at("11:00"), id="")
    found = NO_MESSAGE | {
        "sender_upn": "eve@contoso.example",
        "sender_id": "oid-eve",
        "sender_name": "Eve",
        "thread_id": "19:one@thread.tacv2",
    }
    first = {"time": at("10:00"), "teams_message_id": "m-1", "message_id": "1", "team_id": TEAM, "message_threats": "Phish"}
    assert workspace.run("reported") == [
        HEAD | found | first | {"owned": True, "external": False},
        HEAD | found | {"time": at("13:00"), "teams_message_id": "m-2"},
    ]


def test_the_columns_that_differ_from_tenant_to_tenant_are_read(workspace):
    report(workspace)
    if workspace.place == "hunting":
        message(workspace, ThreadName="General", ThreadType="space", Subject="Your pay")
        wanted = ("General", "space", "Your pay")
    else:
        message(workspace, MessageSubject="Your pay")
        wanted = ("", "", "Your pay")
    (row,) = workspace.run("reported")
    assert (row["thread_name"], row["thread_type"], row["subject"]) == wanted


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("sender", ["eve@contoso.example", "", None])
def test_a_report_stands_alone_when_no_message_is_known(workspace, sender, sent):
    report(workspace, P2Sender=sender)
    message(workspace, SenderEmailAddress="")
    if sent:
        message(workspace, id="m-2", SenderEmailAddress="mallory@contoso.example")
    assert [shown(row) for row in workspace.run("reported")] == [HEAD | {"reported_sender": sender or ""} | NO_MESSAGE]


@pytest.mark.parametrize("reported", ["eve@contoso.example", "Eve@Contoso.Example", "EVE@CONTOSO.EXAMPLE"])
@pytest.mark.parametrize("sent", ["eve@contoso.example", "Eve@contoso.example"])
def test_the_address_is_compared_in_any_case(workspace, reported, sent):
    report(workspace, P2Sender=reported)
    message(workspace, SenderEmailAddress=sent)
    rows = workspace.run("reported")
    assert [(row["reported_sender"], row["sender_upn"]) for row in rows] == [("eve@contoso.example", sent)]


@pytest.mark.parametrize("as_text", [False, True])
def test_the_audit_record_is_read_from_dynamic_and_from_text(workspace, as_text):
    record = {
        "SubmissionId": "s-7",
        "SubmissionContentType": "chatmessage",
        "UserId": "ada@contoso.example",
        "SubmitterDisplayName": "Ada",
        "P2Sender": "eve@contoso.example",
        "GradingResult": {"TriageVerdict": "Phish"},
    }
    if as_text:
        record["GradingResult"] = json.dumps(record["GradingResult"])
    report(workspace, record=json.dumps(record) if as_text else record)
    (row,) = workspace.run("reported")
    wanted = HEAD | {"submission_id": "s-7", "content": "chatmessage", "verdict": "Phish"}
    assert shown(row) == wanted | NO_MESSAGE


@pytest.mark.parametrize("grading", [None, {}, {"TriageVerdict": None}, "", "no JSON", []])
def test_a_report_that_was_not_graded_has_no_verdict(workspace, grading):
    report(workspace, GradingResult=grading)
    assert [row["verdict"] for row in workspace.run("reported")] == [""]


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("UserSubmission", True),
        ("UserSubmissionTriage", True),
        ("AdminSubmission", True),
        ("AdminSubmissionTriage", True),
        ("MessageSent", False),
        ("NoUserSubmission", False),
    ],
)
def test_all_that_is_said_of_a_report_is_returned(workspace, operation, wanted):
    report(workspace, operation=operation)
    assert [row["operation"] for row in workspace.run("reported")] == ([operation] if wanted else [])


@pytest.mark.parametrize(
    ("content", "wanted"),
    [("ChatMessage", True), ("TeamsCall", True), ("teamscall", True), ("Mail", False), ("", False), (None, False)],
)
def test_only_messages_and_calls_of_teams_are_returned(workspace, content, wanted):
    report(workspace, SubmissionContentType=content)
    assert [row["content"] for row in workspace.run("reported")] == ([content] if wanted else [])


def test_a_record_that_is_none_is_left_out(workspace):
    for record in ("no record", [], {}):
        report(workspace, record=record)
    assert workspace.run("reported") == []


def test_a_report_written_again_is_a_row_of_its_own_and_one_ingested_twice_is_not(workspace):
    for _ in range(2):
        report(workspace)
        message(workspace)
    message(workspace, at("10:05"), DeliveryLocation="Quarantine")
    report(workspace, at("12:30"), operation="UserSubmissionTriage", GradingResult={"TriageVerdict": "Phish"})
    rows = workspace.run("reported")
    assert [(row["reported"], row["verdict"], row["time"], row["delivery"]) for row in rows] == [
        (at("12:00"), "", at("10:05"), "Quarantine"),
        (at("12:30"), "Phish", at("10:05"), "Quarantine"),
    ]


def test_two_reports_of_one_sender_have_the_messages_each(workspace):
    report(workspace, SubmissionId="s-1")
    report(workspace, SubmissionId="s-2", UserId="bob@contoso.example")
    message(workspace, id="m-1")
    message(workspace, id="m-2")
    rows = workspace.run("reported")
    assert sorted((row["submission_id"], row["teams_message_id"]) for row in rows) == [
        ("s-1", "m-1"),
        ("s-1", "m-2"),
        ("s-2", "m-1"),
        ("s-2", "m-2"),
    ]


def test_the_message_may_stand_outside_the_slice_but_not_outside_the_window(workspace):
    report(workspace, at("11:30"))
    message(workspace, at("09:30"), id="m-1")
    message(workspace, at("10:30"), id="m-2")
    window = (at("10:00"), at("12:00"))
    assert ids(workspace.run("reported", window=window, slice=(at("11:00"), at("12:00")))) == ["m-2"]
    assert workspace.run("reported", window=window, slice=(at("10:00"), at("11:00"))) == []
