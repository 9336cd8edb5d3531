"""Quarantine: a refused batch is kept whole with its reasons, once."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.lakehouse.quarantine import list_quarantined, quarantine

AS_OF = dt.date(2011, 12, 9)
AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
ROWS = pa.table({"entity_id": ["a", "b"], "score": [0.1, 7.0]})
DIGEST = "d" * 64
REASONS = [{"guardrail": "value_range", "observed": 1.0}]


def test_a_refused_batch_is_kept_whole_with_its_reasons(tmp_path: Path) -> None:
    path = quarantine(tmp_path, "churn", AS_OF, [ROWS], REASONS, digest=DIGEST, quarantined_at=AT)
    assert path.parent == tmp_path / "churn" / "2011-12-09"
    assert len(path.name) == 16
    assert pq.read_table(path / "rows.parquet").equals(ROWS)
    assert json.loads((path / "reasons.json").read_text())["reasons"] == REASONS


def test_the_same_batch_is_kept_once_and_as_it_was_first_told(tmp_path: Path) -> None:
    first = quarantine(tmp_path, "churn", AS_OF, [ROWS], REASONS, digest=DIGEST, quarantined_at=AT)
    again = quarantine(tmp_path, "churn", AS_OF, [ROWS], [], digest=DIGEST, quarantined_at=AT + dt.timedelta(days=1))
    assert first == again
    assert [batch.reasons for batch in list_quarantined(tmp_path, "churn")] == [REASONS]


def test_the_list_tells_every_refused_batch_of_one_product_in_order(tmp_path: Path) -> None:
    quarantine(tmp_path, "churn", AS_OF, [ROWS], REASONS, digest=DIGEST, quarantined_at=AT)
    quarantine(
        tmp_path, "churn", AS_OF - dt.timedelta(days=1), [ROWS.slice(0, 1)], [], digest=DIGEST, quarantined_at=AT
    )
    quarantine(tmp_path, "clv", AS_OF, [ROWS], [], digest=DIGEST, quarantined_at=AT)
    found = list_quarantined(tmp_path, "churn")
    assert [(batch.as_of.day, batch.num_rows, batch.quarantined_at) for batch in found] == [(8, 1, AT), (9, 2, AT)]


def test_a_half_written_batch_is_not_listed(tmp_path: Path) -> None:
    path = quarantine(tmp_path, "churn", AS_OF, [ROWS], REASONS, digest=DIGEST, quarantined_at=AT)
    path.rename(path.with_name(f"{path.name}.123.tmp"))
    assert list_quarantined(tmp_path, "churn") == []


def test_nothing_is_listed_where_nothing_was_refused(tmp_path: Path) -> None:
    assert list_quarantined(tmp_path, "churn") == []
