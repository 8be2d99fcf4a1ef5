"""The wheel: it contains the whole package with its types, and has one dependency."""

from __future__ import annotations

import email
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

from processes import FOLDER


def built(folder: pathlib.Path) -> zipfile.ZipFile:
    # The build uses a copy, because it leaves files beside its sources.
    source = folder / "source"
    shutil.copytree(FOLDER / "src", source / "src")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(FOLDER / name, source)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(source)]
    subprocess.run(command, check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_wheel_has_all_modules_their_types_and_one_dependency(tmp_path: pathlib.Path) -> None:
    with built(tmp_path) as wheel:
        names = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        about = email.message_from_bytes(wheel.read(metadata))
        wheel.extractall(tmp_path / "installed")
    sources = FOLDER / "src"
    modules = {str(path.relative_to(sources)) for path in sources.rglob("*.py")}
    assert names == {*modules, "fusebox/py.typed"}
    needed = [each for each in about.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert [each.split(">")[0].split("<")[0] for each in needed] == ["httpx"]
    assert about["Requires-Python"] == ">=3.9"

    program = "import fusebox, fusebox.pybreaker; print(fusebox.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert pathlib.Path(shown.stdout.strip()) == tmp_path / "installed" / "fusebox" / "__init__.py"
