"""Importing the package under test, and the fingerprints that decide whether an earlier row still holds."""

from pathlib import Path

import pytest

from transpiler.verify.errors import VerifyError
from transpiler.verify.package import Fingerprints, import_package

MODULE = "timm.models.tiny"
TINY = """
from ...runtime import nn
from ..layers import Mlp

class Tiny(Mlp):
    linear = nn.Linear

    def reset(self):
        from ...runtime.extra import late
        nn.init.zeros_(late())
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "made_models"
    files = {
        "__init__.py": "",
        "runtime/nn.py": "from .linear import Linear\nfrom . import init\nif True:\n    A = 1\n",
        "runtime/linear.py": "class Linear:\n    rank = 1\n\nclass Bilinear:\n    rank = 2\n",
        "runtime/init.py": "def zeros_(): return 0\n\ndef ones_(): return 1\n",
        "runtime/extra.py": "def late(): return 1\n",
        "timm/__init__.py": "",
        "timm/layers/__init__.py": "from .mlp import Mlp\n",
        "timm/layers/mlp.py": "class Mlp:\n    '''Doc.'''\n    width = 1\n\nclass GluMlp:\n    gate = 1\n",
        "timm/models/__init__.py": "",
        "timm/models/tiny.py": TINY,
        "timm/models/other.py": "B = 1\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def _change(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("timm/layers/mlp.py", "width = 1", "width = 2", True),
        ("timm/layers/mlp.py", "gate = 1", "gate = 2", False),
        ("runtime/nn.py", "A = 1", "A = 2", True),
        ("runtime/linear.py", "rank = 1", "rank = 3", True),
        ("runtime/linear.py", "rank = 2", "rank = 3", False),
        ("runtime/init.py", "return 0", "return 2", True),
        ("runtime/init.py", "return 1", "return 2", False),
        ("runtime/extra.py", "return 1", "return 2", True),
        ("timm/models/tiny.py", "nn.Linear", "nn.Bilinear", True),
        ("timm/layers/mlp.py", "Doc.", "Other words.", False),
        ("timm/models/tiny.py", "class Tiny", "# why\nclass Tiny", False),
        ("timm/models/other.py", "B = 1", "B = 2", False),
    ],
)
def test_fingerprint_follows_the_code_that_runs(package: Path, file: str, old: str, new: str, changes: bool) -> None:
    before = Fingerprints(package).of(MODULE)
    _change(package / file, old, new)
    assert (Fingerprints(package).of(MODULE) != before) is changes


def test_import_by_path(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", ["."])
    assert import_package(package).__name__ == "made_models"


def test_no_package_there(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match=r"no generated package in .*python -m transpiler"):
        import_package(tmp_path / "generated")
