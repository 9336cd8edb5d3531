"""The operations of rollouts and experiments as data, and the headers by which a call says whose it is."""

from typing import Annotated

import msgspec

from platform_assets.errors import NoExperimentError, NoReleaseError, NoRolloutError, UnknownProductError
from platform_assets.rollouts.experiments_report import ExperimentFigures
from platform_assets.rollouts.report import RolloutReport
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.traffic.facts import RELEASE_HEADER, USER_HEADER, VERSION_HEADER
from platform_assets.serving.traffic.routes import EXPERIMENT_PATH, ROLLOUT_PATH

_PRODUCT = Parameter(name="product", place="path", description="The product.", names_product=True)

VERSION_PARAMETER = Parameter(
    name=VERSION_HEADER,
    place="header",
    description="The version of the output that the caller understands. An earlier one is answered until its sunset, "
    "with the headers Deprecation, Sunset and Link, and is a 410 from then on. Without it the version in force "
    "answers; every answer names its own in output_schema_version.",
    kind=Annotated[int, msgspec.Meta(ge=1, lt=1_000_000)],
    example=1,
)
CALL_HEADERS = (
    Parameter(
        name=USER_HEADER,
        place="header",
        description="Whose call it is. Where a product's traffic is split by user, the same user meets the same "
        "release; without it the first row key takes its place.",
    ),
    Parameter(
        name=RELEASE_HEADER,
        place="header",
        description="The id of the release that shall answer, for callers who may choose: the one in force, the one on "
        "its way or one that is kept. Any other has no effect; the answer names its release.",
    ),
    VERSION_PARAMETER,
)


def operations() -> tuple[Operation, ...]:
    """Return the operations in the order in which people read them."""
    return (
        Operation(
            method="GET",
            path=ROLLOUT_PATH,
            operation_id="rollout",
            group="Rollouts",
            summary="The figures of a rollout under way.",
            description="Those of the step that it is in, summed over all workers: of the new release, of the one in "
            "force over the same time, and of the last minutes alone.",
            parameters=(_PRODUCT,),
            replies={200: Reply(description="The evidence of the step.", kinds=(RolloutReport,))},
            errors=(UnknownProductError, NoReleaseError, NoRolloutError),
        ),
        Operation(
            method="GET",
            path=EXPERIMENT_PATH,
            operation_id="experiment",
            group="Experiments",
            summary="The live figures of a running experiment.",
            description="Answers, errors, latencies and scores of each variant, summed over all workers. Labels, "
            "values and verdicts come later: `platform experiments show` has them.",
            parameters=(_PRODUCT,),
            replies={200: Reply(description="The figures of each variant.", kinds=(ExperimentFigures,))},
            errors=(UnknownProductError, NoReleaseError, NoExperimentError),
        ),
    )
