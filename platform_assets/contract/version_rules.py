"""What the declared versions of an output must satisfy: every earlier one has its days, and none is left out."""

from collections.abc import Iterator

from platform_assets.contract.product import Product
from platform_assets.contract.versions import EarlierVersion

_FIRST = 1


def broken_version_rules(product: Product) -> Iterator[tuple[str, str, str]]:
    """Yield (where, problem, remedy) of every broken rule of the output's versions."""
    current = product.score.schema_version
    if current < _FIRST:
        yield "score.schema_version", f"{current} is below {_FIRST}", f"Begin with {_FIRST}."
    told = [one.version for one in product.earlier_versions]
    for position, earlier in enumerate(product.earlier_versions):
        for problem, remedy in _broken(earlier, current, told):
            yield f"earlier_versions[{position}]", problem, remedy
    for version in range(_FIRST, current):
        if version not in told:
            problem = f"version {version} came before {current} and is not in it"
            yield "earlier_versions", problem, "Say since when it is deprecated and when it ends, also if it has ended."


def _broken(earlier: EarlierVersion, current: int, told: list[int]) -> Iterator[tuple[str, str]]:
    if not _FIRST <= earlier.version < current:
        yield f"version {earlier.version} is not below score.schema_version {current}", "List earlier versions only."
    if told.count(earlier.version) > 1:
        yield f"version {earlier.version} appears twice", "List each version once."
    if earlier.sunset <= earlier.deprecated_on:
        yield f"the sunset {earlier.sunset} is not after {earlier.deprecated_on}", "Leave readers time to move."
    if not earlier.what_changed.strip():
        yield "it does not say what changed", "Tell its readers what is different in the next version."
    if earlier.link is not None and not earlier.link.startswith(("https://", "http://", "/")):
        yield f"link {earlier.link!r} is no address", "Give a URL or a path of the endpoint."
