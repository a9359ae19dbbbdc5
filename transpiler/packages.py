"""The `__init__.py` files of the generated package, and the runtime that is copied into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import __version__
from .closure import ModulePlan
from .model import OutputFile, Upstream
from .names import NameResolver
from .needs import bound_names
from .resources import PACKAGE, runtime_files
from .templating import PackageInit, SubpackageInit, render

# Modules of the runtime that users call by a short name: what it says of itself, and the names.
OFFERED = {
    "data": (
        "Prepares photos as timm does for evaluation: for tf.data, or as the first layer of a model.",
        ("EvalTransform", "create_transform", "resolve_data_config"),
    ),
    "optim": (
        "Optimizers whose learning rate and weight decay depend on the place in the model.",
        ("SGD", "AdamW", "parameter_groups"),
    ),
}
REGISTRY = {
    "timm.models._factory": ("create_model",),
    "timm.models._registry": (
        "get_pretrained_cfg",
        "is_model",
        "list_models",
        "list_modules",
        "list_pretrained",
        "model_entrypoint",
    ),
    "timm.models._helpers": ("load_checkpoint",),
    "timm.layers.config": ("set_fused_attn", "use_fused_attn"),
    "timm.layers.helpers": ("to_2tuple",),
}


def registry_symbols(resolver: NameResolver, roots: Sequence[str]) -> list[tuple[str, str]]:
    """Symbols that the package itself offers, when its source is timm."""
    if not any(root.startswith("timm.") for root in roots):
        return []
    return [(module, name) for module, names in REGISTRY.items() if resolver.has_module(module) for name in names]


def module_path(module: str) -> str:
    return module.replace(".", "/") + ".py"


def runtime_output() -> list[OutputFile]:
    """The runtime library, as it is."""
    return [
        OutputFile(f"runtime/{path.relative_to(PACKAGE / 'runtime').as_posix()}", path.read_text(encoding="utf-8"))
        for path in runtime_files()
    ]


def package_output(
    resolver: NameResolver, plans: Mapping[str, ModulePlan], roots: Sequence[str], upstreams: Sequence[Upstream]
) -> list[OutputFile]:
    """All `__init__.py` files of the package."""
    parents = {".".join(module.split(".")[:n]) for module in plans for n in range(1, len(module.split(".")))}
    files = [
        OutputFile(f"{p.replace('.', '/')}/__init__.py", _subpackage(resolver, plans, roots, p))
        for p in sorted(parents)
    ]
    versions = tuple(sorted({(u.distribution, u.version) for u in upstreams}))
    by_package: dict[str, list[str]] = {}
    for root in sorted(roots):
        package, _, name = root.rpartition(".")
        by_package.setdefault(package, []).append(name)
    context = PackageInit(
        tool_version=__version__,
        command="python -m transpiler " + " ".join(sorted(roots)),
        upstreams=versions,
        packages=tuple((package, tuple(names)) for package, names in sorted(by_package.items())),
        has_registry="timm.models._factory" in plans,
    )
    if context.has_registry:
        files += [OutputFile(f"{name}.py", _offered(name)) for name in OFFERED]
    return [OutputFile("__init__.py", render(context)), *files]


def _offered(module: str) -> str:
    docstring, names = OFFERED[module]
    imports = ((f".runtime.{module}", tuple((name, name) for name in names)),)
    return render(SubpackageInit(docstring=docstring, imports=imports))


def _subpackage(resolver: NameResolver, plans: Mapping[str, ModulePlan], roots: Sequence[str], package: str) -> str:
    imports: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    for module, plan in sorted(plans.items()):
        if module.rpartition(".")[0] != package:
            continue
        if module in roots and package.endswith(".models"):
            imports.append((f".{module.rpartition('.')[2]}", (("*", "*"),)))
            continue
        names = tuple((name, name) for name in sorted(_exported(resolver, package, module, plan)))
        if names:
            imports.append((f".{module.rpartition('.')[2]}", names))
    imports += _from_subpackages(resolver, plans, package)
    return render(SubpackageInit(docstring=f"What is generated of {package}.", imports=tuple(imports)))


def _from_subpackages(
    resolver: NameResolver, plans: Mapping[str, ModulePlan], package: str
) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """What upstream's package exports of the packages in it, by the subpackage that exports it too."""
    found: dict[str, list[tuple[str, str]]] = {}
    subpackages = {".".join(module.split(".")[:n]) for module in plans for n in range(1, module.count(".") + 1)}
    for name, target in sorted(resolver.bindings(package).imports.items()):
        if target.symbol is None or target.module not in subpackages or not target.module.startswith(f"{package}."):
            continue
        origin = resolver.resolve(package, name)
        if origin is None or origin.symbol is None or origin.module is None:
            continue
        plan = plans.get(origin.module)
        is_below = origin.module.startswith(f"{target.module}.")
        if is_below and plan is not None and origin.symbol in _generated(resolver, plan):
            found.setdefault(target.module[len(package) :], []).append((target.symbol, name))
    return [(module, tuple(names)) for module, names in sorted(found.items())]


def _generated(resolver: NameResolver, plan: ModulePlan) -> set[str]:
    body = resolver.tree(plan.name).body
    return {name for index in plan.statements for name in bound_names(body[index])} | plan.overridden


def _exported(resolver: NameResolver, package: str, module: str, plan: ModulePlan) -> set[str]:
    """Symbols of a module that upstream's package exports under their own name."""
    generated = _generated(resolver, plan)
    bindings = resolver.bindings(package)
    if module in bindings.stars:
        return {name for name in generated if not name.startswith("_")}
    origins = {name: resolver.resolve(package, name) for name in generated if name in bindings.imports}
    return {
        name
        for name, origin in origins.items()
        if origin is not None and origin.module == module and origin.symbol == name
    }
