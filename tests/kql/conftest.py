"""Fixtures of the tests that run the queries on rows."""

import pytest

from workspace import Workspace


@pytest.fixture(scope="session", params=["workspace", "hunting"])
def tables(request: pytest.FixtureRequest) -> Workspace:
    """The one workspace of the session, and the one place of advanced hunting: creating the tables takes longer than most
    tests."""
    return Workspace(request.param)


@pytest.fixture
def workspace(tables: Workspace) -> Workspace:
    """A workspace whose tables are empty."""
    tables.clear()
    return tables
