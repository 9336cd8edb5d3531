"""The two ways in which a model is refused: it is damaged, or it is sound and left to LightGBM."""

from platform_assets.errors import EngineFailedError, ModelUnusableError


def require_sound(is_sound: bool, problem: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise ModelUnusableError unless a model is sound: no engine may score a damaged one."""
    if not is_sound:
        raise ModelUnusableError(file="model.txt", problem=problem)


def require_known(is_known: bool, reason: str) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise EngineFailedError unless this engine knows how to score a model; LightGBM does it otherwise."""
    if not is_known:
        raise EngineFailedError(engine="native_forest", device="cpu", reason=reason)
