"""The declaration of a product: all that the platform needs to know, as pure data in one value."""

import msgspec

from platform_assets.contract.datasets import DatasetName
from platform_assets.contract.evaluation import Acceptance, Baseline, Gate, Label, Slice, TimeSplit
from platform_assets.contract.explanation import Explanation
from platform_assets.contract.features import FeatureService, OnDemand, RequestField
from platform_assets.contract.guardrails import Guardrails
from platform_assets.contract.online import Online
from platform_assets.contract.promises import AutomatedAction, BatchPlan, Owner
from platform_assets.contract.recipes import Recipe
from platform_assets.contract.retraining import Retraining
from platform_assets.contract.score import Score
from platform_assets.contract.versions import EarlierVersion


class Entity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a prediction is about. `row_keys` identify one prediction of a batch; the first is the entity itself."""

    name: str
    row_keys: tuple[str, ...]
    description: str


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One predicted thing. The file stem, the Dagster group, the registry prefix and the URL name are its `name`.

    `examples` is SQL like the batch population, for training rows; left out, the batch population serves both.
    `not_inputs` are stored or request columns that only feed on-demand features, baselines or join keys.
    `categories` are text columns that the preprocessor encodes. `actions` are what machines do with predictions.
    `earlier_versions` are those of the output's contract before `score.schema_version`, every one of them.
    """

    name: str
    title: str
    description: str
    dataset: DatasetName
    owner: Owner
    entity: Entity
    label: Label
    features: FeatureService
    recipe: Recipe
    split: TimeSplit
    score: Score
    batch: BatchPlan
    guardrails: Guardrails
    baselines: tuple[Baseline, ...] = ()
    gates: tuple[Gate, ...] = ()
    acceptance: Acceptance = Acceptance()
    retraining: Retraining = Retraining()
    slices: tuple[Slice, ...] = ()
    request: tuple[RequestField, ...] = ()
    on_demand: tuple[OnDemand, ...] = ()
    categories: tuple[str, ...] = ()
    not_inputs: tuple[str, ...] = ()
    examples: str | None = None
    actions: tuple[AutomatedAction, ...] = ()
    online: Online | None = None
    explanation: Explanation | None = None
    earlier_versions: tuple[EarlierVersion, ...] = ()

    @property
    def stored_columns(self) -> tuple[str, ...]:
        """All stored features, in the order of the feature service."""
        return tuple(column for use in self.features.views for column in use.columns)

    @property
    def model_inputs(self) -> tuple[str, ...]:
        """The columns of the model matrix, in order: stored, request, on-demand, categories, less `not_inputs`."""
        named = (
            *self.stored_columns,
            *(field.name for field in self.request),
            *(feature.name for feature in self.on_demand),
            *self.categories,
        )
        return tuple(name for name in dict.fromkeys(named) if name not in self.not_inputs)

    @property
    def examples_sql(self) -> str:
        """The SQL that yields training rows."""
        return self.examples or self.batch.population
