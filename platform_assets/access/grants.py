"""The declared consumers and the roles of people and services, compiled to a flat list of grants.

Nothing is inherited and nothing stands for everything: what a line does not say is refused. The lines are the whole
truth, so they can be read, compared and searched.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from platform_assets.access.words import (
    FACILITY_ACTIONS,
    RESOURCE_ACTIONS,
    ROLE_PURPOSES,
    UNVERSIONED,
    VERSIONED,
    Action,
    Facility,
    Resource,
    Role,
    consumer_actor,
    facility,
    output_of,
    role_actor,
)
from platform_assets.contract.consumers import Consumer
from platform_assets.contract.product import Product

Actions = tuple[Action, ...]
_EVERYBODY: Mapping[Facility, Actions] = {"catalogue": ("describe",), "description": ("describe",)}
_WATCHERS: Mapping[Resource, Actions] = {
    "contract": ("describe",),
    "releases": ("observe",),
    "rollouts": ("observe",),
    "experiments": ("observe",),
}
_OF_PRODUCTS: Mapping[Role, Mapping[Resource, Actions]] = {
    "auditor": {**_WATCHERS, "published_predictions": ("read",), "evidence": ("audit",)},
    "operator": {
        **_WATCHERS,
        "releases": ("observe", "operate", "deploy"),
        "experiments": ("observe", "experiment"),
    },
    "engineer": {
        **_WATCHERS,
        "online_predictions": ("read", "submit", "choose_release"),
        "experiments": ("observe", "experiment"),
    },
    "service": {**_WATCHERS, "events": ("write",), "releases": ("observe", "operate")},
    "scraper": {},
    "admin": RESOURCE_ACTIONS,
}
_OF_PLATFORM: Mapping[Role, Mapping[Facility, Actions]] = {
    "auditor": {**_EVERYBODY, "health": ("observe",), "metrics": ("observe",), "access_log": ("audit",)},
    "operator": {**_EVERYBODY, "health": ("observe",), "metrics": ("observe",), "jobs": ("observe", "operate")},
    "engineer": {**_EVERYBODY, "health": ("observe",), "metrics": ("observe",)},
    "service": {**_EVERYBODY, "health": ("observe",), "metrics": ("observe",)},
    "scraper": {"metrics": ("observe",)},
    "admin": FACILITY_ACTIONS,
}


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, order=True):
    """One thing that one actor may do: with one output, in one version, for one purpose."""

    actor: str
    output: str
    version: str
    purpose: str
    action: Action


def compile_grants(consumers: Sequence[Consumer], products: Sequence[Product]) -> tuple[Grant, ...]:
    """Return every grant that follows from the declarations, sorted."""
    declared = {product.name: product for product in products}
    grants = {grant for consumer in consumers for grant in _of_consumer(consumer, declared)}
    for role in ROLE_PURPOSES:
        grants.update(_of_role(role, consumers, products))
    return tuple(sorted(grants))


def versions_of(product: Product, consumers: Sequence[Consumer]) -> tuple[str, ...]:
    """Return the versions of a product's outputs that somebody may meet: the present one and those still read."""
    read = {
        number for each in consumers for one in each.reads if one.product == product.name for number in one.versions
    }
    earlier = {each.version for each in product.earlier_versions}
    return tuple(str(number) for number in sorted({product.score.schema_version, *earlier, *read}))


def resources_of(product: Product) -> tuple[Resource, ...]:
    """Return what a product has: online predictions only with an online block, events only where it takes them in."""
    absent = set() if product.online is not None else {"online_predictions"}
    if product.online is None or product.online.streaming is None:
        absent.add("events")
    return tuple(each for each in RESOURCE_ACTIONS if each not in absent)


def _of_consumer(consumer: Consumer, declared: Mapping[str, Product]) -> Iterator[Grant]:
    actor = consumer_actor(consumer.name)
    for reading in consumer.reads:
        for purpose in reading.purposes:
            for place, actions in _EVERYBODY.items():
                yield from _lines(actor, facility(place), (UNVERSIONED,), purpose, actions)
            if reading.product not in declared or reading.output not in resources_of(declared[reading.product]):
                continue
            contract = output_of(reading.product, "contract")
            yield from _lines(actor, contract, (UNVERSIONED,), purpose, ("describe",))
            versions = tuple(map(str, reading.versions))
            yield from _lines(actor, output_of(reading.product, reading.output), versions, purpose, reading.actions)


def _of_role(role: Role, consumers: Sequence[Consumer], products: Sequence[Product]) -> Iterator[Grant]:
    actor, purpose = role_actor(role), ROLE_PURPOSES[role]
    for place, actions in _OF_PLATFORM[role].items():
        yield from _lines(actor, facility(place), (UNVERSIONED,), purpose, actions)
    for product in products:
        for resource, actions in _OF_PRODUCTS[role].items():
            if resource in resources_of(product):
                versions = versions_of(product, consumers) if resource in VERSIONED else (UNVERSIONED,)
                yield from _lines(actor, output_of(product.name, resource), versions, purpose, actions)


def _lines(
    actor: str, output: str, versions: Sequence[str], purpose: str, actions: Sequence[Action]
) -> Iterator[Grant]:
    for version in versions:
        for action in actions:
            yield Grant(actor=actor, output=output, version=version, purpose=purpose, action=action)
