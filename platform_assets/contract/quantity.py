"""A measured number with its unit, as a person reads it."""

_SHARE = "share of "


def quantity(value: float, unit: str) -> str:
    """Return the number with its unit; a share is told in percent of what it is a share of."""
    if unit.startswith(_SHARE):
        return f"{100 * value:.4g} % of {unit.removeprefix(_SHARE)}"
    return f"{value:.6g} {unit}".rstrip()
