"""Slices of a window add up to the window, and chunks of needles to all of them."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from rows import (
    TEAM,
    activity,
    addresses,
    alert,
    click,
    connection,
    link,
    message,
    open_url,
    removal,
    report,
    request,
    warn,
)
from workspace import Workspace, at

HOURS = 48
WINDOW = (at("00:00"), at("00:00", 2))
NEEDLES = ["evil0.example", "evil1.example", "evil2.example", "evil3.example/a"]
URLS = [
    f"https://{host}.example/{path}" for host in ("evil0", "evil1", "evil2", "evil3", "fine") for path in "ab"
]
TEAMS = [TEAM, TEAM.replace("aaaa", "bbbb"), TEAM.replace("aaaa", "cccc")]
LISTS = {
    "alerts": NEEDLES,
    "clicks_on": NEEDLES,
    "defender_hosts": NEEDLES,
    "link_messages": TEAMS[:2],
    "message_urls": [],
    "messages_on": NEEDLES,
    "post_delivery": ["m-1", "m-20", "m-70", "m-100"],
    "proxy_hosts": NEEDLES,
    "reported": [],
    "smartscreen": [],
    "smartscreen_opens": ["d1", "d2"],
    "url_clicks": [],
}
COUNTED = ["defender_hosts", "link_messages", "proxy_hosts"]
JOINED = ["message_urls", "messages_on", "proxy_hosts", "reported"]


def fill(workspace: Workspace, random: Random) -> None:
    """Random rows in every table, some of them exactly on an hour, some of them twice, some outside the window."""

    def moment():
        minutes = random.choice([60 * random.randint(-2, HOURS + 1), random.randint(-120, 60 * HOURS + 119)])
        return WINDOW[0] + timedelta(minutes=minutes)

    for number in range(250):
        times = 1 + (random.random() < 0.1)
        device = f"d{random.randint(1, 4)}"
        url, time = random.choice(URLS), moment()
        address = f"192.0.2.{random.randint(1, 6)}"
        for _ in range(times):
            warn(workspace, time, url, device, ReportId=number)
        url, time, app = (
            random.choice(URLS),
            moment(),
            random.choice(["Teams.exe", "ms-teams.exe", "outlook.exe"]),
        )
        for _ in range(times):
            open_url(workspace, time, url, device, app, ReportId=number)
        row = {
            "Url": random.choice(URLS),
            "Workload": random.choice(["Teams", "Email"]),
            "ActionType": random.choice(["ClickAllowed", "ClickBlocked"]),
            "ThreatTypes": random.choice(["", "Phish"]),
            "ReportId": str(number),
        }
        time = moment()
        for _ in range(times):
            click(workspace, time, **row)
        time, row = moment(), {
            "ThreatTypes": random.choice(["", "Phish"]),
            "SenderEmailAddress": f"user{number // 2 % 40}@contoso.example",
        }
        for _ in range(times):
            message(workspace, time, f"m-{number // 2}", **row)
            link(workspace, time, f"m-{number // 2}", URLS[number % len(URLS)])
        link(workspace, moment(), f"m-{number // 2}", random.choice(URLS), random.choice(["", "Malware"]))
        removal(workspace, moment(), f"m-{random.choice([1, 20, 70, 100, 200])}", ActionResult=str(number))
        activity(
            workspace,
            moment(),
            AADGroupId=random.choice(TEAMS).upper(),
            MessageId=str(random.randint(1, 30)),
            Operation=random.choice(["MessageCreatedHasLink", "MessageEditedHasLink", "MessageSent"]),
        )
        connection(workspace, moment(), random.choice(URLS), DeviceId=device, DeviceName=device)
        request(workspace, moment(), address, random.choice(URLS))
        for _ in range(times):
            addresses(workspace, moment(), address, f"198.51.100.{random.randint(1, 3)}", device=device)
    for number in range(40):
        time = moment()
        for _ in range(1 + number % 2):
            report(workspace, time, SubmissionId=f"s-{number // 2}", P2Sender=f"User{number}@contoso.example")
        for time in sorted({moment() for _ in range(random.randint(1, 4))}):
            alert(workspace, time, f"a-{number}", random.choice([*URLS, "[]"]), Status=random.choice(["New", "Resolved"]))


def frozen(row: dict) -> tuple:
    """A row that can be counted."""
    return tuple(row.items())


def merge(query: str, parts: list[list[dict]]) -> Counter:
    """What the loader makes of the answers to several slices."""
    if query not in COUNTED:
        return Counter(frozen(row) for part in parts for row in part)
    groups: dict[tuple, dict] = {}
    for row in (row for part in parts for row in part):
        key = frozen({name: value for name, value in row.items() if name not in ("events", "first", "last")})
        seen = groups.setdefault(key, row | {"events": 0})
        seen["events"] += row["events"]
        seen["first"] = min(seen["first"], row["first"])
        seen["last"] = max(seen["last"], row["last"])
    return Counter(map(frozen, groups.values()))


@pytest.fixture(scope="module", params=[1, 20261001])
def filled(request, tables):
    """A workspace of random rows, the same for each query of one seed."""
    tables.clear()
    random = Random(request.param)
    fill(tables, random)
    return tables, random


@pytest.mark.parametrize("query", sorted(LISTS))
def test_slices_add_up(filled, query):
    workspace, random = filled
    cuts = sorted(random.sample(range(1, HOURS), random.randint(2, 6)))
    edges = [WINDOW[0], *(WINDOW[0] + timedelta(hours=hour) for hour in cuts), WINDOW[1]]
    slices = list(zip(edges, edges[1:], strict=False))

    whole = workspace.run(query, *LISTS[query], window=WINDOW)
    parts = [workspace.run(query, *LISTS[query], window=WINDOW, slice=slice) for slice in slices]

    assert merge(query, parts) == Counter(map(frozen, whole))
    # The comparison is worth something only if there is something to add up.
    assert len(whole) > 5 and sum(map(bool, parts)) > 1
    if query in COUNTED:
        assert sum(map(len, parts)) > len(whole)


@pytest.mark.parametrize("query", JOINED)
def test_slices_of_both_sides_of_a_join_would_lose_rows(filled, query):
    workspace, _ = filled
    edges = [WINDOW[0] + timedelta(hours=hours) for hours in (0, 10.5, 20.5, 30.5, 40.5, HOURS)]
    slices = list(zip(edges, edges[1:], strict=False))
    whole = workspace.run(query, *LISTS[query], window=WINDOW)
    lone = [workspace.run(query, *LISTS[query], window=slice) for slice in slices]
    assert merge(query, lone) != Counter(map(frozen, whole))


@pytest.mark.parametrize("query", [name for name, lists in sorted(LISTS.items()) if lists])
def test_chunks_of_values_repeat_whole_rows_or_none(filled, query):
    """So the rows of chunks are united: a row in two of them is the same row, not twice as many events."""
    workspace, _ = filled
    values = LISTS[query]
    whole = {frozen(row) for row in workspace.run(query, *values, window=WINDOW)}
    chunks = [{frozen(row) for row in workspace.run(query, value, window=WINDOW)} for value in values]
    assert set.union(*chunks) == whole
    assert all(chunk < whole for chunk in chunks)
