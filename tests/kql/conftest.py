"""Fixtures of the tests that run the queries on rows."""

import pytest

from workspace import Workspace


@pytest.fixture(scope="session")
def tables() -> Workspace:
    """The one workspace of the session: creating its tables takes longer than most tests."""
    return Workspace()


@pytest.fixture
def workspace(tables: Workspace) -> Workspace:
    """A workspace whose tables are empty."""
    tables.clear()
    return tables
