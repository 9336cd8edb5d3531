"""`platform check` tells of a served product whose feature view is for batch alone."""

import shutil
from pathlib import Path

from platform_assets.commands.check_declarations import declaration_findings
from platform_assets.settings import PROJECT_ROOT, Settings


def test_a_served_product_with_an_offline_only_view_is_a_problem_and_one_of_batch_alone_is_not(tmp_path: Path) -> None:
    shutil.copytree(PROJECT_ROOT / "dbt_project" / "models", tmp_path / "dbt_project" / "models")
    contract = tmp_path / "dbt_project" / "models" / "features" / "customer_orders.yml"
    told = contract.read_text(encoding="utf-8").replace(
        "entity: customer_id", "offline_only: monthly\n          entity: customer_id"
    )
    contract.write_text(told, encoding="utf-8")
    found = {each.subject: each for each in declaration_findings(Settings(home=tmp_path, project_root=tmp_path))}
    assert (found["churn"].verdict, found["churn"].detail) == ("problem", "offline_only_view")
    assert found["clv"].verdict == "ok"
