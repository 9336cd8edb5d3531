"""What the protocol tells about the server and about each model."""

from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.open_inference.binary import EXTENSION
from platform_assets.serving.open_inference.inputs import input_datatypes
from platform_assets.serving.open_inference.outputs import OUTPUTS
from platform_assets.serving.open_inference.wire import (
    ModelMetadata,
    ServerMetadata,
    TensorMetadata,
    TensorParameters,
)
from platform_assets.serving.row_schema import RowSchema

# The version of pyproject.toml: a running endpoint need not be an installed package. A test compares the two.
SERVER = ServerMetadata(name="platform-assets", version="0.1.0", extensions=(EXTENSION,))
_ANY_ROWS = (-1,)
_STORED = "Stored feature: sent in place of the one in the online store; NaN says that it is not known."


def model_metadata(live: LiveRelease) -> ModelMetadata:
    """Return the tensors of a model; the one version that answers is the live one."""
    return ModelMetadata(
        name=live.product.name,
        versions=(str(live.release.model_version),),
        platform=live.bundle.manifest.framework,
        inputs=_inputs(live.schema),
        outputs=[TensorMetadata(name=name, datatype=kind, shape=_ANY_ROWS) for name, kind in OUTPUTS.items()],
    )


def _inputs(schema: RowSchema) -> list[TensorMetadata]:
    return [
        TensorMetadata(name=name, datatype=datatype, shape=_ANY_ROWS, parameters=_parameters(schema, name))
        for name, datatype in input_datatypes(schema).items()
    ]


def _parameters(schema: RowSchema, name: str) -> TensorParameters:
    field = schema.fields.get(name)
    if field is None:
        return TensorParameters(is_required=False, description=_STORED)
    return TensorParameters(is_required=field.is_required, description=field.description)
