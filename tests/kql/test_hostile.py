"""Whatever a value holds, it is looked for and nothing else happens."""

import json
import re
from pathlib import Path

import pytest

from rows import TEAM, activity, addresses, alert, click, connection, link, message, removal, request
from workspace import at

HOSTILE = json.loads((Path(__file__).parent / "hostile.json").read_text(encoding="utf-8"))
CLEAN = "https://fine.example/"


def has(text: str, needle: str) -> bool:
    """Kusto's `has`: the needle anywhere, in any case, cut off from letters and digits that would lengthen it."""
    word = r"[^\W_]"
    before = f"(?<!{word})" if re.match(word, needle) else ""
    after = f"(?!{word})" if re.search(f"{word}$", needle) else ""
    return re.search(before + re.escape(needle) + after, text, re.IGNORECASE) is not None


def test_the_rule_that_the_rest_is_measured_by():
    assert has("http://a.example/", "A.example") and has("x_a.example", "a.example") and has("b", "")
    assert not has("ba.example", "a.example") and not has("a.examples", "a.example")


def fill(workspace, query):
    """One row for each hostile value and one without, of the kind that the query reads; its column of values."""
    addresses(workspace, at("10:00"), "192.0.2.10")
    for number, value in enumerate([*HOSTILE, CLEAN]):
        match query:
            case "alerts":
                alert(workspace, id=f"a-{number}", entities=value)
            case "clicks_on":
                click(workspace, Url=value)
            case "defender_hosts":
                connection(workspace, url=value)
            case "link_messages":
                activity(workspace, AADGroupId=value)
            case "messages_on":
                message(workspace, id=f"m-{number}")
                link(workspace, id=f"m-{number}", url=value)
            case "post_delivery":
                removal(workspace, id=value)
            case "proxy_hosts":
                request(workspace, at("10:30"), url=value)
    return {"alerts": "entities", "link_messages": "team_id", "post_delivery": "teams_message_id"}.get(query, "url")


QUERIES = ["alerts", "clicks_on", "defender_hosts", "link_messages", "messages_on", "post_delivery", "proxy_hosts"]


@pytest.mark.parametrize("query", QUERIES)
def test_all_hostile_values_together_find_their_own_rows(workspace, query):
    column = fill(workspace, query)
    found = {row[column] for row in workspace.run(query, *HOSTILE)}
    if query in ("link_messages", "post_delivery"):
        assert found == {value.lower() if query == "link_messages" else value for value in HOSTILE}
    else:
        assert found == {
            value for value in [*HOSTILE, CLEAN] if any(has(value, needle) for needle in HOSTILE)
        }
        assert found >= set(HOSTILE)


@pytest.mark.parametrize("needle", [pytest.param(value, id=ascii(value)) for value in HOSTILE])
def test_each_hostile_needle_finds_the_rows_that_hold_it(workspace, needle):
    fill(workspace, "clicks_on")
    expected = sorted(value for value in [*HOSTILE, CLEAN] if has(value, needle))
    assert needle in expected
    assert sorted(row["url"] for row in workspace.run("clicks_on", needle)) == expected


@pytest.mark.parametrize("team", [pytest.param(value, id=ascii(value)) for value in HOSTILE])
def test_each_hostile_team_finds_itself_only(workspace, team):
    fill(workspace, "link_messages")
    activity(workspace, AADGroupId=TEAM)
    assert [row["team_id"] for row in workspace.run("link_messages", team)] == [team.lower()]


# DuckDB takes seconds to plan a long has_any, which is all the same for every query.
@pytest.mark.parametrize(
    ("query", "count"),
    [("alerts", 40), ("clicks_on", 500), ("defender_hosts", 40), ("link_messages", 500), ("messages_on", 40), ("post_delivery", 500), ("proxy_hosts", 40)],
)
def test_many_values_are_all_looked_for(workspace, query, count):
    values = [f"{HOSTILE[number % len(HOSTILE)]}\u00b7{number}" for number in range(count - 1)]
    column = fill(workspace, query)
    found = {row[column] for row in workspace.run(query, *values, CLEAN)}
    assert found == {CLEAN}
