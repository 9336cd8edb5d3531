"""A home with a registered candidate of a product, trained on made-up examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.contract.evaluation import Acceptance, Gate
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.features.content_digest import content_digest
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings
from platform_assets.training.candidates import Candidate, train_candidate
from tests.unit.batch.batch_home import facts
from tests.unit.serving.conftest import product_named
from tests.unit.training.conftest import _examples

PASSING = (Gate(metric="auc", minimum=0.0),)
FAILING = (Gate(metric="auc", minimum=1.1),)
AT_ONCE = RolloutPlan(strategy="instant")


@dataclass(frozen=True)
class RegistryHome:
    """Where candidates are trained; a home of its own has its own MLflow."""

    settings: Settings
    ledger: Ledger
    examples: pa.Table

    def product(self, gates: Sequence[Gate] = PASSING, *, rollout: RolloutPlan = AT_ONCE) -> Product:
        """Return the declared product with a small model, gates that hold or do not, and a plan of its rollouts."""
        return small_product(gates, rollout=rollout)

    def train(self, *, gates: Sequence[Gate] = PASSING, run: RunFacts | None = None) -> Candidate:
        return train_candidate(self.settings, self.ledger, self.product(gates), run or facts())

    def use(self, examples: pa.Table) -> None:
        """Let a table be the newest training set."""
        path = self.settings.training_dir / "churn" / f"{content_digest(examples)[:16]}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(examples, path)
        record(
            self.ledger,
            facts(),
            kind="training_set",
            name="churn",
            digest=content_digest(examples),
            uri=str(path),
            inputs=[],
        )


def small_product(gates: Sequence[Gate] = PASSING, *, rollout: RolloutPlan = AT_ONCE) -> Product:
    declared = product_named("churn")
    assert isinstance(declared.recipe, GradientBoosting)
    assert declared.online is not None
    online = msgspec.structs.replace(declared.online, rollout=rollout)
    recipe = msgspec.structs.replace(declared.recipe, rounds=15, leaves=7, min_rows_per_leaf=10)
    # Forty made-up test rows calibrate nothing; what the bound does is tested on measurements.
    acceptance = Acceptance(max_calibration_error=0.5)
    return msgspec.structs.replace(declared, recipe=recipe, gates=tuple(gates), acceptance=acceptance, online=online)


def registry_home(home: Path) -> RegistryHome:
    """Return a home with a training set and no candidate yet."""
    settings = Settings(home=home, fsync=False)
    home.mkdir(parents=True, exist_ok=True)
    made = RegistryHome(settings, open_ledger(settings.ledger_dsn), _examples(small_product()))
    made.use(made.examples)
    return made
