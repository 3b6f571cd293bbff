"""message_urls, messages_on and post_delivery: the messages that Defender saw, and what it did to them."""

import json

import pytest

from rows import NEEDLE, TEAM, URL, link, message, removal
from workspace import at

FINE = "https://fine.example/"
CHAT = "/chats/19:one@thread.v2/messages/1767000000001"
# The two queries return the same of a message. Each is asked with what makes it find the message of rows.py.
BOTH = pytest.mark.parametrize(("query", "needles"), [("message_urls", []), ("messages_on", [NEEDLE])])
RECIPIENTS = [
    {
        "RecipientSmtpAddress": "ada@contoso.example",
        "RecipientDisplayName": "Ada",
        "RecipientObjectId": "oid-ada",
        "RecipientType": "User",
    },
    {"RecipientSmtpAddress": "bob@contoso.example", "RecipientDisplayName": "Bob", "RecipientObjectId": "oid-bob"},
]
FULL = {
    "MessageId": "1767000000002",
    "ParentMessageId": "1767000000001",
    "LastEditedTime": "2026-09-07T10:01:00Z",
    "SenderType": "User",
    "GroupName": "Finance",
    "IsOwnedThread": True,
    "IsExternalThread": False,
    "DeliveryLocation": "Teams",
}


@BOTH
def test_a_message_is_returned_in_full_with_its_url(workspace, query, needles):
    # A workspace has the documented columns here, and advanced hunting those that are seen on the stream.
    is_streamed = workspace.place == "hunting"
    streamed = {"ThreadName": "General", "ThreadType": "space", "Subject": "Your pay"}
    message(workspace, RecipientDetails=RECIPIENTS, **FULL, **(streamed if is_streamed else {"MessageSubject": "Your pay"}))
    link(workspace, threats="" if is_streamed else "Malware")
    rows = workspace.run(query, *needles)
    assert [json.loads(row.pop("recipients")) for row in rows] == [RECIPIENTS]
    assert rows == [
        {
            "time": at("10:00"),
            "url": URL,
            "teams_message_id": "m-1",
            "message_id": "1767000000002",
            "parent_id": "1767000000001",
            "edited": "2026-09-07T10:01:00Z",
            "sender_upn": "eve@contoso.example",
            "sender_id": "oid-eve",
            "sender_name": "Eve",
            "sender_type": "User",
            "team_id": TEAM,
            "team_name": "Finance",
            "thread_id": "19:one@thread.tacv2",
            "thread_name": "General" if is_streamed else "",
            "thread_type": "space" if is_streamed else "",
            "subject": "Your pay",
            "owned": True,
            "external": False,
            "delivery": "Teams",
            "message_threats": "Phish",
            "url_threats": "" if is_streamed else "Malware",
        }
    ]


@BOTH
def test_what_is_not_known_of_a_message_is_null_and_not_false(workspace, query, needles):
    message(workspace)
    link(workspace)
    assert [(row["owned"], row["external"], row["recipients"]) for row in workspace.run(query, *needles)] == [
        (None, None, "")
    ]


@BOTH
@pytest.mark.parametrize(
    "given",
    [
        pytest.param(RECIPIENTS, id="list"),
        pytest.param(json.dumps(RECIPIENTS), id="text of a list"),
        pytest.param([json.dumps(one) for one in RECIPIENTS], id="list of texts"),
        pytest.param([], id="empty"),
    ],
)
def test_recipients_are_the_text_of_what_the_log_holds(workspace, query, needles, given):
    message(workspace, RecipientDetails=given)
    link(workspace)
    (row,) = workspace.run(query, *needles)
    assert json.loads(row["recipients"]) == (json.loads(given) if isinstance(given, str) else given)


@BOTH
def test_rows_written_twice_on_either_side_do_not_multiply(workspace, query, needles):
    for _ in range(2):
        message(workspace)
        link(workspace)
        link(workspace, time=at("10:05"))
    assert len(workspace.run(query, *needles)) == 1


@BOTH
def test_the_newest_row_says_what_a_message_is(workspace, query, needles):
    message(workspace, at("10:05"), DeliveryLocation="Quarantine", LastEditedTime="2026-09-07T10:04:00Z")
    message(workspace, at("10:00"), DeliveryLocation="Teams", LastEditedTime="2026-09-07T10:00:00Z")
    link(workspace)
    rows = workspace.run(query, *needles)
    assert [(row["time"], row["delivery"], row["edited"]) for row in rows] == [
        (at("10:05"), "Quarantine", "2026-09-07T10:04:00Z")
    ]


@BOTH
def test_the_newest_row_decides_in_which_slice_a_message_is(workspace, query, needles):
    message(workspace, at("10:30"))
    message(workspace, at("11:30"))
    link(workspace)
    window = (at("10:00"), at("12:00"))
    found = [
        [row["time"] for row in workspace.run(query, *needles, window=window, slice=slice)]
        for slice in [(at("10:00"), at("11:00")), (at("11:00"), at("12:00"))]
    ]
    assert found == [[], [at("11:30")]]


@BOTH
def test_a_message_without_a_url_and_a_url_without_a_message_are_left_out(workspace, query, needles):
    message(workspace, id="m-1")
    link(workspace, id="m-2")
    message(workspace, id="")
    link(workspace, id="")
    message(workspace, id="m-3")
    link(workspace, id="m-3", url="")
    assert workspace.run(query, *needles) == []


@BOTH
@pytest.mark.parametrize(
    ("time", "found"), [("09:59:59", False), ("10:00", True), ("11:59:59", True), ("12:00", False)]
)
def test_the_url_may_stand_outside_the_slice_but_not_outside_the_window(workspace, query, needles, time, found):
    message(workspace, time=at("11:30"))
    link(workspace, time=at(time))
    window = (at("10:00"), at("12:00"))
    assert len(workspace.run(query, *needles, window=window, slice=(at("11:00"), at("12:00")))) == found
    # The message decides in which slice a row is, wherever its url stands.
    assert workspace.run(query, *needles, window=window, slice=(at("10:00"), at("11:00"))) == []


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


def test_a_message_that_is_no_threat_any_more_is_none(workspace):
    message(workspace, at("10:00"), ThreatTypes="Phish")
    message(workspace, at("11:00"), ThreatTypes="")
    link(workspace)
    assert workspace.run("message_urls") == []
    # Nor is it one in the slice in which it was.
    assert workspace.run("message_urls", slice=(at("10:00"), at("10:30"))) == []


def test_a_message_that_was_found_out_later_is_a_threat(workspace):
    message(workspace, at("10:00"), ThreatTypes="")
    message(workspace, at("11:00"), ThreatTypes="Phish")
    link(workspace)
    assert [row["time"] for row in workspace.run("message_urls")] == [at("11:00")]


def test_of_several_urls_of_a_harmless_message_only_the_threat_is_returned(workspace):
    message(workspace, ThreatTypes="")
    link(workspace, url=FINE)
    link(workspace, threats="Phish")
    assert [row["url"] for row in workspace.run("message_urls")] == [URL]


def test_a_message_on_a_needle_comes_with_all_of_its_urls_and_others_do_not(workspace):
    message(workspace, id="m-1", ThreatTypes="")
    link(workspace, id="m-1")
    link(workspace, at("10:01"), id="m-1", url=FINE)
    message(workspace, id="m-2", ThreatTypes="Phish")
    link(workspace, id="m-2", url=FINE)
    link(workspace, id="m-2", url="https://mylogin.evil.example/a")
    rows = workspace.run("messages_on", NEEDLE)
    assert [(row["teams_message_id"], row["url"]) for row in rows] == [("m-1", FINE), ("m-1", URL)]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("HTTPS://LOGIN.EVIL.EXAMPLE/A", True),
        ("http://login.evil.example:8080", True),
        ("https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Flogin.evil.example%2Fa", False),
        ("https://loginXevil.example/", False),
        ("https://mylogin.evil.example/", False),
        ("https://login.evil.examples/", False),
        ("https://contoso.sharepoint.com/sites/a/b", True),
        ("https://contoso.sharepoint.com/sites/ab", False),
    ],
)
def test_a_needle_is_found_as_a_whole(workspace, url, wanted):
    message(workspace)
    link(workspace, url=url)
    assert len(workspace.run("messages_on", NEEDLE, "contoso.sharepoint.com/sites/a")) == wanted


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (CHAT, True),
        (CHAT.upper(), True),
        (CHAT[:-1], False),
        (f"{CHAT}2", False),
        (CHAT.replace("one", "two"), False),
        ("1767000000001", False),
    ],
)
def test_a_message_is_found_by_its_whole_id(workspace, asked, wanted):
    message(workspace, id=CHAT, ThreatTypes="")
    link(workspace, id=CHAT, url=FINE)
    link(workspace, id=CHAT, url=f"{FINE}2")
    message(workspace, id="m-2")
    link(workspace, id="m-2", url=FINE)
    removal(workspace, id=CHAT)
    removal(workspace, id="m-2")
    rows = workspace.run("messages_on", NEEDLE, asked)
    assert [(row["teams_message_id"], row["url"]) for row in rows] == (
        [(CHAT, FINE), (CHAT, f"{FINE}2")] if wanted else []
    )
    assert [row["teams_message_id"] for row in workspace.run("post_delivery", asked)] == ([CHAT] if wanted else [])


def test_what_was_done_to_a_message_is_returned_in_full_and_once(workspace):
    for _ in range(2):
        removal(workspace)
    removal(workspace, at("11:00"), ActionType="Manual remediation", ActionResult="Error", LatestDeliveryLocation="")
    rows = workspace.run("post_delivery", "m-0", "m-1")
    first = {
        "time": at("10:00"),
        "teams_message_id": "m-1",
        "action": "Moved to quarantine",
        "action_type": "Phish ZAP",
        "result": "Success",
        "location": "Quarantine",
    }
    later = {"time": at("11:00"), "action_type": "Manual remediation", "result": "Error", "location": ""}
    assert rows == [first, first | later]


@pytest.mark.parametrize("query", ["messages_on", "post_delivery"])
def test_no_value_finds_nothing(workspace, query):
    message(workspace)
    link(workspace)
    removal(workspace)
    assert workspace.run(query) == []
