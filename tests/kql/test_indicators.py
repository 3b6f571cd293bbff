"""threat_indicators and its fallback: which indicators of the workspace count, and what is told of them."""

import pytest

from rows import NEEDLE, URL, indicator, legacy_indicator
from workspace import at

QUERIES = ["threat_indicators", "threat_indicators_legacy"]
ADD = {"threat_indicators": indicator, "threat_indicators_legacy": legacy_indicator}
FULL = {
    "id": "i-1",
    "kind": "url",
    "value": URL,
    "confidence": 80.0,
    "valid_until": at("00:00", 30),
    "source": "Contoso intelligence",
    "tags": "[]",
    "time": at("10:00"),
}


def domain(query: str, value: str) -> dict[str, object]:
    """The columns of an indicator of a domain."""
    if query == "threat_indicators":
        return {"ObservableKey": "domain-name:value", "ObservableValue": value}
    return {"Url": "", "DomainName": value}


def url(query: str, value: str) -> dict[str, object]:
    """The columns of an indicator of a url."""
    return {"ObservableValue": value} if query == "threat_indicators" else {"Url": value}


def state(query: str, active: bool | None) -> dict[str, object]:
    """The column that says whether an indicator is active."""
    return {"IsActive" if query == "threat_indicators" else "Active": active}


@pytest.mark.parametrize("query", QUERIES)
def test_an_indicator_is_told_in_full_and_once(workspace, query):
    ADD[query](workspace, at("09:00"))
    ADD[query](workspace)
    assert workspace.run(query, "other.example", URL) == [FULL]


@pytest.mark.parametrize("query", QUERIES)
def test_a_domain_is_told_apart_from_a_url(workspace, query):
    ADD[query](workspace, **domain(query, NEEDLE))
    assert workspace.run(query, NEEDLE) == [FULL | {"kind": "domain", "value": NEEDLE}]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    ("value", "needle", "wanted"),
    [
        (URL, URL.upper(), True),
        (URL + "/b", URL, False),
        (URL, URL + "/b", False),
        (URL, "login.evil.example", False),
        ("", "", True),
    ],
)
def test_a_needle_is_compared_whole_ignoring_case(workspace, query, value, needle, wanted):
    ADD[query](workspace, **url(query, value))
    assert len(workspace.run(query, needle)) == wanted


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("active", [False, None])
def test_what_is_no_longer_active_does_not_count(workspace, query, active):
    ADD[query](workspace, at("09:00"))
    ADD[query](workspace, at("10:00"), **state(query, active))
    ADD[query](workspace, id="i-2")
    assert [row["id"] for row in workspace.run(query, URL)] == ["i-2"]


@pytest.mark.parametrize("query", QUERIES)
def test_what_became_active_again_counts(workspace, query):
    ADD[query](workspace, at("09:00"), **state(query, False))
    ADD[query](workspace)
    assert len(workspace.run(query, URL)) == 1


@pytest.mark.parametrize("column", ["IsDeleted", "Revoked"])
@pytest.mark.parametrize(("value", "wanted"), [(True, 0), (False, 1), (None, 1)])
def test_what_was_deleted_or_revoked_does_not_count(workspace, column, value, wanted):
    indicator(workspace, at("09:00"))
    indicator(workspace, at("10:00"), **{column: value})
    assert len(workspace.run("threat_indicators", URL)) == wanted


@pytest.mark.parametrize("key", ["ipv4-addr:value", "file:hashes.'SHA-256'", "email-addr:value", ""])
def test_indicators_of_other_kinds_do_not_count(workspace, key):
    indicator(workspace, ObservableKey=key)
    assert workspace.run("threat_indicators", URL) == []


@pytest.mark.parametrize("query", QUERIES)
def test_the_newest_row_decides_in_which_slice_an_indicator_stands(workspace, query):
    ADD[query](workspace, at("09:30"))
    ADD[query](workspace, at("11:30"))
    assert workspace.run(query, URL, slice=(at("09:00"), at("10:00"))) == []
    assert len(workspace.run(query, URL, slice=(at("11:00"), at("12:00")))) == 1


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_not_given_is_absent(workspace, query):
    absent = {"threat_indicators": {"Confidence": None, "ValidUntil": None}}
    legacy = {"ConfidenceScore": None, "ExpirationDateTime": None}
    ADD[query](workspace, **absent.get(query, legacy))
    assert workspace.run(query, URL) == [FULL | {"confidence": None, "valid_until": None}]


@pytest.mark.parametrize("query", QUERIES)
def test_no_needle_finds_nothing(workspace, query):
    ADD[query](workspace)
    assert workspace.run(query) == []
