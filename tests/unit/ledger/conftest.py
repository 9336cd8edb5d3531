"""One fresh ledger per test."""

from pathlib import Path

import pytest

from platform_assets.ledger.database import Ledger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
