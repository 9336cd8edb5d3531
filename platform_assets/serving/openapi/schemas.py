"""The JSON schemas of every type that an operation names, made by msgspec and shared as components."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

Schema = dict[str, Any]
_REF = "#/components/schemas/{name}"


class Schemas:
    """Schemas of a fixed set of types: `components` by name, and `of` for where one of the types is used."""

    def __init__(self, kinds: Iterable[Any]) -> None:
        """Describe all types at once, so that two of the same name are told apart."""
        self._kinds = list(kinds)  # kept, since they are found again by identity
        made, self.components = msgspec.json.schema_components(self._kinds, ref_template=_REF)
        self._made = {id(kind): schema for kind, schema in zip(self._kinds, made, strict=True)}

    def of(self, kind: Any) -> Schema:  # noqa: ANN401 - any type that msgspec knows
        """Return the schema of one of the types."""
        return self._made[id(kind)]

    def any_of(self, kinds: Sequence[Any]) -> Schema:
        """Return the schema of a value of any of the types; of any object at all where there are none."""
        schemas = [self.of(kind) for kind in kinds] or [{"type": "object"}]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
