"""A client of the service over the small shop."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.unit.service.web import web_app


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(web_app(), raise_server_exceptions=False) as client:
        yield client
