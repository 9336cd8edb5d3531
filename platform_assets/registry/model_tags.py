"""The facts of a model version as tags of both halves in MLflow, so that people find them where they look."""

import msgspec

from platform_assets.contract import names
from platform_assets.registry.model_record import ModelFacts
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.tracking import tracking_client
from platform_assets.settings import Settings

_NEW = {"platform.stage": "dev"}  # what follows a move of the live pointer tells later stages


def tag_model(settings: Settings, facts: ModelFacts) -> None:
    """Write each fact as `platform.<field>` on both halves of its version; a repeat writes nothing."""
    client = tracking_client(settings)
    wanted = fact_tags(facts)
    for half in HALVES:
        name = names.registered_model(facts.name, half)
        for found in client.search_model_versions(f"name = '{name}' and tags.`{PAIR_TAG}` = '{facts.version}'"):
            missing = {tag: value for tag, value in _NEW.items() if tag not in found.tags}
            changed = {tag: value for tag, value in wanted.items() if found.tags.get(tag) != value}
            for tag, value in {**missing, **changed}.items():
                client.set_model_version_tag(name, found.version, tag, value)


def fact_tags(facts: ModelFacts) -> dict[str, str]:
    """Return the facts by tag: text as it is, anything else as JSON; an unknown accuracy has no tag."""
    told = msgspec.to_builtins(facts)
    known = {field: value for field, value in told.items() if value is not None and field != "version"}
    return {
        f"platform.{field}": value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for field, value in known.items()
    }
