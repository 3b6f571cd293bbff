"""proxy_hosts and defender_hosts: which devices reached a needle."""

import json

import pytest

from rows import NEEDLE, URL, addresses, connection, request
from workspace import at


def found(rows):
    return [(row["device_id"], row["url"], row["events"]) for row in rows]


def test_requests_are_counted_for_the_device_that_held_the_address(workspace):
    addresses(workspace, at("10:20"), "192.0.2.10")
    addresses(workspace, at("10:20"), "192.0.2.99", device="d2")
    for clock in ("10:40", "10:05", "10:30"):
        request(workspace, at(clock), DestinationHostName="login.evil.example")
    assert workspace.run("proxy_hosts", NEEDLE) == [
        {
            "device_id": "d1",
            "device_name": "d1.contoso.example",
            "url": URL,
            "destination": "login.evil.example",
            "extensions": "",
            "events": 3,
            "first": at("10:05"),
            "last": at("10:40"),
        }
    ]


@pytest.mark.parametrize(
    ("requested", "reported", "wanted"),
    [
        ("10:00", "10:59:59.999", True),
        ("10:59:59.999", "10:00", True),
        ("11:00", "10:59:59.999", False),
        ("10:59:59.999", "11:00", False),
        ("10:30", "09:30", False),
    ],
)
def test_the_address_counts_in_its_own_hour_only(workspace, requested, reported, wanted):
    request(workspace, at(requested))
    addresses(workspace, at(reported), "192.0.2.10")
    assert len(workspace.run("proxy_hosts", NEEDLE)) == wanted


def test_an_address_that_moves_on_names_another_device_in_the_next_hour(workspace):
    addresses(workspace, at("10:10"), "192.0.2.10", device="d1")
    addresses(workspace, at("11:10"), "192.0.2.10", device="d2")
    request(workspace, at("10:50"))
    request(workspace, at("11:05"))
    request(workspace, at("11:06"))
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", URL, 1), ("d2", URL, 2)]


def test_two_devices_with_one_address_in_one_hour_are_both_named(workspace):
    addresses(workspace, at("10:10"), "192.0.2.10", device="d1")
    addresses(workspace, at("10:40"), "192.0.2.10", device="d2")
    request(workspace, at("10:20"))
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", URL, 1), ("d2", URL, 1)]


def test_repeated_reports_and_two_adapters_do_not_multiply_the_count(workspace):
    for minute in range(0, 60, 5):
        addresses(workspace, at(f"10:{minute:02}"), "192.0.2.10", "fe80::1", NetworkAdapterName="ethernet")
        addresses(workspace, at(f"10:{minute:02}"), "198.51.100.10", "192.0.2.10", NetworkAdapterName="vpn")
    request(workspace, at("10:01"))
    request(workspace, at("10:02"), ip="198.51.100.10")
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", URL, 2)]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param([{"IPAddress": "192.0.2.10"}], id="array"),
        pytest.param(
            json.dumps([{"IPAddress": "198.51.100.1"}, {"IPAddress": "192.0.2.10"}]), id="text of an array"
        ),
        pytest.param([{"SubnetPrefix": 24}, {"IPAddress": "192.0.2.10"}], id="element without an address"),
        pytest.param([None, 7, {"IPAddress": "192.0.2.10"}], id="elements that are not objects"),
    ],
)
def test_addresses_are_read_from_dynamic_and_from_text(workspace, column):
    addresses(workspace, at("10:00"), IPAddresses=column)
    request(workspace, at("10:30"))
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", URL, 1)]


@pytest.mark.parametrize("column", [None, [], {}, "", "not json", [{"IPAddress": ""}], [{"IPAddress": None}]])
def test_a_device_without_addresses_matches_nothing(workspace, column):
    addresses(workspace, at("10:00"), IPAddresses=column)
    request(workspace, at("10:30"))
    request(workspace, at("10:31"), ip="")
    assert workspace.run("proxy_hosts", NEEDLE) == []


def test_ipv6_is_compared_in_any_case(workspace):
    addresses(workspace, at("10:00"), "2001:db8::A")
    request(workspace, at("10:30"), ip="2001:DB8::a")
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", URL, 1)]


@pytest.mark.parametrize(
    ("url", "destination", "wanted"),
    [
        ("http://login.evil.example/a", "", True),
        ("login.evil.example/a", "", True),
        ('"https://login.evil.example/a"', "", True),
        ("login.evil.example:443", "", True),
        ("HTTP://LOGIN.EVIL.EXAMPLE/A", "", True),
        ("", "login.evil.example", True),
        ("/a", "login.evil.example", True),
        ("http://login.evil.example.other.example/", "", True),
        ("http://notlogin.evil.example/", "", False),
        ("http://fine.example/", "fine.example", False),
        ("", "", False),
    ],
)
def test_a_needle_is_found_in_the_url_or_the_destination(workspace, url, destination, wanted):
    addresses(workspace, at("10:00"), "192.0.2.10")
    request(workspace, at("10:30"), url=url, DestinationHostName=destination)
    rows = workspace.run("proxy_hosts", NEEDLE)
    assert [(row["url"], row["destination"]) for row in rows] == ([(url, destination)] if wanted else [])


PALO_ALTO = '"login.evil.example/a";PanOSConfigVersion=1'
SONIC_WALL = "dstname=login.evil.example;arg=/a;code=27"


@pytest.mark.parametrize(
    ("url", "destination", "extensions", "wanted"),
    [
        ("", "", PALO_ALTO, True),
        ("", "", SONIC_WALL, True),
        ("", "", "request=https://LOGIN.evil.example/a", True),
        ("", "", "dstname=mylogin.evil.example", False),
        ("", "", "dstname=fine.example", False),
        ("", "", "", False),
        # What another column names is what was asked for.
        ("http://fine.example/", "", PALO_ALTO, False),
        ("", "fine.example", PALO_ALTO, False),
    ],
)
def test_the_extensions_are_read_where_nothing_else_says_what_was_asked_for(
    workspace, url, destination, extensions, wanted
):
    addresses(workspace, at("10:00"), "192.0.2.10")
    request(workspace, at("10:30"), url=url, DestinationHostName=destination, AdditionalExtensions=extensions)
    rows = workspace.run("proxy_hosts", NEEDLE)
    assert [row["extensions"] for row in rows] == ([extensions] if wanted else [])


def test_extensions_beside_a_url_do_not_split_its_count(workspace):
    addresses(workspace, at("10:00"), "192.0.2.10")
    for number in range(3):
        request(workspace, at("10:30"), AdditionalExtensions=f"{PALO_ALTO};n={number}")
    assert [(row["extensions"], row["events"]) for row in workspace.run("proxy_hosts", NEEDLE)] == [("", 3)]


def test_each_url_is_a_row_of_its_own(workspace):
    addresses(workspace, at("10:00"), "192.0.2.10")
    request(workspace, at("10:30"), url=f"{URL}/1")
    request(workspace, at("10:31"), url=f"{URL}/2")
    request(workspace, at("10:32"), url=f"{URL}/2")
    assert found(workspace.run("proxy_hosts", NEEDLE)) == [("d1", f"{URL}/1", 1), ("d1", f"{URL}/2", 2)]


def test_the_report_may_stand_outside_the_slice_but_not_outside_the_window(workspace):
    addresses(workspace, at("10:10"), "192.0.2.10")
    request(workspace, at("10:50"))
    window = (at("10:00"), at("12:00"))
    assert found(workspace.run("proxy_hosts", NEEDLE, window=window, slice=(at("10:30"), at("11:00")))) == [
        ("d1", URL, 1)
    ]
    assert workspace.run("proxy_hosts", NEEDLE, window=window, slice=(at("10:00"), at("10:30"))) == []
    assert workspace.run("proxy_hosts", NEEDLE, window=(at("10:30"), at("11:00"))) == []


def test_connections_are_counted(workspace):
    for clock in ("10:07", "10:01", "10:03"):
        connection(workspace, at(clock))
    assert workspace.run("defender_hosts", NEEDLE) == [
        {
            "device_id": "d1",
            "device_name": "d1.contoso.example",
            "url": URL,
            "upn": "ada@contoso.example",
            "object_id": "oid-ada",
            "events": 3,
            "first": at("10:01"),
            "last": at("10:07"),
        }
    ]


def test_each_device_url_and_user_is_a_row_of_its_own(workspace):
    connection(workspace)
    connection(workspace, DeviceId="d2", DeviceName="d2.contoso.example")
    connection(workspace, url="login.evil.example")
    connection(workspace, InitiatingProcessAccountUpn="", InitiatingProcessAccountObjectId="")
    rows = workspace.run("defender_hosts", NEEDLE)
    assert sorted((row["device_id"], row["url"], row["upn"], row["events"]) for row in rows) == [
        ("d1", URL, "", 1),
        ("d1", URL, "ada@contoso.example", 1),
        ("d1", "login.evil.example", "ada@contoso.example", 1),
        ("d2", URL, "ada@contoso.example", 1),
    ]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("login.evil.example", True),
        ("LOGIN.evil.example", True),
        ("https://login.evil.example/a?b", True),
        ("cdn.login.evil.example", True),
        ("evil.example", False),
        ("login.evil.example2", False),
        ("", False),
    ],
)
def test_a_connection_is_found_by_its_host(workspace, url, wanted):
    connection(workspace, url=url)
    assert len(workspace.run("defender_hosts", "other.example", NEEDLE)) == wanted


@pytest.mark.parametrize("query", ["proxy_hosts", "defender_hosts"])
def test_no_needle_finds_nothing(workspace, query):
    addresses(workspace, at("10:00"), "192.0.2.10")
    request(workspace, at("10:30"))
    connection(workspace)
    assert workspace.run(query) == []


def test_a_slice_that_does_not_begin_on_the_hour_keeps_the_devices_of_that_hour(workspace):
    """The devices are looked for in the hours of the slice alone."""
    addresses(workspace, at("10:05"), "192.0.2.10")
    addresses(workspace, at("11:55"), "192.0.2.10", device="d2")
    request(workspace, at("10:40"))
    request(workspace, at("11:10"))
    rows = workspace.run("proxy_hosts", NEEDLE, slice=(at("10:30"), at("11:30")))
    assert found(rows) == [("d1", URL, 1), ("d2", URL, 1)]
