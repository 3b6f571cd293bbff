"""Loads the rows that `neo4j_load --dump` wrote, with the statements beside them, by the Python driver.

usage: driver.py ROWS "SESSIONS=RATE"…   (what linktrail reached, in rows a second)
"""

import json
import os
import statistics
import sys
import time
from datetime import datetime

from neo4j import GraphDatabase

BATCH = 2_000
ROUNDS = 3
PRUNE = "MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS left"


def parts(path):
    """Statement and rows of each part, times as the driver's own type."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            part = json.loads(line)
            for row in part["rows"]:
                for at in part["times"]:
                    if row[at] is not None:
                        row[at] = datetime.fromisoformat(row[at])
            yield part["statement"], part["rows"]


def load(session, loaded):
    """Rows a second."""
    began = time.monotonic()
    for statement, rows in loaded:
        for at in range(0, len(rows), BATCH):
            batch = rows[at : at + BATCH]
            session.execute_write(lambda tx: tx.run(statement, rows=batch, prefix="DUMP/", cases=["DUMP"], ratings=["high", "warning", "information", "unknown"]).consume())
    return sum(len(rows) for _, rows in loaded) / (time.monotonic() - began)


def main():
    path, *ours = sys.argv[1:]
    server = [os.environ[f"LINKTRAIL_TEST_NEO4J_{name}"] for name in ("URI", "USER", "PASSWORD")]
    loaded = list(parts(path))
    rates = []
    with GraphDatabase.driver(server[0], auth=(server[1], server[2])) as driver, driver.session() as session:
        for _ in range(ROUNDS):
            rates.append(load(session, loaded))
            while session.run(PRUNE).single()["left"]:
                pass
    rate = statistics.median(rates)
    print(f"Python driver, 1 session: {rate:.0f} rows/s")
    for way in ours:
        sessions, _, ours_rate = way.partition("=")
        print(f"linktrail, {sessions} / Python driver: {float(ours_rate) / rate:.2f}")


main()
