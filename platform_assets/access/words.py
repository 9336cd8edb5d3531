"""The words of every decision: what there is to ask for, what may be done with it, and as whom."""

from collections.abc import Mapping
from typing import Literal

Role = Literal["auditor", "operator", "engineer", "service", "scraper", "admin"]
Action = Literal[
    "read", "submit", "choose_release", "write", "describe", "observe", "operate", "deploy", "experiment", "audit"
]  # fmt: skip
# What each product has, and what the platform has once.
Resource = Literal[
    "online_predictions", "published_predictions", "events", "contract", "releases", "rollouts", "experiments",
    "evidence",
]  # fmt: skip
Facility = Literal["catalogue", "description", "health", "metrics", "jobs", "access_log"]

PLATFORM = "platform"
UNVERSIONED = "-"  # the version of what is no prediction

RESOURCE_ACTIONS: Mapping[Resource, tuple[Action, ...]] = {
    "online_predictions": ("read", "submit", "choose_release"),
    "published_predictions": ("read",),
    "events": ("write",),
    "contract": ("describe",),
    "releases": ("observe", "operate", "deploy"),
    "rollouts": ("observe",),
    "experiments": ("observe", "experiment"),
    "evidence": ("audit",),
}
FACILITY_ACTIONS: Mapping[Facility, tuple[Action, ...]] = {
    "catalogue": ("describe",),
    "description": ("describe",),
    "health": ("observe",),
    "metrics": ("observe",),
    "jobs": ("observe", "operate"),
    "access_log": ("audit",),
}
VERSIONED: frozenset[Resource] = frozenset({"online_predictions", "published_predictions"})

# The one purpose for which a role may act: whoever needs another one is a consumer and declared as such.
ROLE_PURPOSES: Mapping[Role, str] = {
    "auditor": "audit",
    "operator": "operations",
    "engineer": "engineering",
    "service": "platform",
    "scraper": "metrics",
    "admin": "administration",
}


def output_of(product: str, resource: Resource) -> str:
    """Return the name of what a product has, as policies and the access log spell it."""
    return f"{product}/{resource}"


def facility(name: Facility) -> str:
    """Return the name of what the platform has once."""
    return f"{PLATFORM}/{name}"


def consumer_actor(name: str) -> str:
    """Return a declared consumer as policies name it."""
    return f"consumer:{name}"


def role_actor(role: Role) -> str:
    """Return a role as policies name it."""
    return f"role:{role}"
