"""Runs every hunt against a Neo4j and prints its times, the slowest first.

    NEO4J_PASSWORD=… run.py http://127.0.0.1:7474 [CASE]

Optional parameters have their defaults, required ones the example of the header. With a case every hunt is narrowed to
it.
"""

import base64
import json
import os
import pathlib
import re
import sys
import time
import urllib.request

RUNS = 5


def parameters(text, case):
    """What the header declares, each with a value."""
    values = {"case": case}
    field = re.search(r"^// parameters: (.*(?:\n//   .*)*)", text, re.MULTILINE)
    for part in re.sub(r"\n// +", " ", field[1]).split(";") if field else []:
        name, kind, need = part.split()[:3]
        keyword = "example" if need == "required" else "default"
        value = re.search(rf" {keyword} (.*?)(?: example .*)?$", part)
        value = value and value[1].strip()
        values[name] = int(value) if value and kind == "integer" else value
    return values


def ask(address, statement, values):
    """The seconds it took, and the number of rows."""
    sign_in = base64.b64encode(f"neo4j:{os.environ['NEO4J_PASSWORD']}".encode()).decode()
    headers = {"Authorization": f"Basic {sign_in}", "Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps({"statement": statement, "parameters": values}).encode()
    began = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(f"{address}/db/neo4j/query/v2", body, headers)) as answer:
        rows = json.load(answer)["data"]["values"]
    return time.monotonic() - began, len(rows)


def main():
    address, case = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    folder = pathlib.Path(__file__).parents[2] / "cypher/hunts"
    lines = []
    for file in folder.glob("*/*.cypher"):
        text = file.read_text(encoding="utf-8")
        times = [ask(address, text.rstrip().rstrip(";"), parameters(text, case)) for _ in range(RUNS)]
        seconds = sorted(seconds for seconds, _ in times)
        lines.append((seconds[RUNS // 2], times[0][0], times[0][1], file.stem))
    print(f"{'median':>8} {'first':>8} {'rows':>7}  hunt")
    for median, first, rows, name in sorted(lines, reverse=True):
        print(f"{median:7.2f}s {first:7.2f}s {rows:7}  {name}")


main()
