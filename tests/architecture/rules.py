"""The rules that every file of the package keeps: each function returns one line per violation."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from tests.architecture.sources import Source, functions, imported_modules, used_names

Rule = Callable[[Source], Iterator[str]]

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|base|stuff)(_|$)")
_ENVIRONMENT = {"os.environ", "os.getenv", "os.environb"}
_WALL_CLOCK = {
    *("time.time", "time.time_ns", "time.gmtime", "time.localtime", "time.ctime"),
    *(
        f"{kind}.{call}"
        for kind in ("datetime", "dt.datetime", "datetime.datetime")
        for call in ("now", "utcnow", "today")
    ),
    *("date.today", "dt.date.today", "datetime.date.today"),
}
_PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def violations(rule: Rule, files: Iterable[Source]) -> list[str]:
    """Return every violation of a rule as `file:line: what`."""
    return [f"{file.name}:{told}" for file in files for told in rule(file)]


def reads_environment(file: Source) -> Iterator[str]:
    """Refuse to read the environment: settings.py does it once."""
    for line, name in used_names(file.tree):
        if name in _ENVIRONMENT:
            yield f"{line}: reads {name}"


def reads_wall_clock(file: Source) -> Iterator[str]:
    """Refuse to ask for the present instant: clock.py does; monotonic timers measure durations and are free."""
    for line, name in used_names(file.tree):
        if name in _WALL_CLOCK:
            yield f"{line}: calls {name}"


def catches_everything(file: Source) -> Iterator[str]:
    """Refuse a handler for every error: three boundaries may have one."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type):
            yield f"{node.lineno}: catches every error"


def uses_pickle(file: Source) -> Iterator[str]:
    """Refuse what runs code on loading: model files are data."""
    for module in sorted(imported_modules(file.tree) & _PICKLES):
        yield f"1: imports {module}"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and not _is_false(node.value):
            yield f"{node.value.lineno}: allows pickled arrays"


def is_too_long(file: Source) -> Iterator[str]:
    """Refuse a file that holds more than one concept can need."""
    lines = len(file.text.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"1: {lines} lines, at most {MAX_FILE_LINES}"


def has_long_function(file: Source) -> Iterator[str]:
    """Refuse a function that does not fit on a screen."""
    for function in functions(file.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > MAX_FUNCTION_LINES:
            yield f"{function.lineno}: {function.name} has {lines} lines, at most {MAX_FUNCTION_LINES}"


def is_more_than_a_docstring(file: Source) -> Iterator[str]:
    """Refuse an __init__ that does more than say what the package is."""
    body = file.tree.body
    if len(body) != 1 or ast.get_docstring(file.tree) is None:
        yield "1: an __init__ is exactly one docstring"


def has_forbidden_name(file: Source) -> Iterator[str]:
    """Refuse a module that is not named after its concept."""
    for part in file.name.removesuffix(".py").split("/"):
        if FORBIDDEN_NAMES.search(part):
            yield f"1: {part!r} names no concept"


def _is_broad(caught: ast.expr | None) -> bool:
    names: list[ast.expr | None] = [*caught.elts] if isinstance(caught, ast.Tuple) else [caught]
    return any(each is None or getattr(each, "id", "") in {"Exception", "BaseException"} for each in names)


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False
