"""Loads the rows that `neo4j_load --dump` wrote, with the statements beside them, by the Python driver."""

import json
import os
import sys
import time
from datetime import datetime

from neo4j import GraphDatabase

BATCH = 10_000


def parts(path):
    """Statement and rows of each part, times as the driver's own type."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            part = json.loads(line)
            for row in part["rows"]:
                properties = row.get("p", row)
                for name in part["times"]:
                    if name in properties:
                        properties[name] = datetime.fromisoformat(properties[name])
            yield part["statement"], part["rows"]


def main():
    path, best = sys.argv[1], float(sys.argv[2])
    server = [os.environ[f"LINKTRAIL_TEST_NEO4J_{name}"] for name in ("URI", "USER", "PASSWORD")]
    loaded = list(parts(path))
    total = sum(len(rows) for _, rows in loaded)
    with GraphDatabase.driver(server[0], auth=(server[1], server[2])) as driver, driver.session() as session:
        began = time.monotonic()
        for statement, rows in loaded:
            for at in range(0, len(rows), BATCH):
                batch = rows[at : at + BATCH]
                session.execute_write(lambda tx: tx.run(statement, rows=batch, prefix="DUMP/").consume())
        rate = total / (time.monotonic() - began)
    print(f"Python driver: {total} rows, {rate:.0f} rows/s")
    print(f"linktrail / Python driver: {best / rate:.2f}")


main()
