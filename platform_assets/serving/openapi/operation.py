"""One operation of the endpoint as data: what a route takes, what it answers and which errors it may end in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from platform_assets.errors import PlatformError

Method = Literal["GET", "POST", "DELETE"]
Place = Literal["path", "query", "header"]
# The forms of a prediction request that every served product offers with a schema of its own.
Form = Literal["entities", "rows", "single"]
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value outside the body; `kind` is the msgspec type that describes it. A path parameter is always required.

    With `names_product` the served products are its examples.
    """

    name: str
    place: Place
    description: str
    kind: Any = str
    is_required: bool = False
    names_product: bool = False
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back with one status; `kinds` are the msgspec types that the body may have, none for no body.

    `other_media` are further media types in which the body may come. They are named without a schema.
    """

    description: str
    kinds: tuple[Any, ...] = ()
    media_type: str = JSON
    other_media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    `request` is the msgspec type of the body; `forms` stand for a type per served product instead, with its example.
    `errors` become one problem+json answer per status, with the codes in its description; `problem` replaces the type
    of that body where a protocol asks for another one. `headers` come with every answer. `group` is the heading under
    which people find the operation.
    """

    method: Method
    path: str
    operation_id: str
    group: str
    summary: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    request: Any = None
    forms: tuple[Form, ...] = ()
    examples: Mapping[str, object] = field(default_factory=dict)
    replies: Mapping[int, Reply] = field(default_factory=dict)
    errors: tuple[type[PlatformError], ...] = ()
    problem: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_deprecated: bool = False
