"""Every actor x output x version x purpose x action, against what the declarations say; every denial is in the log."""

from collections.abc import Iterator
from itertools import product as combinations

from platform_assets.access.caller import Asked
from platform_assets.access.log_read import read_accesses
from platform_assets.access.log_verify import verify_log
from platform_assets.access.words import FACILITY_ACTIONS, RESOURCE_ACTIONS, ROLE_PURPOSES, Action
from platform_assets.consumers import CONSUMERS
from platform_assets.products._discovery import discover_products
from platform_assets.serving.access import Asker
from tests.unit.access.conftest import Guard

PRODUCTS = {product.name: product for product in discover_products()}
ACTIONS: list[Action] = sorted({action for each in RESOURCE_ACTIONS.values() for action in each})
OUTPUTS = [
    *(f"{product}/{resource}" for product in PRODUCTS for resource in RESOURCE_ACTIONS),
    *(f"platform/{name}" for name in FACILITY_ACTIONS),
    "unheard_of/published_predictions",
]
VERSIONS = ["1", "2", "-"]
PURPOSES = sorted(
    {purpose for consumer in CONSUMERS for reading in consumer.reads for purpose in reading.purposes}
    | set(ROLE_PURPOSES.values())
    | {"undeclared"}
)
# What people and services may do, written down a second time and differently: as lines of (resources, actions).
_SEES = (("contract", "describe"), ("releases", "observe"), ("rollouts", "observe"), ("experiments", "observe"))
_LOOKS = (("catalogue", "describe"), ("description", "describe"), ("health", "observe"), ("metrics", "observe"))
ROLES = {
    "auditor": {*_SEES, *_LOOKS, ("published_predictions", "read"), ("evidence", "audit"), ("access_log", "audit")},
    "operator": {
        *(*_SEES, *_LOOKS, ("releases", "operate"), ("releases", "deploy"), ("experiments", "experiment")),
        *(("jobs", "observe"), ("jobs", "operate")),
    },
    "engineer": {
        *(*_SEES, *_LOOKS, ("online_predictions", "read"), ("online_predictions", "submit")),
        *(("online_predictions", "choose_release"), ("experiments", "experiment")),
    },
    "service": {*_SEES, *_LOOKS, ("events", "write"), ("releases", "operate")},
    "scraper": {("metrics", "observe")},
}
PURPOSE_OF: dict[str, str] = {role: purpose for role, purpose in ROLE_PURPOSES.items()}  # noqa: C416 - by any text
EVERY: dict[str, tuple[Action, ...]] = {
    str(name): actions for each in (RESOURCE_ACTIONS, FACILITY_ACTIONS) for name, actions in each.items()
}
ONLINE = {name for name, each in PRODUCTS.items() if each.online}
TAKES_EVENTS = {name for name, each in PRODUCTS.items() if each.online and each.online.streaming}
NEED_A_VERSION = {"online_predictions", "published_predictions"}


def is_declared(actor: str, asked: Asked, purpose: str) -> bool:
    """Say what the declarations say, without the code that compiles them."""
    kind, _, name = actor.partition(":")
    owner, _, resource = asked.output.partition("/")
    if owner not in {*PRODUCTS, "platform"}:
        return False
    takes = {"online_predictions": ONLINE, "events": TAKES_EVENTS}
    if owner not in takes.get(resource, {owner}):
        return False
    if kind == "consumer":
        return _is_read(name, owner, resource, asked, purpose)
    if purpose != PURPOSE_OF[name] or (asked.version == "-") == (resource in NEED_A_VERSION) or asked.version == "2":
        return False
    if name == "admin":
        return asked.action in EVERY[resource]
    return (resource, asked.action) in ROLES[name]


def _is_read(name: str, owner: str, resource: str, asked: Asked, purpose: str) -> bool:
    consumer = next(each for each in CONSUMERS if each.name == name)
    readings = [reading for reading in consumer.reads if purpose in reading.purposes]
    if resource in {"catalogue", "description"}:
        return bool(readings) and (asked.version, asked.action) == ("-", "describe")
    of_product = [reading for reading in readings if reading.product == owner]
    if resource == "contract":
        return bool(of_product) and (asked.version, asked.action) == ("-", "describe")
    return any(
        reading.output == resource and asked.version in map(str, reading.versions) and asked.action in reading.actions
        for reading in of_product
    )


def cells() -> Iterator[Asked]:
    for output, version, action in combinations(OUTPUTS, VERSIONS, ACTIONS):
        yield Asked(output, version, action)


def test_every_cell_of_the_matrix_is_decided_as_declared_and_every_denial_is_logged(guard: Guard) -> None:
    actors = [*(f"consumer:{each.name}" for each in CONSUMERS), *(f"role:{role}" for role in ROLE_PURPOSES)]
    wrong, allowed, denied = [], 0, 0
    for actor, purpose in combinations(actors, PURPOSES):
        caller = guard.control.recognise(f"Bearer {guard.key(actor)}".encode(), purpose.encode())
        asker = Asker(guard.control, caller, f"{actor}-{purpose}")
        for asked in cells():
            decision = guard.control.decide(caller, asked)
            if decision.is_allowed != is_declared(actor, asked, purpose):
                wrong.append((actor, asked, purpose, decision))
            elif decision.is_allowed:
                allowed += 1
            else:
                denied += 1
                asker.refused(asked, decision)
    assert wrong == []
    assert allowed == len(guard.control.policy.grants) > 200
    assert allowed + denied == len(actors) * len(PURPOSES) * len(list(cells()))
    assert guard.log.close(60.0)
    (chain,) = verify_log(guard.files)
    assert (chain.denied, chain.lost_denials, chain.problems) == (denied, 0, ())
    assert {each.is_allowed for each in read_accesses(guard.files)} == {False}


def test_a_consumer_or_role_that_nobody_declared_may_nothing(guard: Guard) -> None:
    for actor in ("consumer:unheard_of", "role:unheard_of", "consumer:", "role:admin "):
        caller = guard.control.recognise(f"Bearer {guard.key(actor)}".encode(), b"administration")
        assert not any(guard.control.decide(caller, asked).is_allowed for asked in cells()), actor


def test_a_refusal_names_the_word_that_is_not_granted_and_nothing_of_others(guard: Guard) -> None:
    text = guard.key("consumer:retention_desk")
    caller = guard.control.recognise(f"Bearer {text}".encode(), b"call_guidance")
    why = {
        asked: guard.control.decide(caller, asked).why
        for asked in (
            Asked("churn/online_predictions", "2", "read"),
            Asked("parking_demand/online_predictions", "1", "read"),
            Asked("unheard_of/online_predictions", "1", "read"),
        )
    }
    assert list(why.values()) == [
        "version 2 of churn/online_predictions is not granted; granted: 1",
        "no grant to read parking_demand/online_predictions",
        "no grant to read unheard_of/online_predictions",
    ]
    other = guard.control.recognise(f"Bearer {text}".encode(), b"pricing")
    refused = guard.control.decide(other, Asked("churn/online_predictions", "1", "read"))
    assert refused.why == "churn/online_predictions is not granted for this purpose; granted: call_guidance"
