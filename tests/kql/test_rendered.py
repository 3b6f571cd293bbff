"""The queries as the loader renders them run too: <query>.<case>.kql in the folder that KQL_RENDERED names."""

import os
from pathlib import Path

import pytest

from render import NAMES, columns
from workspace import readable

FOLDER = os.environ.get("KQL_RENDERED")
FILES = sorted(Path(FOLDER).glob("*.kql")) if FOLDER else []

pytestmark = pytest.mark.skipif(not FOLDER, reason="KQL_RENDERED is not set")


def test_there_is_a_file_for_each_query():
    assert sorted({file.name.split(".")[0] for file in FILES}) == NAMES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_rendered_query_runs(workspace, file):
    if not file.name.split(".")[1].startswith(f"{workspace.place}-"):
        pytest.skip("another place is asked")
    query = readable(file.read_bytes().decode())
    assert workspace.columns(query) == columns(file.name.split(".")[0])
    # log_ends has a row for each log, also for one without an event.
    assert [row for row in workspace.execute(query) if row.get("newest", True)] == []
