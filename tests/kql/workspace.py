"""The two places where logs are, in memory: the tables of tables.json for a workspace of Log Analytics and those of
hunting.json for advanced hunting, on which queries run in DuckDB."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import duckdb_kql
import pytest

from render import DIFFERING, TABLES, for_place, parameters, places, render, render_end, time_column

DAY = datetime(2026, 9, 7)
TYPES = {
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "string": "VARCHAR",
}
# The parameters that are lists.
LISTS = ("devices", "messages", "needles", "teams")


def at(clock: str, day: int = 0) -> datetime:
    """A moment of the tests' day (or of another, counted from it): "10:05", "10:05:30", "10:05:30.5"."""
    hours, minutes, seconds = (clock.split(":") + ["0"])[:3]
    return DAY + timedelta(days=day, hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def readable(query: str) -> str:
    r"""The same query with control characters raw: duckdb-kql reads JSON's \u001b as the text u001b."""
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

    def decode(match: re.Match) -> str:
        if len(match[1]) == 1:
            return match[0]
        character = chr(int(match[1][1:], 16))
        return short.get(character, character)

    return re.sub(r"\\(u[0-9a-f]{4}|.)", decode, query)


class Workspace:
    """Tables with rows, all times UTC: of a workspace, or of advanced hunting."""

    def __init__(self, place: str = "workspace") -> None:
        self.place = place
        self._tables = TABLES[place]
        self._connection = duckdb_kql.connect()
        self._waiting: dict[tuple[str, tuple[str, ...]], list[object]] = {}
        for table, columns in self._tables.items():
            # As in Kusto, a string that is not given is empty and anything else null.
            names = ", ".join(
                f'"{name}" {TYPES[kind]}' + (" DEFAULT ''" if kind == "string" else "")
                for name, kind in columns.items()
            )
            self._connection.execute(f'CREATE TABLE "{table}" ({names})')

    def clear(self) -> None:
        """Takes every row out again."""
        self._waiting.clear()
        for table in self._tables:
            self._connection.execute(f'DELETE FROM "{table}"')

    def add(self, table: str, time: datetime, **row: object) -> None:
        """Adds a row, of which only some columns need to be given."""
        columns = self._tables.get(table)
        if columns is None:
            pytest.skip(f"{self.place} has no {table}")
        row = {time_column(table, self.place): time} | row
        renamed = {old: new for old, new in DIFFERING["renamed"].items() if old not in columns and new in columns}
        row = {renamed.get(name, name): value for name, value in row.items()}
        for name in [name for name in row if name not in columns]:
            if row.pop(name):
                pytest.skip(f"{table} has no {name} in {self.place}")
        # Advanced hunting has the text of some values that are dynamic in a workspace.
        values = [
            json.dumps(value)
            if value is not None and (columns[name] == "dynamic" or isinstance(value, dict | list))
            else value
            for name, value in row.items()
        ]
        self._waiting.setdefault((table, tuple(row)), []).extend(values)

    def _insert(self) -> None:
        """Writes the rows that wait: many at once, since DuckDB plans each insert into such wide tables anew."""
        for (table, columns), values in self._waiting.items():
            names = ", ".join(f'"{name}"' for name in columns)
            row = f"({', '.join('?' * len(columns))})"
            rows = ", ".join([row] * (len(values) // len(columns)))
            self._connection.execute(f'INSERT INTO "{table}" ({names}) VALUES {rows}', values)
        self._waiting.clear()

    def execute(self, query: str) -> list[dict[str, object]]:
        """The rows a query returns, in no order of the query's."""
        self._insert()
        result = duckdb_kql.query(self._connection, query)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        return sorted(rows, key=lambda row: [str(value) for value in row.values()])

    def columns(self, query: str) -> list[str]:
        """The columns a query returns."""
        return [column[0] for column in duckdb_kql.query(self._connection, query).description]

    def run(
        self,
        name: str,
        *lists: str,
        window: tuple[datetime, datetime] = (at("00:00"), at("00:00", 1)),
        slice: tuple[datetime, datetime] | None = None,
    ) -> list[dict[str, object]]:
        """Runs a query of kql/ with the values of its list on a slice, which is the whole window unless given."""
        bounds = zip(
            ("window_from", "window_to", "slice_from", "slice_to"), (*window, *(slice or window)), strict=True
        )
        values = {key: f"{time.isoformat()}Z" for key, time in bounds}
        assert not lists or set(LISTS) & set(parameters(name)), f"{name} takes no list"
        if self.place not in places(name):
            pytest.skip(f"{name} is not asked in {self.place}")
        query = render(name, values | dict.fromkeys(LISTS, list(lists)))
        return self.execute(readable(for_place(name, query, self.place)))

    def end(self, table: str, slice: tuple[datetime, datetime]) -> tuple[datetime | None, datetime | None]:
        """The oldest and the newest event of one log."""
        values = dict(zip(("slice_from", "slice_to"), (f"{time.isoformat()}Z" for time in slice), strict=True))
        (row,) = self.execute(readable(render_end(table, self.place, values)))
        assert row["log"] == table
        return row["oldest"], row["newest"]
