"""Installed as a wheel or in place, the distribution does what the checkout does."""

from __future__ import annotations

import shutil
from pathlib import Path

import jinja2

REPOSITORY = Path(__file__).parents[2]
NOT_YET = "ImportError: there is no generated package yet; write it with `python -m transpiler timm.models."
SOURCE = "import torch.nn as nn\n\n\nclass Tiny(nn.Module):\n    def forward(self, x):\n        return x\n"


def test_wheel_holds_templates_and_overrides(wheel: Path) -> None:
    for folder in ("templates", "overrides"):
        ours = [path for path in (REPOSITORY / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        names = {path.relative_to(REPOSITORY).as_posix() for path in ours}
        assert names and all((wheel / "transpiler" / "_data" / name).is_file() for name in names)


def test_wheel_puts_nothing_else_at_the_top(wheel: Path) -> None:
    top = {path.name for path in wheel.iterdir() if path.suffix != ".dist-info"}
    assert top == {"transpiler", "generated.py"}
    assert (wheel / "generated.py").read_text() == (REPOSITORY / "transpiler/_placeholder/generated.py").read_text()


def test_placeholder_is_what_its_template_gives() -> None:
    template = jinja2.Template((REPOSITORY / "templates/placeholder.py.j2").read_text(), keep_trailing_newline=True)
    text = template.render(command="python -m transpiler timm.models.swin_transformer")
    assert (REPOSITORY / "transpiler/_placeholder/generated.py").read_text() == text


def test_wheel_transpiles(wheel: Path, python, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "tiny.py").write_text(SOURCE)
    for code in ("import generated", "import generated.timm.models", "from generated import create_model"):
        assert python(wheel, "-c", code).stderr.splitlines()[-1].startswith(NOT_YET)
    run = python(wheel, "-m", "transpiler", "tiny", "--source", "source")
    assert run.returncode == 0, run.stderr
    where = "import transpiler, sys; sys.stdout.write(transpiler.__file__)"
    assert Path(python(wheel, "-c", where).stdout) == wheel / "transpiler" / "__init__.py"
    assert "tiny.py" in {path.name for path in (tmp_path / "generated").iterdir()}
    found = "import importlib.util, sys; sys.stdout.write(importlib.util.find_spec('generated').origin)"
    assert Path(python(wheel, "-c", found).stdout) == tmp_path / "generated" / "__init__.py"


def test_editable_install_finds_the_package_of_the_checkout_first(editable_wheel: Path, python, tmp_path: Path) -> None:
    """Also from a script that lies elsewhere; until there is one, the placeholder speaks, and not the bare folder."""
    (pth,) = editable_wheel.glob("*.pth")
    assert not (editable_wheel / "generated.py").exists() and not (editable_wheel / "transpiler").exists()
    assert pth.read_text().splitlines() == [str(REPOSITORY), str(REPOSITORY / "transpiler" / "_placeholder")]

    checkout, site = tmp_path / "checkout", tmp_path / "site"
    placeholder = checkout / "transpiler" / "_placeholder"
    shutil.copytree(REPOSITORY / "transpiler" / "_placeholder", placeholder)
    (checkout / "generated").mkdir()
    (checkout / "generated" / "manifest.json").write_text("{}")
    site.mkdir()
    (site / "timm2tf.pth").write_text(pth.read_text().replace(str(REPOSITORY), str(checkout)))
    (tmp_path / "script.py").write_text(f"import site; site.addsitedir({str(site)!r})\nimport generated\n")

    run = python(tmp_path, "-S", str(tmp_path / "script.py"))
    assert run.stderr.splitlines()[-1].startswith(NOT_YET)
    (checkout / "generated" / "__init__.py").write_text("")
    run = python(tmp_path, "-S", str(tmp_path / "script.py"))
    assert run.returncode == 0, run.stderr
