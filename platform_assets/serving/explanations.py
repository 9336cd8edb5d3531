"""Explanations on request: what each answer of the model comes from, for callers who ask and products that allow it."""

import asyncio
from collections.abc import Sequence

import msgspec
import numpy as np

from platform_assets.contract.explanation import ToldExplanation
from platform_assets.errors import MalformedRequestError, NotExplainableError
from platform_assets.inference.contributions import Explainer, load_explainer
from platform_assets.inference.explained import tell
from platform_assets.inference.frame import take_rows
from platform_assets.inference.scoring import prepare_matrix
from platform_assets.serving.asked import Asked
from platform_assets.serving.inputs import Inputs
from platform_assets.serving.limits import MAX_EXPLAINED_ROWS
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.verdict import Verdict
from platform_assets.serving.wire import Answers, SingleAnswer

_EXPLAINERS_KEPT = 16


def require_explainable(asked: Asked) -> None:
    """Raise NotExplainableError or MalformedRequestError where an explanation is asked for that is not given."""
    if not asked.wants_explanation:
        return
    product = asked.live.product
    if product.explanation is None:
        raise NotExplainableError(product=product.name, reason="its product file declares no explanation")
    if len(asked.rows.fields) > MAX_EXPLAINED_ROWS:
        problem = f"{len(asked.rows.fields)} rows; at most {MAX_EXPLAINED_ROWS} are explained in one call"
        raise MalformedRequestError(where="$.explain", problem=problem)


class Explanations:
    """Explains answers in another thread, so that no other request waits; models are loaded when first asked for."""

    def __init__(self) -> None:
        """Start with no model."""
        self._explainers: dict[str, Explainer] = {}

    async def explain(
        self, live: LiveRelease, inputs: Inputs, verdicts: Sequence[Verdict]
    ) -> list[ToldExplanation | None]:
        """Return an explanation per row, None where no model answered; raises BundleError for a damaged bundle."""
        if live.product.explanation is None:  # a release of before that was declared
            return [None] * len(verdicts)
        return await asyncio.to_thread(self._explain, live, inputs, verdicts)

    def _explain(self, live: LiveRelease, inputs: Inputs, verdicts: Sequence[Verdict]) -> list[ToldExplanation | None]:
        explanation, bundle = live.product.explanation, live.bundle
        scored = [at for at, verdict in enumerate(verdicts) if verdict.fallback == "none"]
        told: list[ToldExplanation | None] = [None] * len(verdicts)
        if explanation is None or not scored:
            return told
        matrix = prepare_matrix(bundle, take_rows(inputs.frame(live), np.array(scored)))
        contributions = self._explainer(live).explain(matrix)
        for at, each in zip(scored, tell(explanation, bundle.preprocessor, matrix, contributions), strict=True):
            told[at] = each
        return told

    def _explainer(self, live: LiveRelease) -> Explainer:
        digest = live.bundle.digest
        known = self._explainers.pop(digest, None)
        explainer = known or load_explainer(live.bundle)
        self._explainers[digest] = explainer  # the one used last stands last
        while len(self._explainers) > _EXPLAINERS_KEPT:
            self._explainers.pop(next(iter(self._explainers)), None)
        return explainer


def explained(answers: Answers, told: Sequence[ToldExplanation | None]) -> Answers:
    """Return the answers with an explanation beside each."""
    rows = [
        msgspec.structs.replace(answer, explanation=each)
        for answer, each in zip(answers.predictions, told, strict=True)
    ]
    return msgspec.structs.replace(answers, predictions=rows)


def explained_single(answer: SingleAnswer, told: Sequence[ToldExplanation | None]) -> SingleAnswer:
    """Return the answer of the single form with its explanation."""
    return msgspec.structs.replace(answer, explanation=told[0])
