"""A model card says what was measured, decided and promised, needs nothing but itself, and runs nothing."""

import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from platform_assets.errors import NoReleaseError
from platform_assets.ledger.incidents import open_incident
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.training.approval import release_newest
from platform_assets.training.model_card import ModelCard, card_of
from platform_assets.training.model_card_page import card_page, write_card
from tests.unit.contract.contract_samples import FIRST
from tests.unit.registry.registry_home import RegistryHome, registry_home

RUN = RunFacts(run_id="train", at=dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC), code_version="c" * 16)
EVIL = '<script>alert(1)</script><img src="https://evil.example/x">'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> RegistryHome:
    made = registry_home(tmp_path_factory.mktemp("card") / "home")
    made.train()
    release_newest(made.settings, made.ledger, made.product(), RUN)
    return made


@pytest.fixture(scope="module")
def card(home: RegistryHome) -> ModelCard:
    return card_of(home.settings, home.ledger, home.product())


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_card_tells_numbers_gates_approval_data_and_meaning(card: ModelCard) -> None:
    text = text_of(card_page(card))
    auc = card.judgement.evaluation.measured("auc")
    assert auc is not None
    assert f"{auc.value:.4f}" in text
    assert card.manifest.training_set_digest in text
    assert card.release.release_id in text
    assert f"all {len(card.gates)} gates hold" in text
    assert card.product.score.intended_use in text
    assert all(one in text for one in card.product.score.known_limitations)
    assert all(gate.gate.split("(")[0] in text for gate in card.gates)
    assert {"Orders in the 30 days before the as-of."} <= {one.meaning for one in card.features}
    assert "in force" in text


def test_every_input_of_the_model_is_told_with_its_meaning(card: ModelCard) -> None:
    assert set(card.product.model_inputs) <= {one.name for one in card.features}
    assert [one.name for one in card.features if not one.meaning] == []


def test_words_of_others_stay_words(card: ModelCard) -> None:
    product = msgspec.structs.replace(card.product, title=EVIL, description=EVIL)
    release = msgspec.structs.replace(
        card.release, earlier_versions=(msgspec.structs.replace(FIRST, what_changed=EVIL),)
    )
    page = card_page(replace(card, product=product, release=release))
    tags = Tags()
    tags.feed(page)
    assert {"script", "img", "link", "iframe", "a"} & set(tags.seen) == set()
    assert tags.addresses == []
    assert not re.search(r"url\(|@import", page)
    assert "default-src 'none'" in page


def test_a_known_incident_is_on_the_card(home: RegistryHome) -> None:
    open_incident(
        home.ledger,
        product="churn",
        promise="data_age",
        subject="",
        severity="major",
        title="the batch of Monday came on Tuesday",
        owner="ann",
        fallback="last good batch",
        impact={},
        opened_at=RUN.at,
    )
    assert "the batch of Monday came on Tuesday" in card_page(card_of(home.settings, home.ledger, home.product()))


def test_the_same_card_gives_the_same_bytes_in_a_file_beside_its_release(home: RegistryHome, card: ModelCard) -> None:
    path = write_card(home.settings, card)
    assert path == home.settings.releases_dir / "churn" / f"{card.release.release_id}.card.html"
    assert path.read_text(encoding="utf-8") == card_page(card)


def test_a_release_that_is_not_there_has_no_card(home: RegistryHome, tmp_path: Path) -> None:
    with pytest.raises(NoReleaseError):
        card_of(home.settings, home.ledger, home.product(), "0" * 16)
    assert not list(tmp_path.iterdir())


class Tags(HTMLParser):
    """Gathers the tags of a page."""

    def reset(self) -> None:
        super().reset()
        self.seen: list[str] = []
        self.addresses: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "action"}]
