"""Rewrites statements and classes: in-place operations, assignments to parts of tensors, unpacked shapes,
`forward`, and the bases of models."""

from __future__ import annotations

import libcst as cst

from .. import patterns as m
from .. import rules
from ..code import code_of, expression, in_parentheses, index_code
from ..evidence import names_of_image
from ..kinds import Layout, Shape, Tensor
from ..layout import needs_transpose, to_stored
from ..names import imported_names
from ..rewrite import MODEL_METHODS, Rewriter
from ..rules.table import Op
from ..scopes import parameter_list
from ..transform import transformed
from ..walk import find
from .fold import FRAMEWORKS
from .signatures import with_kwargs


class StatementRewriter(Rewriter):
    """Adds statements and definitions to the rewriting of expressions."""

    # imports inside of statements ----------------------------------------------------------------------------------

    def visit_Import(self, node: cst.Import) -> bool:
        self._check_import(node)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        self._check_import(node)
        return False

    def _check_import(self, node: cst.Import | cst.ImportFrom) -> None:
        """Imports of torch at a module's top are replaced as a whole; what is bound anywhere else isn't followed."""
        for _, target in imported_names(node, self.source.package):
            if target.module.partition(".")[0] in FRAMEWORKS:
                hint = "write an override for the definition that needs it"
                self.report("T105", f"{target.module} is imported where its names aren't followed", node, hint)

    # values that need no parentheses -------------------------------------------------------------------------------

    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:
        if original_node.value is None or updated_node.value is None:
            return updated_node
        value = self.bare(updated_node.value)
        kind = self.kind(original_node.value)
        want = self.program.summary(self.function_name).result
        if want is not None and isinstance(kind, Tensor) and kind.rank == 4 and needs_transpose(kind, want):
            reason = f"{self._names[-1]}() hands out {want.value} order"
            value = expression(self.transposed(code_of(value), kind, want, original_node, reason))
        return updated_node.with_changes(value=value)

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign):  # type: ignore[no-untyped-def]
        updated_node = updated_node.with_changes(value=self.bare(updated_node.value))
        if len(original_node.targets) != 1:
            return self._unpacked_shapes(original_node, updated_node)
        target = original_node.targets[0].target
        if _says_nothing(updated_node) and not _says_nothing(original_node):
            return cst.RemoveFromParent()  # a permute that costs nothing here
        if isinstance(target, (cst.Tuple, cst.List)):
            return self._unpacked_shapes(original_node, updated_node)
        is_data = isinstance(target, cst.Attribute) and target.attr.value == "data"
        if is_data and isinstance(self.kind(cst.ensure_type(target, cst.Attribute).value), Tensor):
            written = code_of(updated_node.targets[0].target)  # `x.data` is `x` by now
            value = self._in_torchs_order(code_of(updated_node.value), original_node.value)
            return cst.Expr(expression(f"{written}.assign({value})"))
        if isinstance(target, cst.Subscript) and isinstance(self.kind(target.value), Tensor):
            return self._part_assigned(target, updated_node.targets[0].target, updated_node.value, original_node.value)
        return self._hinted(original_node, updated_node)

    def _in_torchs_order(self, code: str, original: cst.BaseExpression) -> str:
        """The code of a value as a parameter takes it."""
        kind = self.kind(original)
        if not isinstance(kind, Tensor) or kind.layout is not Layout.IMAGE or kind.rank != 4:
            return code
        return self.transposed(code, kind, Layout.PLAIN, original, "a parameter is given its value in torch's order")

    def _hinted(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign:
        """An attribute whose value a hint gives, or a tensor that a hint stores in another order than it comes in."""
        hint = self.program.hints.get(self.function_name)
        if hint is None:
            return updated
        target = original.targets[0].target
        value = hint.values.get(code_of(target))
        if value is not None:
            return updated.with_changes(value=expression(value))
        have, want = self.kind(original.value), self.kind(target)
        if isinstance(have, Tensor) and isinstance(want, Tensor) and have.rank == want.rank == 4:
            if needs_transpose(have, want.layout):
                code = self.transposed(code_of(updated.value), have, want.layout, original, "a hint says so")
                return updated.with_changes(value=expression(code))
        return updated

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """A branch that stores a tensor otherwise than the other branch does ends by storing it so too."""
        last = original_node.body[-1] if original_node.body else original_node
        added = self._stored_otherwise(original_node, last)
        return updated_node.with_changes(body=[*updated_node.body, *added]) if added else updated_node

    def leave_If(self, original_node: cst.If, updated_node: cst.If):  # type: ignore[no-untyped-def]
        """So does what is not written out: a branch for when the condition does not hold."""
        added = self._stored_otherwise(original_node, original_node)
        if added:
            return updated_node.with_changes(orelse=cst.Else(cst.IndentedBlock(added)))
        is_empty = updated_node.orelse is None and not updated_node.body.body
        # Nothing is left to do, whatever the condition, if asking does nothing.
        return cst.RemoveFromParent() if is_empty and not any(find(updated_node.test, cst.Call)) else updated_node

    def _stored_otherwise(self, block: cst.CSTNode, where: cst.CSTNode) -> list[cst.SimpleStatementLine]:
        lines = []
        for name, (kind, want) in sorted(self.typing.ends.get(block, {}).items()):
            code = self.transposed(name, kind, want, where, f"{name} is stored as in the other branch")
            line = cst.parse_statement(f"{name} = {code}")
            lines.append(cst.ensure_type(line, cst.SimpleStatementLine))
        return lines

    # shapes --------------------------------------------------------------------------------------------------------

    def _unpacked_shapes(self, original: cst.Assign, updated: cst.Assign) -> cst.Assign:
        """`B, C, H, W = shape = x.shape`"""
        targets = [
            after.with_changes(target=self._shape_target(before.target, original.value, after.target))
            for before, after in zip(original.targets, updated.targets, strict=True)
        ]
        return updated.with_changes(targets=targets)

    def _shape_target(
        self,
        target: cst.BaseAssignTargetExpression,
        value: cst.BaseExpression,
        updated: cst.BaseAssignTargetExpression,
    ) -> cst.BaseAssignTargetExpression:
        """`B, C, H, W = x.shape` of an image: `B, H, W, C = ...`."""
        kind = self.kind(value)
        if not isinstance(target, (cst.Tuple, cst.List)) or not isinstance(kind, Shape) or kind.tensor.variable:
            return updated
        if kind.tensor.layout is Layout.OPAQUE and names_of_image([_name(e.value) for e in target.elements]):
            self.undecided("whose sizes are unpacked", target)
        if kind.tensor.layout is not Layout.IMAGE or kind.is_slice:
            return updated  # a slice of the shape has been put in order already
        elements = list(cst.ensure_type(updated, type(target)).elements)
        if any(isinstance(e, cst.StarredElement) for e in elements) or len(elements) < 3:
            self.report("L203", "the shape of an image is unpacked with a star", target, "name its four sizes")
            return updated
        values = [elements[axis].value for axis in to_stored(len(elements))]
        ordered = [element.with_changes(value=value) for element, value in zip(elements, values, strict=True)]
        return updated.with_changes(elements=ordered)

    # parts of tensors ----------------------------------------------------------------------------------------------

    def _part_assigned(
        self,
        original: cst.Subscript,
        target: cst.BaseAssignTargetExpression,
        value: cst.BaseExpression,
        assigned: cst.BaseExpression,
    ) -> cst.BaseSmallStatement:
        """`x[i] = v`: `x = F.slice_assign(x, np.s_[i], v)`, as tensors can't be written to."""
        kind = self.kind(assigned)
        is_image = isinstance(kind, Tensor) and kind.layout is Layout.IMAGE
        return self._write(original, target, code_of(value), image=is_image)

    def _write(
        self, original: cst.Subscript, target: cst.BaseExpression, value: str, *, image: bool = False
    ) -> cst.BaseSmallStatement:
        """`image` says that the value is one: it goes into an image, whose index has been put in order already."""
        owner = self.kind(original.value)
        assert isinstance(owner, Tensor)
        if owner.layout is Layout.IMAGE and not image:
            self.report(
                "L205",
                "a part of an image is assigned",
                original,
                "permute to channels-last first, or write an override",
            )
        where = target if isinstance(target, cst.Subscript) else original
        base = code_of(where.value)
        index = index_code(where)
        call = f"F.slice_assign({base}, np.s_[{index}], {value})"
        if owner.variable:
            return cst.Expr(expression(f"{base}.assign({call})"))
        return cst.Assign([cst.AssignTarget(where.value)], expression(call))  # type: ignore[arg-type]

    def leave_AugAssign(self, original_node: cst.AugAssign, updated_node: cst.AugAssign):  # type: ignore[no-untyped-def]
        target = original_node.target
        if isinstance(target, cst.Subscript) and isinstance(self.kind(target.value), Tensor):
            return self._write(target, updated_node.target, self._reckoned(updated_node))
        left, right_kind = self.kind(target), self.kind(original_node.value)
        if isinstance(target, cst.Attribute) and isinstance(left, Tensor) and left.variable:
            # `self.weight *= scale` writes to the variable: no tensor may stand in its place.
            return cst.Expr(expression(f"{code_of(updated_node.target)}.assign({self._reckoned(updated_node)})"))
        if isinstance(left, Tensor) and isinstance(right_kind, Tensor):
            code = code_of(updated_node.value)
            new = self.meeting(code, right_kind, left, original_node)
            return updated_node if new == code else updated_node.with_changes(value=expression(new))
        return updated_node

    def _reckoned(self, updated: cst.AugAssign) -> str:
        """What an augmented assignment assigns."""
        value = self.bare(updated.value)
        is_simple = isinstance(value, (cst.Name, cst.Integer, cst.Float, cst.Call, cst.Attribute))
        right = code_of(value) if is_simple else f"({code_of(value)})"
        return f"{code_of(updated.target)} {code_of(updated.operator).strip().removesuffix('=')} {right}"

    # in-place methods ----------------------------------------------------------------------------------------------

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr):  # type: ignore[no-untyped-def]
        call = original_node.value
        if isinstance(call, cst.Call) and isinstance(updated_node.value, (cst.Name, cst.Attribute)):
            return cst.RemoveFromParent()  # all that was called has been erased
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute) or call in self.typing.targets:
            return updated_node
        name = call.func.attr.value
        if name == "copy_":
            return self._copied(call, updated_node)
        if name == "requires_grad_":
            return self._trained(call, updated_node)
        row = rules.find(f"torch.Tensor.{name}")
        if isinstance(row, Op) and row.inplace:
            return self._in_place(call, updated_node)
        return updated_node

    def _copied(self, call: cst.Call, updated: cst.Expr) -> cst.BaseSmallStatement:
        """`target.copy_(value)`"""
        new = cst.ensure_type(updated.value, cst.Call)
        target = cst.ensure_type(new.func, cst.Attribute).value
        return self._stored(cst.ensure_type(call.func, cst.Attribute).value, target, new.args[0].value)

    def _trained(self, call: cst.Call, updated: cst.Expr) -> cst.BaseSmallStatement:
        """`parameter.requires_grad_(flag)`"""
        new = cst.ensure_type(updated.value, cst.Call)
        target = cst.ensure_type(new.func, cst.Attribute).value
        value = new.args[0].value if new.args else cst.Name("True")
        return cst.Assign([cst.AssignTarget(cst.Attribute(target, cst.Name("trainable")))], value)

    def _in_place(self, call: cst.Call, updated: cst.Expr) -> cst.BaseSmallStatement:
        """`x.mul_(y)` alone on a line: its receiver, at the bottom of the chain, becomes the result."""
        receiver = cst.ensure_type(call.func, cst.Attribute).value
        while (
            isinstance(receiver, cst.Call)
            and isinstance(receiver.func, cst.Attribute)
            and receiver.func.attr.value.endswith("_")
        ):
            receiver = receiver.func.value
        target = transformed(receiver, self)
        assert isinstance(target, cst.BaseExpression)
        return self._stored(receiver, target, self.bare(updated.value))

    def _stored(
        self, original: cst.BaseExpression, target: cst.BaseExpression, value: cst.BaseExpression
    ) -> cst.BaseSmallStatement:
        kind = self.kind(original)
        if isinstance(original, cst.Subscript):
            return self._write(original, target, code_of(value))
        if isinstance(kind, Tensor) and not kind.variable and not self._writes_for_the_caller(original):
            if "\n" in code_of(value):
                value = in_parentheses(value)  # the call's own stood around it
            return cst.Assign([cst.AssignTarget(target)], value)  # type: ignore[arg-type]
        return cst.Expr(expression(f"{code_of(target)}.assign({code_of(value)})"))

    def _writes_for_the_caller(self, target: cst.BaseExpression) -> bool:
        """Whether a function that gives nothing back writes to its parameter: to the variable that it was given.

        What is annotated as a tensor is none, and has its name bound anew.
        """
        if not self._functions or not isinstance(target, cst.Name):
            return False
        function = self._functions[-1]
        returns = any(found.value is not None for found in find(function.body, cst.Return))
        return not returns and any(
            p.name.value == target.value and p.annotation is None for p in parameter_list(function.params)
        )

    # definitions ---------------------------------------------------------------------------------------------------

    @property
    def function_name(self) -> str:
        return ".".join(self._names)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._not_names.add(node.name)
        self._names.append(node.name.value)
        self._class.append(f"{self.source.name}.{node.name.value}")

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool | None:
        self._not_names.add(node.name)
        self._names.append(node.name.value)
        self._functions.append(node)
        return super().visit_FunctionDef(node)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef):  # type: ignore[no-untyped-def]
        super().leave_FunctionDef(original_node, updated_node)
        self._names.pop()
        self._functions.pop()
        if self.in_function or not self._class:
            return updated_node
        cls = self._class[-1]
        if original_node.name.value == "__init__" and self.program.is_module(cls):
            return self._constructor(updated_node)
        if original_node.name.value == "forward" and self.program.is_module(cls):
            updated_node = updated_node.with_changes(name=cst.Name("call"))
            return _with_training(updated_node) if self._is_model(cls) else updated_node
        if original_node.name.value in MODEL_METHODS and self._is_model(cls):
            return updated_node.with_changes(name=cst.Name(f"{original_node.name.value}_"))
        return updated_node

    def _is_model(self, cls: str) -> bool:
        return any(base in self.model_classes for base in self.program.ancestry(cls))

    def _constructor(self, node: cst.FunctionDef) -> cst.FunctionDef:
        """`super().__init__()` hands the Keras arguments on, where the constructor takes them."""
        if node.params.star_kwarg is None:
            calls = [call for call in find(node.body, cst.Call) if m.matches(call, _ANY_SUPER)]
            if len(calls) == 1 and calls[0].args and self._base_takes_keras_arguments():
                return _handing_on(node)
            if not any(m.matches(call, _BARE_SUPER) for call in calls):
                return node
            node = node.with_changes(params=with_kwargs(node.params, parameter_list(node.params)[-1]))
        kwargs = node.params.star_kwarg.name if node.params.star_kwarg else cst.Name("kwargs")
        if kwargs.value != "kwargs" or _uses_kwargs(node):
            return node
        given = "nn.keras_arguments(kwargs)" if self._swallows_arguments() else "kwargs"
        handing_on = [cst.Arg(expression(given), star="**")]
        return node.with_changes(body=transformed(node.body, _SuperCall(handing_on)))

    def _swallows_arguments(self) -> bool:
        """Whether upstream's constructor takes any argument at all, and leaves those it doesn't know."""
        name = self._class[-1].rpartition(".")[2]
        classes = (s for s in self.source.tree.body if isinstance(s, cst.ClassDef) and s.name.value == name)
        members = (member for cls in classes for member in cls.body.body if isinstance(member, cst.FunctionDef))
        return any(f.name.value == "__init__" and f.params.star_kwarg is not None for f in members)

    def _base_takes_keras_arguments(self) -> bool:
        """Whether the base class is one of the source that says nothing of its own about `**kwargs`."""
        base = self.program.ancestry(self._class[-1])[1]
        found = self.program.method(base, "__init__")
        return found is not None and found[0].name == base and found[1].params.star_kwarg is None

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        name = self._class.pop()
        self._names.pop()
        if name not in self.model_classes:
            return updated_node
        bases = list(updated_node.bases)
        if len(bases) == 1 and m.matches(bases[0].value, m.Attribute(value=m.Name("nn"), attr=m.Name("Module"))):
            return updated_node.with_changes(bases=[bases[0].with_changes(value=expression("nn.Model"))])
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        bases = [base.with_changes(comma=comma) for base in bases]
        return updated_node.with_changes(bases=[*bases, cst.Arg(expression("nn.Model"))])


_ANY_SUPER = m.Call(func=m.Attribute(value=m.Call(func=m.Name("super")), attr=m.Name("__init__")))
_BARE_SUPER = m.Call(func=m.Attribute(value=m.Call(func=m.Name("super")), attr=m.Name("__init__")), args=[])


class _SuperCall(cst.CSTTransformer):
    """Gives `super().__init__()` arguments."""

    def __init__(self, args: list[cst.Arg]) -> None:
        super().__init__()
        self._args = args

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        return updated_node.with_changes(args=self._args) if m.matches(original_node, _BARE_SUPER) else updated_node


def _says_nothing(node: cst.Assign) -> bool:
    """`x = x`, or `q, k, v = q, k, v`"""
    target = node.targets[0].target
    names = [element.value for element in target.elements] if isinstance(target, cst.Tuple) else [target]
    return all(isinstance(name, cst.Name) for name in names) and target.deep_equals(node.value)


def _name(node: cst.BaseExpression) -> str:
    return node.value if isinstance(node, cst.Name) else ""


def _handing_on(node: cst.FunctionDef) -> cst.FunctionDef:
    """The constructor with `**kwargs`, handed on by its one `super().__init__(...)`."""
    node = node.with_changes(params=with_kwargs(node.params, parameter_list(node.params)[-1]))
    return node.with_changes(body=transformed(node.body, _KwargsHandedOn()))


class _KwargsHandedOn(cst.CSTTransformer):
    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        if not m.matches(original_node, _ANY_SUPER):
            return updated_node
        args = list(updated_node.args)
        last = args[-1].comma
        separator = args[-2].comma if len(args) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        args[-1] = args[-1].with_changes(comma=separator)
        return updated_node.with_changes(args=[*args, cst.Arg(cst.Name("kwargs"), star="**", comma=last)])


def _uses_kwargs(node: cst.FunctionDef) -> bool:
    """Whether a constructor does something of its own with its `**kwargs`."""
    return any(name.value == "kwargs" for name in find(node.body, cst.Name))


def _with_training(node: cst.FunctionDef) -> cst.FunctionDef:
    """A model's call takes `training`, so that Keras hands it down in fit and evaluate."""
    params = node.params
    if (
        any(p.name.value == "training" for p in params.params)
        or params.kwonly_params
        or isinstance(params.star_arg, cst.Param)
    ):
        return node
    kept = list(params.params)
    last = kept[-1].comma
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    separator = (
        kept[-2].comma
        if isinstance(last, cst.Comma) and len(kept) > 1 and isinstance(kept[-2].comma, cst.Comma)
        else comma
    )
    trailing = last if isinstance(last, cst.Comma) else cst.MaybeSentinel.DEFAULT
    kept[-1] = kept[-1].with_changes(comma=separator)
    annotation = (
        cst.Annotation(expression("Optional[bool]")) if len(kept) > 1 and kept[1].annotation is not None else None
    )
    equal = cst.AssignEqual() if annotation else cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    training = cst.Param(
        cst.Name("training"), annotation=annotation, equal=equal, default=cst.Name("None"), comma=trailing
    )
    return node.with_changes(params=params.with_changes(params=[*kept, training]))
