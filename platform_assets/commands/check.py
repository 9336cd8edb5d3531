"""`platform check`: are the declarations and this machine in order, before anything is started."""

from platform_assets.commands.check_declarations import declaration_findings
from platform_assets.commands.check_environment import environment_findings
from platform_assets.commands.findings import findings_table, has_problem
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.settings import Settings


def check(*, as_json: JsonFlag = False) -> None:
    """Validate every product file, the features it uses and this machine; each problem comes with its remedy."""
    settings = Settings.from_environment()
    findings = [*declaration_findings(settings), *environment_findings(settings)]
    show(findings, as_json=as_json, render=lambda: findings_table(findings))
    finish(is_ok=not has_problem(findings))
