"""An endpoint in this process in which one release is on its way to the traffic of another."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from platform_assets.contract.rollout import HardLimits, RolloutPlan, Step
from platform_assets.inference.live_pointer import LivePointer, LiveRollout, read_live
from platform_assets.inference.pointer_moves import PointerMove, read_moves
from platform_assets.inference.release import Release
from platform_assets.rollouts.moves import Pointers, Word, advance, begin
from platform_assets.serving.traffic.split import Candidate
from platform_assets.serving.wire import Answer, Answers, PredictRequest
from tests.unit.serving.conftest import WALL, Endpoint

OLD_SCORE, NEW_SCORE = 0.25, 0.75
HARD = HardLimits(min_answers=20, min_timed=20)


def plan_of(*shares: float, hard: HardLimits = HARD, **options: object) -> RolloutPlan:
    steps = tuple(Step(name=f"step{at}", share=share, hours=0.0) for at, share in enumerate((*shares, 1.0)))
    return msgspec.structs.replace(RolloutPlan(own_steps=steps, hard=hard), **options)


@dataclass(frozen=True)
class Rolling:
    """The endpoint with the old release in force and the new one in the first step of its plan."""

    endpoint: Endpoint
    old: Release
    new: Release

    @property
    def pointers(self) -> Pointers:
        return Pointers(releases_dir=self.endpoint.publisher.releases_dir, fsync=False)

    @property
    def pointer(self) -> LivePointer:
        live = read_live(self.pointers.releases_dir, "churn")
        assert live is not None
        return live

    @property
    def rollout(self) -> LiveRollout:
        assert self.pointer.rollout is not None
        return self.pointer.rollout

    @property
    def last_move(self) -> PointerMove:
        return read_moves(self.pointers.releases_dir, "churn", up_to=self.pointer.sequence)[-1]

    @property
    def candidate(self) -> Candidate:
        split = self.endpoint.parts.releases.split("churn")
        assert split is not None
        assert split.candidate is not None
        return split.candidate

    async def advance(self) -> None:
        advance(
            self.pointers,
            "churn",
            rollout_id=self.rollout.rollout_id,
            from_step=self.rollout.step_name,
            word=word(),
        )
        await self.endpoint.parts.refresh()

    async def ask(self, *entities: str, **headers: str) -> list[Answer]:
        request = PredictRequest(product="churn", entities=list(entities))
        raw = [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        answers = await self.endpoint.parts.heart.predict(request, request_id="r", headers=raw)
        assert isinstance(answers, Answers)
        return answers.predictions


def word(at: dt.datetime = WALL) -> Word:
    return Word(by="a test", at=at, reason="because")


async def begin_rollout(
    endpoint: Endpoint,
    *shares: float,
    plan: RolloutPlan | None = None,
    files: Mapping[str, bytes] | None = None,
    constant: float | None = NEW_SCORE,
) -> Rolling:
    """Return the endpoint after the first look at a rollout of a release whose score is another constant."""
    old = endpoint.publisher.publish("churn", model_version=1, constant=OLD_SCORE)
    new = endpoint.publisher.publish("churn", model_version=2, constant=constant, files=files)
    endpoint.publisher.point_at("churn", old.release_id)
    endpoint.features.rows = {f"{number}": 4.0 for number in range(1000)}
    rolling = Rolling(endpoint, old, new)
    begin(rolling.pointers, "churn", release_id=new.release_id, plan=plan or plan_of(*shares), word=word())
    await endpoint.parts.refresh()
    return rolling
