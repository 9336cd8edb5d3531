"""The drawing at the top of errors.py is the tree of classes below it."""

import re

from platform_assets import errors
from platform_assets.errors import PlatformError


def drawn_tree(drawing: str) -> list[tuple[int, str]]:
    """Return (depth, class) per line of a drawing."""
    found = [re.match(r"^([│├└─ ]*)([A-Z]\w+Error)\b", line) for line in drawing.splitlines()]
    return [(len(match[1]) // 4, match[2]) for match in found if match]


def class_tree(kind: type[PlatformError], depth: int = 0) -> set[tuple[int, str, str]]:
    """Return (depth, class, parent) of a class and all below it."""
    below = [entry for child in kind.__subclasses__() for entry in class_tree(child, depth + 1)]
    return {(depth, kind.__name__, kind.__mro__[1].__name__), *below}


def with_parents(drawn: list[tuple[int, str]]) -> set[tuple[int, str, str]]:
    """Add to each drawn class the class it hangs below."""
    path = ["Exception"]
    found = set()
    for depth, name in drawn:
        path = [*path[: depth + 1], name]
        found.add((depth, name, path[depth]))
    return found


def test_the_drawn_tree_of_errors_equals_the_classes() -> None:
    assert with_parents(drawn_tree(errors.__doc__ or "")) == class_tree(PlatformError)


def test_a_class_that_is_missing_in_the_drawing_is_seen() -> None:
    without_last = drawn_tree(errors.__doc__ or "")[:-1]
    assert with_parents(without_last) != class_tree(PlatformError)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in _every(PlatformError)]
    assert sorted(codes) == sorted(set(codes))


def test_every_error_is_raised_somewhere_or_has_a_class_below_it() -> None:
    from tests.architecture.sources import PACKAGE, sources  # noqa: PLC0415 - only this test reads files

    text = "\n".join(file.text for file in sources(PACKAGE) if file.name != "platform_assets/errors.py")
    unused = [
        kind.__name__ for kind in _every(PlatformError) if not kind.__subclasses__() and kind.__name__ not in text
    ]
    assert unused == []


def _every(kind: type[PlatformError]) -> list[type[PlatformError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in _every(child))]
