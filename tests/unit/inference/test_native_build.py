"""What the set-up does with and without a C compiler."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from platform_assets.inference.native import binary
from platform_assets.inference.native.build import COMPILERS, build
from platform_assets.inference.native.library import load_library

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, COMPILERS)), reason="this machine has no C compiler, and the platform works without one"
)


def _compiler(folder: Path, body: str) -> str:
    script = folder / "own-cc"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return str(script)


@needs_compiler
def test_the_kernel_is_compiled_without_a_warning_and_loads(tmp_path: Path) -> None:
    binary_file = tmp_path / "deep" / "forest.so"
    assert build(binary_file).startswith("Built the native engine")
    load_library(binary_file)
    assert [path.name for path in binary_file.parent.iterdir()] == ["forest.so"]
    compiler = next(filter(None, map(shutil.which, COMPILERS)))
    strict = [compiler, *binary.FLAGS, "-Werror", "-pedantic", str(binary.SOURCE), "-o", str(tmp_path / "strict.so")]
    subprocess.run([*strict, *binary.LIBRARIES], check=True)


def test_no_compiler_is_one_line_and_no_binary(tmp_path: Path) -> None:
    told = build(tmp_path / "forest.so", ["no-such-compiler"])
    assert told.startswith("No native engine, for want of a C compiler (no-such-compiler)")
    assert list(tmp_path.iterdir()) == []


def test_a_compiler_that_fails_is_one_line_and_no_binary(tmp_path: Path) -> None:
    compiler = _compiler(tmp_path, "echo 'forest.c:1: error: no libm' >&2; exit 1")
    target = tmp_path / "built" / "forest.so"
    assert build(target, [compiler]) == (
        "No native engine: forest.c:1: error: no libm. LightGBM's own library scores: the same bits, more slowly."
    )
    assert list(target.parent.iterdir()) == []


def test_a_compiler_that_is_ended_half_way_leaves_no_binary(tmp_path: Path) -> None:
    compiler = _compiler(tmp_path, 'while [ "$1" != -o ]; do shift; done; echo half > "$2"; kill -9 $$')
    target = tmp_path / "built" / "forest.so"
    assert "ended with -9" in build(target, [compiler])
    assert not target.exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    assert build(tmp_path / "taken" / "forest.so", [sys.executable]).startswith("No native engine: ")


def test_a_binary_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    target = tmp_path / "forest.so"
    target.write_bytes(b"as it was")
    assert build(target).startswith("The native engine is built")
    assert target.read_bytes() == b"as it was"


def test_another_source_or_other_flags_never_find_the_binary_of_this_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = binary.binary_path()
    monkeypatch.setattr(binary, "FLAGS", (*binary.FLAGS, "-ffast-math"))
    other_flags = binary.binary_path()
    edited = tmp_path / "forest.c"
    edited.write_bytes(binary.SOURCE.read_bytes() + b"\n")
    monkeypatch.setattr(binary, "SOURCE", edited)
    assert len({here, other_flags, binary.binary_path()}) == 3


def test_the_binary_lies_in_the_environment_and_not_among_the_sources() -> None:
    assert Path(sys.prefix) in binary.binary_path().parents
    assert binary.SOURCE.parent not in binary.binary_path().parents


def test_the_command_of_the_set_up_tells_one_line_and_succeeds() -> None:
    command = [sys.executable, "-m", "platform_assets.inference.native.build", "no-such-compiler"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    assert (told.stdout.count("\n"), told.stderr) == (1, "")
    assert "native engine" in told.stdout
