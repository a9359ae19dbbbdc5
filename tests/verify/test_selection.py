"""Which architectures a request means."""

import pytest

from transpiler.verify.errors import VerifyError
from transpiler.verify.selection import architectures, module_of, modules_of, take_shard


def test_names_patterns_and_modules_join_sorted() -> None:
    assert architectures(["test_vit2", "test_vit"], []) == ["test_vit", "test_vit2"]
    swin = architectures([], ["timm.models.swin_transformer"])
    assert swin == architectures([], ["swin_transformer"])
    assert set(architectures(["swin_tiny*window7_224"], [])) & set(swin)
    assert {module_of(arch) for arch in swin} == {"timm.models.swin_transformer"}


def test_unknown_names_get_one_line_with_a_suggestion() -> None:
    with pytest.raises(VerifyError, match="did you mean .*vit_tiny_patch16_224"):
        architectures(["vit_tiny_patch16_22"], [])
    with pytest.raises(VerifyError, match="no module 'timm.models.nonsense'"):
        architectures([], ["timm.models.nonsense"])


def test_modules_of_ignores_names_that_timm_lacks() -> None:
    assert modules_of(["test_vit", "not_in_timm"]) == ["timm.models.vision_transformer"]


def test_shards_are_disjoint_and_complete() -> None:
    archs = [f"a{number}" for number in range(10)]
    shards = [take_shard(archs, f"{index}/3") for index in (1, 2, 3)]
    assert sorted(arch for part in shards for arch in part) == archs
    assert take_shard(archs, "1/1") == archs


@pytest.mark.parametrize("shard", ["0/3", "4/3", "a/b", "1"])
def test_bad_shards(shard: str) -> None:
    with pytest.raises(VerifyError):
        take_shard([], shard)
