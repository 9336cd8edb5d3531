"""The policy is put in force by a run, and the ends of the access log that Dagster keeps catch what files cannot."""

import shutil
from pathlib import Path

import dagster as dg

from platform_assets.access.log_chain import Chain
from platform_assets.access.log_files import LogFiles
from platform_assets.access.policy_file import policy_path, read_policy
from platform_assets.orchestration.access_assets import access_assets
from platform_assets.settings import Settings
from tests.unit.access.conftest import access_number


def is_intact(settings: Settings, instance: dg.DagsterInstance) -> bool:
    done = dg.materialize(access_assets(settings), instance=instance)
    assert done.success
    (evaluation,) = done.get_asset_check_evaluations()
    return evaluation.passed


def test_a_log_that_is_restored_with_its_anchors_is_caught_by_the_ends_in_dagster(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", fsync=False)
    files = LogFiles.of(settings)
    Chain(files, "endpoint-0").append([access_number(1)])
    old = tmp_path / "old"
    with dg.DagsterInstance.ephemeral() as instance:
        assert is_intact(settings, instance)
        shutil.copytree(settings.home, old)
        Chain(files, "endpoint-0").append([access_number(2)])
        assert is_intact(settings, instance)
        for directory in (settings.access_log_dir, settings.access_dir):
            shutil.rmtree(directory)
            shutil.copytree(old / directory.name, directory)
        assert not is_intact(settings, instance)
        assert not is_intact(settings, instance)  # and it stays so
    document = read_policy(policy_path(settings))
    assert document is not None
    assert len(document.grants) > 200
