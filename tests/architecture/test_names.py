"""Names: one product, one file; test names are sentences; every test file can be told from all others."""

import ast
import re
from collections import Counter

from platform_assets.products._discovery import discover_products
from tests.architecture.sources import PACKAGE, TESTS, Source, functions, source_of, sources

MIN_WORDS = 4


def strings(file: Source) -> list[str]:
    """Return the texts that a file holds, its docstrings left out."""
    prose = {id(node.value) for node in ast.walk(file.tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(file.tree) if isinstance(node, ast.Constant) and id(node) not in prose)
    return [node.value for node in constants if isinstance(node.value, str)]


def products_named_in(file: Source, products: list[str]) -> list[str]:
    # `segments.json` is the file of a kind of model, not the product of that name.
    patterns = {product: re.compile(rf"(?<![a-z_]){product}(?![a-z_]|\.[a-z])") for product in products}
    return [product for product, pattern in patterns.items() if any(map(pattern.search, strings(file)))]


def short_names(file: Source) -> list[str]:
    tests = [function.name for function in functions(file.tree) if function.name.startswith("test_")]
    return [name for name in tests if len(name.removeprefix("test_").split("_")) < MIN_WORDS]


def test_a_product_is_named_in_its_own_file_and_nowhere_else_in_the_package() -> None:
    products = [product.name for product in discover_products()]
    others = [
        file
        for file in sources(PACKAGE)
        if file.name.removeprefix("platform_assets/products/")[:-3] not in products
        and file.name != "platform_assets/consumers.py"  # declares who reads which product, and holds nothing else
    ]
    named = {file.name: products_named_in(file, products) for file in others}
    assert {name: found for name, found in named.items() if found} == {}


def test_a_product_that_is_named_elsewhere_is_found() -> None:
    special_case = source_of('"""About churn in prose."""\nif product.name == "churn":\n    pass\n')
    assert products_named_in(special_case, ["churn", "clv"]) == ["churn"]


def test_the_name_of_every_test_is_a_sentence() -> None:
    assert {file.name: short_names(file) for file in sources(TESTS) if short_names(file)} == {}


def test_a_test_whose_name_is_no_sentence_is_found() -> None:
    assert short_names(source_of("def test_it_works() -> None: ...\n")) == ["test_it_works"]


def test_every_test_file_has_a_name_of_its_own() -> None:
    counts = Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, count in counts.items() if count > 1] == []
