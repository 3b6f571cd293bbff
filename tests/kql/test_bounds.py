"""Every query is half-open on the time of the event it returns, to the last tick that a test can name."""

import pytest

from render import NAMES
from rows import (
    NEEDLE,
    TEAM,
    URL,
    activity,
    addresses,
    alert,
    alert_info,
    click,
    cloud_activity,
    connection,
    evidence,
    indicator,
    legacy_indicator,
    link,
    message,
    open_url,
    removal,
    report,
    request,
    warn,
)
from workspace import Workspace, at


def a_request(workspace: Workspace, time) -> None:
    """A request whose address is reported in the same hour."""
    request(workspace, time)
    addresses(workspace, time.replace(minute=30, second=0, microsecond=0), "192.0.2.10")


def a_message(workspace: Workspace, time) -> None:
    """A message with its url."""
    message(workspace, time)
    link(workspace, at("06:00"))


def an_alert(workspace: Workspace, time) -> None:
    """An alert of Defender with its evidence."""
    alert_info(workspace, time)
    evidence(workspace, at("06:00"))


EVENTS = {
    "alerts": (alert, [NEEDLE]),
    "alerts_defender": (an_alert, [NEEDLE]),
    "clicks_on": (click, [NEEDLE]),
    "defender_hosts": (connection, [NEEDLE]),
    "link_messages": (activity, [TEAM]),
    "link_messages_cloud": (cloud_activity, [TEAM]),
    "message_urls": (a_message, []),
    "messages_on": (a_message, [NEEDLE]),
    "post_delivery": (removal, ["m-1"]),
    "proxy_hosts": (a_request, [NEEDLE]),
    "reported": (report, []),
    "smartscreen": (warn, []),
    "smartscreen_opens": (open_url, ["d1"]),
    "threat_indicators": (indicator, [URL]),
    "threat_indicators_legacy": (legacy_indicator, [URL]),
    "url_clicks": (click, []),
}


def test_every_query_is_covered():
    assert sorted(EVENTS) == EVENTFUL


# Its rows are about logs, and test_log_ends.py is about its bounds.
EVENTFUL = [name for name in NAMES if name != "log_ends"]


@pytest.mark.parametrize("query", EVENTFUL)
@pytest.mark.parametrize(
    ("time", "inside"),
    [("09:59:59.999999", False), ("10:00", True), ("10:59:59.999999", True), ("11:00", False)],
)
def test_a_slice_holds_its_start_and_not_its_end(workspace, query, time, inside):
    add, lists = EVENTS[query]
    add(workspace, at(time))
    assert len(workspace.run(query, *lists, slice=(at("10:00"), at("11:00")))) == inside


@pytest.mark.parametrize("query", EVENTFUL)
def test_an_empty_slice_and_empty_tables_give_no_row(workspace, query):
    add, lists = EVENTS[query]
    assert workspace.run(query, *lists) == []
    add(workspace, at("10:00"))
    assert workspace.run(query, *lists, slice=(at("10:00"), at("10:00"))) == []
