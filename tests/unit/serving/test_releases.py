"""Which release answers, and what happens when a new one is broken or comes in the middle of the traffic."""

import asyncio

import msgspec
import pytest

from platform_assets.errors import (
    DigestMismatchError,
    ModelUnusableError,
    NoReleaseError,
    PlatformError,
    UnknownProductError,
)
from platform_assets.inference.live_pointer import live_path
from platform_assets.inference.tables import LinearTable
from platform_assets.serving.releases import Releases
from platform_assets.serving.wire import Answers, PredictRequest
from tests.unit.serving.conftest import Endpoint, Publisher, feature_layout, product_named

pytestmark = pytest.mark.anyio


@pytest.fixture
def releases(publisher: Publisher) -> Releases:
    return Releases(home=publisher.home, releases_dir=publisher.releases_dir)


async def test_nothing_released_means_that_no_product_is_known(releases: Releases) -> None:
    await releases.refresh()
    with pytest.raises(UnknownProductError, match="known: none"):
        releases.current("churn")


async def test_a_moved_pointer_is_followed_forth_and_back(publisher: Publisher, releases: Releases) -> None:
    first = publisher.publish("churn", model_version=1)
    await releases.refresh()
    second = publisher.publish("churn", model_version=2)
    assert releases.current("churn").release == first
    await releases.refresh()
    assert releases.current("churn").release == second
    publisher.point_at("churn", first.release_id)
    await releases.refresh()
    assert (releases.current("churn").release, releases.current("churn").sequence) == (first, 3)


async def test_a_release_is_loaded_once_and_not_at_every_look(publisher: Publisher, releases: Releases) -> None:
    publisher.publish("churn")
    await releases.refresh()
    loaded = releases.current("churn")
    await releases.refresh()
    assert releases.current("churn") is loaded


BROKEN: dict[str, tuple[dict[str, bytes], type[PlatformError]]] = {
    "a model that is no model": ({"model.txt": b"tree\nend of trees\n"}, ModelUnusableError),
    "a layout that is no layout": ({"features.json": b"{}"}, ModelUnusableError),
    "scores out of range": (
        {"calibration.json": msgspec.json.encode(LinearTable(x=(0.0,), y=(7.0,)))},
        ModelUnusableError,
    ),
    "the layout of another service": (
        {"features.json": msgspec.json.encode(feature_layout(product_named("parking_demand")))},
        ModelUnusableError,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_release_leaves_the_one_before_in_force(
    publisher: Publisher, releases: Releases, case: str
) -> None:
    good = publisher.publish("churn", model_version=1)
    await releases.refresh()
    files, error = BROKEN[case]
    bad = publisher.publish("churn", model_version=2, files=files)
    await releases.refresh()
    state = releases.states["churn"]
    assert releases.current("churn").release == good
    assert (state.state, type(state.error)) == ("serving_previous", error)
    assert state.pointer is not None
    assert state.pointer.release_id == bad.release_id


async def test_a_bundle_with_a_changed_byte_is_never_loaded(publisher: Publisher, releases: Releases) -> None:
    release = publisher.publish("churn")
    model = publisher.home / release.bundle_path / "model.txt"
    model.write_bytes(model.read_bytes().replace(b"leaf_value=0", b"leaf_value=1", 1))
    await releases.refresh()
    assert isinstance(releases.states["churn"].error, DigestMismatchError)
    with pytest.raises(NoReleaseError):
        releases.current("churn")


async def test_a_repaired_release_is_taken_when_asked_again(publisher: Publisher, releases: Releases) -> None:
    release = publisher.publish("churn")
    model = publisher.home / release.bundle_path / "model.txt"
    content = model.read_bytes()
    model.unlink()
    await releases.refresh()
    assert releases.states["churn"].state == "failed"
    model.write_bytes(content)
    await releases.refresh()
    assert releases.states["churn"].state == "failed"  # the pointer did not move: no load every second
    await releases.refresh(only="churn", again=True)
    assert releases.current("churn").release == release


async def test_an_unreadable_pointer_keeps_the_release_and_heals_by_itself(
    publisher: Publisher, releases: Releases
) -> None:
    release = publisher.publish("churn")
    await releases.refresh()
    pointer = live_path(publisher.releases_dir, "churn")
    content = pointer.read_bytes()
    pointer.write_bytes(b"{")
    await releases.refresh()
    assert releases.current("churn").release == release
    assert releases.states["churn"].error is not None
    pointer.write_bytes(content)
    await releases.refresh()
    assert releases.states["churn"].state == "serving"


async def test_a_stray_file_among_the_releases_does_no_harm(publisher: Publisher, releases: Releases) -> None:
    publisher.publish("churn")
    (publisher.releases_dir / "notes.txt").write_text("hello")
    (publisher.releases_dir / "empty").mkdir()
    await releases.refresh()
    assert list(releases.states) == ["churn"]


async def test_a_product_without_an_online_block_is_seen_but_not_served(
    publisher: Publisher, releases: Releases
) -> None:
    publisher.publish("clv")
    await releases.refresh()
    assert releases.states["clv"].state == "batch_only"
    with pytest.raises(UnknownProductError):
        releases.current("clv")


async def test_no_answer_mixes_two_releases_while_they_switch_under_load(endpoint: Endpoint) -> None:
    scores = {1: 0.25, 2: 0.75}
    ids = {
        version: endpoint.publisher.publish("churn", model_version=version, constant=score).release_id
        for version, score in scores.items()
    }
    endpoint.features.rows = {"13085": 4.0}
    await endpoint.parts.refresh()
    answers: list[Answers] = []

    async def ask() -> None:
        request = PredictRequest(product="churn", entities=["13085"] * 40)  # large enough to be scored in a thread
        answer = await endpoint.parts.heart.predict(request, request_id="r")
        assert isinstance(answer, Answers)
        answers.append(answer)

    async def switch() -> None:
        for turn in range(20):
            endpoint.publisher.point_at("churn", ids[1 + turn % 2])
            await endpoint.parts.refresh()

    switching = asyncio.create_task(switch())
    while not switching.done():
        await asyncio.gather(*(ask() for _ in range(10)))
    await switching
    assert len(answers) >= 10
    assert {answer.release_id for answer in answers} == set(ids.values())
    for answer in answers:
        (pair,) = {(row.release_id, row.model_version, row.score) for row in answer.predictions}
        assert pair == (ids[pair[1]], pair[1], scores[pair[1]])
        assert answer.release_id == pair[0]


async def test_a_pointer_that_cannot_be_read_at_all_stops_no_other_product(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    (endpoint.publisher.releases_dir / "parking_demand" / "live.json").mkdir(parents=True)
    await endpoint.parts.refresh()
    assert endpoint.parts.releases.states["churn"].state == "serving"
    assert endpoint.parts.releases.states["parking_demand"].state == "failed"
