"""HTML as values: whatever is not markup already is escaped, so no text of a declaration can become code."""

from html import escape

_VOID = frozenset({"input", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: str | bool | None) -> Markup:
    """Return an element; `class_` and `for_` lose their underscore, other underscores become hyphens.

    An attribute that is True stands without a value, one that is False or None is left out.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{join(*children)}</{name}>")


def join(*children: str) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _attribute(key: str, value: str | bool | None) -> str:  # noqa: FBT001 - as in HTML
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return "" if value is None or value is False else f' {name}="{escape(value)}"'
