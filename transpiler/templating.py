"""Whole files from Jinja templates; a field that a template uses and nobody gives is an error."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .resources import folder


class Context(Protocol):
    """A dataclass whose fields are a template's fields; `template` names the file."""

    @property
    def template(self) -> str: ...


@dataclass(frozen=True)
class ModuleHeader:
    """The comment above a generated file."""

    distribution: str
    version: str
    path: str
    sha256: str
    overrides: tuple[str, ...]
    template: str = "module_header.j2"


@dataclass(frozen=True)
class PackageInit:
    """The generated package's own __init__.py."""

    tool_version: str
    command: str
    upstreams: tuple[tuple[str, str], ...]
    packages: tuple[tuple[str, tuple[str, ...]], ...]
    has_registry: bool
    template: str = "package_init.py.j2"


@dataclass(frozen=True)
class SubpackageInit:
    """__init__.py of a package inside the generated one."""

    docstring: str
    imports: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    assignments: tuple[tuple[str, str], ...] = field(default=())
    template: str = "subpackage_init.py.j2"


@dataclass(frozen=True)
class ResultsPage:
    """A page that shows a table of measured results."""

    title: str
    command: str
    data: str
    versions: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    template: str = "results.md.j2"


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(folder("templates"))
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(context: Context) -> str:
    """The text of the file that a context describes."""
    fields: dict[str, Any] = asdict(context)  # type: ignore[call-overload]
    template = fields.pop("template")
    return _environment().get_template(template).render(**fields)
