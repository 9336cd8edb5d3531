"""Which version of a product's predictions a call gets: the one that it names, or one that its caller may have."""

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED, Action
from platform_assets.serving.access import Asker, asked_of, plain_product
from platform_assets.serving.releases import Releases
from platform_assets.serving.traffic.output_versions import output_version
from platform_assets.serving.traffic.split import Split


def permitted_version(asker: Asker, releases: Releases, product: str, named: int | None) -> int | None:
    """Return the version in which a call is answered, None where everybody's way is as good for its caller.

    A rollout or experiment may answer in another version than the one in force; whoever has no grant for that one is
    kept from it. Raises as `Asker.permit`, before anything of the product is told.
    """
    asked = asked_online(releases, product, "read")
    if named is not None:
        asker.permit(Asked(asked.output, str(named), asked.action))
        return named
    asker.permit(asked)
    state = releases.states.get(product)
    if state is None or state.live is None or state.split is None:
        return None
    in_force = output_version(state.live)
    others = _other_versions(state.split) - {in_force}
    is_kept = not all(asker.may(Asked(asked.output, str(version), asked.action)) for version in others)
    return in_force if is_kept else None


def asked_online(releases: Releases, product: str, action: Action) -> Asked:
    """Return what is asked of a product's online predictions, in the version that is in force."""
    state = releases.states.get(product)
    live = state.live if state is not None else None
    if live is None:
        return asked_of(plain_product(product), "online_predictions", UNVERSIONED, action)
    return asked_of(product, "online_predictions", output_version(live), action)


def _other_versions(split: Split) -> set[int]:
    on_trial = [] if split.trial is None else list(split.trial.lives.values())
    candidate = [] if split.candidate is None else [split.candidate.live]
    return {output_version(live) for live in (*candidate, *on_trial)}
