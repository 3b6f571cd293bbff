"""How a query is made of a file of kql/ and its values, and what each place is asked: the same rules as in render.mjs."""

import json
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "kql"
HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.kql"))


def read(name: str) -> tuple[str, str, str]:
    """Header comment, let-prelude and body of a query file."""
    text = (FOLDER / f"{name}.kql").read_bytes().decode()
    return re.fullmatch(r"((?://[^\n]*\n)+)((?:let [^\n]*\n)+)\n(.+)", text, re.DOTALL).groups()


def columns(name: str) -> list[str]:
    """The result columns that the header names."""
    return re.search(r"^// columns: (.+)$", read(name)[0], re.MULTILINE)[1].split(", ")


def parameters(name: str) -> list[str]:
    """The parameters of the prelude, in order."""
    return re.findall(r"^let (\w+) = ", read(name)[1], re.MULTILINE)


def literal(value: str | list[str]) -> str:
    """A datetime is a text, a list of values a list. Only what JSON requires is escaped."""
    if isinstance(value, str):
        return f"datetime({value})"

    def escape(match: re.Match) -> str:
        return f"\\u{ord(match[0]):04x}" if match[0] < " " else f"\\{match[0]}"

    return "dynamic([%s])" % ", ".join('"%s"' % re.sub(r'["\\\x00-\x1f]', escape, text) for text in value)


def render(name: str, values: dict[str, str | list[str]]) -> str:
    """The query as it is sent: without the header, the values in place of the examples."""
    _, _, body = read(name)
    return "".join(f"let {key} = {literal(values[key])};\n" for key in parameters(name)) + f"\n{body}"


def tables_of(file: str) -> dict[str, dict[str, str]]:
    """The tables of a place, each with its columns and their types."""
    text = (HERE / file).read_text()
    return {
        table: dict(column.split(":") for column in columns.split()) for table, columns in json.loads(text).items()
    }


DIFFERING = json.loads((HERE / "differing.json").read_text())
TABLES = {"workspace": tables_of("tables.json"), "hunting": tables_of("hunting.json")}
# What the queries name: the tables as they are documented for a workspace, and the columns that some workspaces lack.
NAMED = {
    table: columns | dict(column.split(":") for column in DIFFERING["absent"].get(table, "").split())
    for table, columns in TABLES["workspace"].items()
}


def places(name: str) -> list[str]:
    """Where a query is asked. SecurityAlert is hidden in advanced hunting, and its ends are asked for log by log."""
    return ["workspace"] if name in ("alerts", "log_ends") else ["workspace", "hunting"]


def time_column(table: str, place: str) -> str:
    """The column of the time of a table."""
    return "Timestamp" if place == "hunting" and "Timestamp" in TABLES["hunting"][table] else "TimeGenerated"


def for_place(name: str, query: str, place: str) -> str:
    """A rendered query as a place understands it: where a table is read, its time has the column that it has there, what has
    another name is renamed, and what it lacks is empty."""
    prelude, body = query.split("\n\n", 1)
    tables = re.search(r"^// tables: (.+)$", read(name)[0], re.MULTILINE)[1].split(", ")
    lines = body.split("\n")
    for at in range(1, len(lines)):
        table = (lines[at - 1].split() or [""])[-1]
        if table in tables and lines[at].lstrip().startswith("| where TimeGenerated >= "):
            lines[at] = bound(lines[at], table, body, place)
    return prelude + "\n\n" + "\n".join(lines)


def bound(line: str, table: str, body: str, place: str) -> str:
    """The line that bounds the time of a table."""
    time = time_column(table, place)
    named = [f"TimeGenerated = {time}"] if time != "TimeGenerated" else []
    known = TABLES[place][table]
    for column in sorted(NAMED[table].keys() - known.keys() - {"TimeGenerated"}):
        # Only a column that differs from tenant to tenant counts: others are not read.
        if re.search(rf"\b{column}\b", body):
            other = DIFFERING["renamed"].get(column)
            named.append(f"{column} = {other if other in known else chr(34) * 2}")
    return line.replace("TimeGenerated", time) + (f" | extend {', '.join(named)}" if named else "")


def render_end(table: str, place: str, values: dict[str, str | list[str]]) -> str:
    """The query for the ends of one log, which is its part of log_ends."""
    prelude = "".join(f"let {key} = {literal(values[key])};\n" for key in ("slice_from", "slice_to"))
    line = bound("| where TimeGenerated >= slice_from and TimeGenerated < slice_to", table, "", place)
    return f"""{prelude}
{table}
{line}
| summarize oldest = min(TimeGenerated), newest = max(TimeGenerated)
| extend ['log'] = "{table}"
| project ['log'], oldest, newest
"""
