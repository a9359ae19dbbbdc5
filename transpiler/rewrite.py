"""Rewrites expressions by rule: each call, attribute and subscript, once its parts have been rewritten.

What an expression is was decided beforehand, on the original tree; here the decision is carried out. Where a
value arrives in another layout than it is wanted in, a transpose is written and counted.
"""

from __future__ import annotations

import sys

import libcst as cst

from . import patterns as m
from . import rules
from .binding import argument_parameters, bound_call
from .calls import DICT_METHODS
from .code import code_of, expression, index_code, unwrapped
from .evidence import axis_evidence
from .flow import names_of_none
from .kinds import (
    ClassValue,
    Instance,
    Kind,
    Layout,
    Sequence,
    Shape,
    Tensor,
    Tuple,
    Unknown,
    is_flattened_image,
    item_name,
)
from .layout import needs_transpose
from .method_names import ONLY_TENSORS_HAVE
from .passes.fold import FRAMEWORKS
from .promotion import promoted_dtype
from .rules.products import with_transposed_operand
from .rules.table import Argument, BoundCall, Op, Refusal
from .rules.template import render
from .subscripts import SubscriptRewriter

_AMBIGUOUS = rules.tensor_methods() - ONLY_TENSORS_HAVE - {"shape", "split", "T", "dtype", "device", "data", "to"}
_PROMOTED = {"float": "tf.float32", "complex": "tf.complex64"}
MODEL_RESERVED = frozenset({"layers"})
# What users call on a Keras model: a method of the source that is called so gets another name.
MODEL_METHODS = frozenset({"compile", "evaluate", "export", "fit", "loss", "metrics", "predict", "save", "summary"})
LAYER_RESERVED = frozenset({"output", "weights", "input"})


class Rewriter(SubscriptRewriter):
    """Rewrites one top-level statement of a module at a time."""

    # names and attributes ------------------------------------------------------------------------------------------

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self._not_names.add(node.keyword)

    def visit_Param(self, node: cst.Param) -> None:
        self._not_names.add(node.name)

    def visit_Call(self, node: cst.Call) -> None:
        self._called.add(node.func)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self._not_names.add(node.attr)
        return self.external(node) is None

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if original_node in self._not_names or self.is_local(original_node.value):
            return updated_node
        name = self.external(original_node)
        if name is None or name.partition(".")[0] not in FRAMEWORKS or "." not in name:
            return updated_node
        return self._named(name, original_node, updated_node)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = self.external(original_node)
        if name is not None:
            if name.partition(".")[0] in FRAMEWORKS or rules.find(name) is not None:
                return self._named(name, original_node, updated_node)
            return updated_node
        return self._member(original_node, updated_node)

    def _named(self, name: str, original: cst.Name | cst.Attribute, updated: cst.BaseExpression) -> cst.BaseExpression:
        """A torch name: by its row; as the callee of a call the call decides."""
        row = rules.find(name)
        called = original in self._called
        if name == "torch.Tensor" and not called:
            return expression("tf.Tensor")
        if isinstance(row, rules.Layer):
            self.findings.rows.add(row.torch)
            return expression(row.runtime)
        if isinstance(row, rules.Value):
            self.findings.rows.add(row.torch)
            return expression(row.tf)
        if isinstance(row, rules.Missing):
            self.report("T103", f"{name} is declared unsupported: {row.why}", original, row.hint)
            return updated
        if isinstance(row, rules.Erase) or called:
            if row is None and called:
                self._unknown_api(name, original)
            return updated
        if isinstance(row, Op):
            self.findings.rows.add(row.torch)
            return expression(f"F.{name.rpartition('.')[2]}")
        if not rules.is_prefix(name):
            self._unknown_api(name, original)
        return updated

    def _unknown_api(self, name: str, node: cst.CSTNode) -> None:
        self.report(
            "T101",
            f"no rule for {name}",
            node,
            "add a row to transpiler/rules, or an override for the definition that uses it",
        )

    def _member(self, original: cst.Attribute, updated: cst.Attribute) -> cst.BaseExpression:
        owner = self.kind(original.value)
        name = original.attr.value
        if name == "requires_grad" and not (isinstance(owner, Instance) and owner.classes):
            owner = owner if isinstance(owner, Tensor) else Tensor(variable=True)  # only parameters have it else
        if name == "type" and m.matches(original.value, m.Attribute(attr=m.Name("device"))):
            device = self.kind(cst.ensure_type(original.value, cst.Attribute).value)
            if isinstance(device, Tensor):
                why = "TensorFlow's device is a string, and where a graph runs is not known when it is made"
                self.report("T103", f"the type of a tensor's device is declared unsupported: {why}", original)
        if isinstance(owner, Tensor):
            return self._tensor_attribute(owner, name, updated)
        if isinstance(owner, Instance):
            if name == "forward":
                return updated.with_changes(attr=cst.Name("call"))
            if self._is_reserved(owner, name):
                return updated.with_changes(attr=cst.Name(f"{name}_"))
        elif name == "forward" and (
            isinstance(owner, ClassValue) or m.matches(original.value, m.Call(func=m.Name("super")))
        ):
            return updated.with_changes(attr=cst.Name("call"))
        return updated

    def _is_reserved(self, owner: Instance, name: str) -> bool:
        """Whether Keras has an attribute of that name that can't be set."""
        if name in LAYER_RESERVED:
            return any(
                self.program.attribute(cls, name) is not None and self.program.is_module(cls) for cls in owner.classes
            )
        models = [cls for cls in owner.classes if self.model_classes.intersection(self.program.ancestry(cls))]
        if name in MODEL_METHODS:
            return any(self.program.method(cls, name) is not None for cls in models)
        return name in MODEL_RESERVED and bool(models)

    def _tensor_attribute(self, owner: Tensor, name: str, updated: cst.Attribute) -> cst.BaseExpression:
        value = code_of(self.bare(updated.value))
        if name == "shape" and not owner.variable:
            return self.replaced(f"ops.shape({value})", updated)
        if name in ("T", "mT"):
            return self.replaced(
                f"tf.transpose({value})" if name == "T" else f"tf.linalg.matrix_transpose({value})", updated
            )
        if name == "data":
            return updated.value
        if name in ("real", "imag"):
            return self.replaced(f"tf.math.{name}({value})", updated)
        if name == "requires_grad":
            if isinstance(updated.value, cst.Name) and not owner.variable:
                # What is computed has no such flag here, and its gradient may be asked for.
                return self.replaced(f'getattr({value}, "trainable", True)', updated)
            return updated.with_changes(attr=cst.Name("trainable"))
        return updated

    def leave_IfExp(self, original_node: cst.IfExp, updated_node: cst.IfExp) -> cst.BaseExpression:
        """`x.permute(0, 3, 1, 2) if output_fmt == 'NCHW' else x`: both are one stored tensor."""
        same = updated_node.body.deep_equals(updated_node.orelse)
        if same and not original_node.body.deep_equals(original_node.orelse):
            return updated_node.body
        kinds = (self.kind(original_node.body), self.kind(original_node.orelse))
        layouts = {kind.layout for kind in kinds if isinstance(kind, Tensor) and kind.rank not in (0, 1, 2)}
        if not same and layouts == {Layout.IMAGE, Layout.PLAIN}:
            hint = "write the two as branches of an if statement, or permute one of them"
            self.report("L207", "the two sides are stored in different orders", original_node, hint)
        return updated_node

    # calls ---------------------------------------------------------------------------------------------------------

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(value=self.bare(updated_node.value))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        target = self.typing.targets.get(original_node)
        if target is not None:
            return self._known_call(target, original_node, updated_node)
        if isinstance(original_node.func, cst.Attribute):
            return self._method_call(original_node.func, original_node, updated_node)
        if m.matches(original_node.func, m.Name("int")) and self._divides_size(original_node):
            quotient = cst.ensure_type(updated_node.args[0].value, cst.BinaryOperation)
            return expression(f"F.truncated_quotient({code_of(quotient.left)}, {code_of(unwrapped(quotient.right))})")
        return self._module_call(original_node, updated_node)

    def _divides_size(self, call: cst.Call) -> bool:
        """`int(x.shape[0] / n)`: the size may be a tensor, which neither `int` nor a float takes."""
        if not m.matches(call, m.Call(args=[m.Arg(m.BinaryOperation(left=m.Subscript(), operator=m.Divide()))])):
            return False
        quotient = cst.ensure_type(call.args[0].value, cst.BinaryOperation)
        return isinstance(self.kind(cst.ensure_type(quotient.left, cst.Subscript).value), Shape)

    def _known_call(self, target: str, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        row = rules.find(target)
        if original in self.typing.channels_last:
            return updated.with_changes(func=expression("nn.ImageParameter"))
        if isinstance(row, Op):
            return self._op_call(row, target, original, updated, None)
        if isinstance(row, rules.Erase) and original.args and row.constant is None:
            return self.bare(updated.args[0].value)
        if target.startswith("torch.nn.init.") or self._initialises(target):
            return self._with_writable_slice(original, updated)
        found = self.program.function(target)
        if found is not None:
            return self._coerced(target, found[1], original, updated, bound=False)
        if self._is_foreign(target) and any(isinstance(self.kind(arg.value), Tensor) for arg in original.args):
            hint = "write it in torch, or write an override for the definition that uses it"
            self.report("T107", f"{target} is given a tensor, and no rule says what it does with it", original, hint)
        return updated

    def _is_foreign(self, target: str) -> bool:
        """Whether a function belongs to a package that is neither part of the source nor of Python."""
        package = target.partition(".")[0]
        known = FRAMEWORKS | sys.stdlib_module_names | {"numpy"}
        return "." in target and package not in known and not self.program.resolver.is_source(package)

    @staticmethod
    def _initialises(target: str) -> bool:
        return target.startswith("timm.layers.weight_init.") and target.endswith("_")

    def _with_writable_slice(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """`init.ones_(self.fc1.bias[n:])` writes into a part of a variable."""
        if not original.args or not isinstance(original.args[0].value, cst.Subscript):
            return updated
        owner = self.kind(original.args[0].value.value)
        part = updated.args[0].value
        before = original.args[0].value
        if isinstance(owner, Tensor) and owner.variable:
            target = cst.ensure_type(part, cst.Subscript) if isinstance(part, cst.Subscript) else before
            view = expression(f"nn.ParameterSlice({code_of(target.value)}, np.s_[{index_code(target)}])")
            return updated.with_changes(args=[updated.args[0].with_changes(value=view), *updated.args[1:]])
        return updated

    def _method_call(self, func: cst.Attribute, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        name = func.attr.value
        owner = self.kind(func.value)
        if isinstance(owner, Tensor) or (isinstance(owner, Unknown) and name in ONLY_TENSORS_HAVE):
            return self._tensor_method(name, func, owner, original, updated)
        if isinstance(owner, Instance):
            return self._instance_method(name, owner, original, updated)
        if isinstance(owner, (Sequence, Tuple)) and name == "append" and len(updated.args) == 1:
            return self._appended(original, updated)
        if (
            isinstance(owner, Unknown)
            and name in _AMBIGUOUS
            and not m.matches(func.value, m.Call(func=m.Name("super")))
        ):
            hint = "annotate it, or add a hint for this function to overrides/index.toml"
            self.report(
                "K101",
                f"{code_of(func.value)} may or may not be a tensor, so .{name}() can't be rewritten",
                original,
                hint,
            )
        return updated

    def _appended(self, original: cst.Call, updated: cst.Call) -> cst.Call:
        """A flattened image is put into a list as others find it there: in torch's order, for it is no image."""
        kind = self.kind(original.args[0].value)
        if not is_flattened_image(kind):
            return updated
        code = code_of(updated.args[0].value)
        code = self.transposed(code, kind, Layout.PLAIN, original, "a flattened image goes into a list")  # type: ignore[arg-type]
        return updated.with_changes(args=[updated.args[0].with_changes(value=expression(code))])

    def _tensor_method(
        self, name: str, func: cst.Attribute, owner: Kind, original: cst.Call, updated: cst.Call
    ) -> cst.BaseExpression:
        if name in ("copy_", "requires_grad_") or name in DICT_METHODS:
            return updated
        torch_name = f"torch.Tensor.{name}"
        row = rules.find(torch_name)
        if row is None:
            if isinstance(owner, Tensor):
                self._unknown_api(torch_name, original)
            return updated
        if isinstance(row, rules.Erase):
            self.findings.rows.add(row.torch)
            return cst.ensure_type(updated.func, cst.Attribute).value
        if isinstance(row, Op):
            if name == "to" and self._only_moves(original):
                return cst.ensure_type(updated.func, cst.Attribute).value
            return self._op_call(row, torch_name, original, updated, func.value)
        return updated

    @staticmethod
    def _only_moves(call: cst.Call) -> bool:
        """`x.to(device)`, `x.to(y.device)`, or `.to()` with its device already removed."""
        return not call.args or m.matches(call.args[0].value, m.Name("device") | m.Attribute(attr=m.Name("device")))

    def _instance_method(self, name: str, owner: Instance, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        row = rules.find(f"torch.nn.Module.{name}")
        if isinstance(row, rules.Erase) and not any(self.program.method(cls, name) for cls in owner.classes):
            self.findings.rows.add(row.torch)
            return cst.ensure_type(updated.func, cst.Attribute).value
        found = [self.program.method(cls, name) for cls in sorted(owner.classes)]
        methods = [member for member in found if member is not None]
        if len(methods) == 1 and len(owner.classes) == 1:
            info, node = methods[0]
            return self._coerced(f"{info.name}.{name}", node, original, updated, bound=True)
        if not methods and isinstance(updated.func, cst.Attribute):
            return self._module_call(original, updated)
        return updated

    # ops -----------------------------------------------------------------------------------------------------------

    def _op_call(
        self, row: Op, name: str, original: cst.Call, updated: cst.Call, receiver: cst.BaseExpression | None
    ) -> cst.BaseExpression:
        self.findings.rows.add(row.torch)
        arguments = [(arg, self.kind(arg.value)) for arg in original.args]
        codes = {
            before.value: self.bare(after.value) for before, after in zip(original.args, updated.args, strict=True)
        }
        bound_receiver = None
        if receiver is not None:
            bound_receiver = (receiver, self.kind(receiver))
            codes[receiver] = unwrapped(cst.ensure_type(updated.func, cst.Attribute).value)
        try:
            code = lambda node: code_of(codes.get(node) or node)  # noqa: E731
            call = bound_call(row, name, arguments, bound_receiver, code, self.typing.literals)
            layout = self.typing.layouts.get(original, Layout.PLAIN)
            if row.layout in ("axis", "plain") and _is_list_of_unknown(call):
                hint = "annotate it, or add a hint for this function to overrides/index.toml"
                self.report("K103", f"nothing says what the list holds that {name} is given", original, hint)
            if row.layout != "any" and _is_unknown(call) and axis_evidence(row, call) is not Layout.PLAIN:
                hint = "annotate it, or add a hint for this function to overrides/index.toml"
                self.report("K105", f"nothing says what {name} is given here", original, hint)
            undecided = row.layout == "axis" and call.tensor.layout is Layout.OPAQUE
            if undecided and axis_evidence(row, call) is not Layout.PLAIN:
                self.undecided(f"whose axes {name} names", original)
            call = self._in_layout(row, BoundCall(name, call.arguments, layout), original)
            return self.replaced(render(row, call), updated)
        except Refusal as refusal:
            self.report(
                "T102", refusal.message, original, refusal.hint or "write an override for the definition that uses it"
            )
            return updated

    def _in_layout(self, row: Op, call: BoundCall, node: cst.Call) -> BoundCall:
        """The call with transposes around the tensors that arrive in another layout than the row works in."""
        want = call.layout
        if row.layout == "axis" and call.tensor.layout is not Layout.OPAQUE:
            want = call.tensor.layout if row.takes_image(call) else Layout.PLAIN
        if want is Layout.OPAQUE:
            return call
        reason = f"{call.name} works in {'image' if want is Layout.IMAGE else 'torch'} order"
        changed: dict[str, Argument | tuple[Argument, ...]] = {}
        first = True
        for parameter, value in call.arguments.items():
            changed[parameter] = value
            if row.layout == "image" and not first:
                continue
            if row.layout == "any":
                changed[parameter] = self._operand(value, call, node)
            elif isinstance(value, tuple):
                changed[parameter] = tuple(self._in_order(item, want, node, reason) for item in value)
            elif isinstance(value.kind, Tensor):
                first = False
                if needs_transpose(value.kind, want):
                    changed[parameter] = self._argument_in(value, value.kind, want, node, reason)
            elif isinstance(value.kind, (Sequence, Tuple)) and row.layout in ("axis", "plain"):
                changed[parameter] = self._list_in(value, want, node, call.name)
        return BoundCall(call.name, changed, want)

    def _operand(
        self, value: Argument | tuple[Argument, ...], call: BoundCall, node: cst.Call
    ) -> Argument | tuple[Argument, ...]:
        """An argument of a layout-free function, as it meets the image among the others."""
        if isinstance(value, tuple) or not isinstance(value.kind, Tensor):
            return value
        kinds = [other.kind for other in call.arguments.values() if isinstance(other, Argument)]
        images = [kind for kind in kinds if isinstance(kind, Tensor) and kind.layout is Layout.IMAGE]
        if not images:
            return value
        code = self.meeting(value.code(), value.kind, images[0], node)
        return Argument(value.kind, value.literal, lambda: code)

    def _in_order(self, item: Argument, want: Layout, node: cst.Call, reason: str) -> Argument:
        if isinstance(item.kind, Tensor) and needs_transpose(item.kind, want):
            return self._argument_in(item, item.kind, want, node, reason)
        return item

    def _argument_in(
        self, argument: Argument, tensor: Tensor, want: Layout, node: cst.CSTNode, reason: str
    ) -> Argument:
        code = self.transposed(argument.code(), tensor, want, node, reason)
        kind = Tensor(want, tensor.rank, tensor.dtype)
        return Argument(kind, argument.literal, lambda: code)

    def _list_in(self, value: Argument, want: Layout, node: cst.Call, name: str) -> Argument:
        """A list of tensors in the layout that the call works in."""
        assert isinstance(value.kind, (Sequence, Tuple))
        items = value.kind.items if isinstance(value.kind, Tuple) else (value.kind.element,)
        others = [item for item in items if isinstance(item, Tensor) and needs_transpose(item, want)]
        if not others:
            return value
        written = self._written_list_in(value, want, node, name)
        if written is not None:
            return written
        if len(others) < len(items) or others[0].rank is None or len({item.rank for item in others}) > 1:
            self.report(
                "L202",
                f"{name} joins tensors of different layouts",
                node,
                "permute one of them before, or add a hint to overrides/index.toml",
            )
            return value
        item = self.transposed("item", others[0], want, node, f"{name} works in torch order")
        code = f"[{item} for item in {value.code()}]"
        return Argument(Sequence(Tensor(want, others[0].rank, others[0].dtype)), value.literal, lambda: code)

    def _written_list_in(self, value: Argument, want: Layout, node: cst.Call, name: str) -> Argument | None:
        """`[x, y]`, with a transpose at each that needs one; None if the list is not written out."""
        kinds = value.kind.items if isinstance(value.kind, Tuple) else ()
        listed = expression(value.code())
        ranks = {kind.rank for kind in kinds if isinstance(kind, Tensor)}
        if not isinstance(listed, (cst.List, cst.Tuple)) or len(listed.elements) != len(kinds) or len(ranks) > 1:
            return None
        elements = []
        for element, kind in zip(listed.elements, kinds, strict=True):
            if isinstance(element, cst.StarredElement) or not isinstance(kind, Tensor) or kind.rank is None:
                return None
            if needs_transpose(kind, want):
                reason = f"{name} works in {'image' if want is Layout.IMAGE else 'torch'} order"
                code = self.transposed(code_of(element.value), kind, want, node, reason)
                element = element.with_changes(value=expression(code))
            elements.append(element)
        code = code_of(listed.with_changes(elements=elements))
        joined = tuple(Tensor(want, kind.rank, kind.dtype) for kind in kinds if isinstance(kind, Tensor))
        return Argument(Tuple(joined), value.literal, lambda: code)

    # calls of the source's own functions and modules ---------------------------------------------------------------

    def _coerced(
        self, qualified: str, node: cst.FunctionDef, original: cst.Call, updated: cst.Call, *, bound: bool
    ) -> cst.Call:
        """Arguments in the layouts that the function's parameters have."""
        layouts = self.program.summary(qualified).layouts
        if not layouts:
            return updated
        args = list(updated.args)
        for i, name in enumerate(argument_parameters(node, original.args, bound=bound)):
            kind = self.kind(original.args[i].value)
            want = layouts.get(name) if name else None
            if want is not None:
                reason = f"{qualified.rpartition('.')[2]}() takes {name} in {want.value} order"
                args[i] = self._coerced_arg(args[i], kind, want, original, reason)
            elif name and isinstance(kind, Tuple):
                wanted = [layouts.get(item_name(name, place)) for place in range(len(kind.items))]
                args[i] = self._coerced_items(args[i], kind, wanted, original)
        return updated.with_changes(args=args)

    def _coerced_items(self, arg: cst.Arg, kind: Tuple, wanted: list[Layout | None], node: cst.Call) -> cst.Arg:
        """A tuple of tensors, each in the layout that is wanted of it."""
        changes: dict[int, cst.BaseExpression] = {}
        elements = list(arg.value.elements) if isinstance(arg.value, (cst.Tuple, cst.List)) else []
        for place, (item, want) in enumerate(zip(kind.items, wanted, strict=True)):
            if want is None or not isinstance(item, Tensor) or not needs_transpose(item, want):
                continue
            if len(elements) != len(wanted) or item.rank is None:
                hint = "permute it before, and write the tuple out in the call"
                self.report("L208", f"item {place} of this tuple is wanted in {want.value} order", node, hint)
                return arg
            reason = f"{code_of(node.func)} takes it in {want.value} order"
            changes[place] = expression(self.transposed(code_of(elements[place].value), item, want, node, reason))
        if not changes:
            return arg
        new = [element.with_changes(value=changes.get(i, element.value)) for i, element in enumerate(elements)]
        return arg.with_changes(value=arg.value.with_changes(elements=new))

    def _coerced_arg(self, arg: cst.Arg, kind: Kind, want: Layout, node: cst.Call, reason: str) -> cst.Arg:
        """An argument, a tensor or a list of them, in the layout that is wanted of it."""
        if isinstance(kind, Tensor) and not kind.variable and needs_transpose(kind, want):
            code = code_of(arg.value)
            new = self.transposed(code, kind, want, node, reason)
            may_be_none = self._functions and code in names_of_none(self._functions[-1])
            return arg.with_changes(value=expression(f"None if {code} is None else {new}" if may_be_none else new))
        if isinstance(kind, (Sequence, Tuple)):
            listed = self._list_in(Argument(kind, code=lambda: code_of(arg.value)), want, node, code_of(node.func))
            return arg if listed.kind == kind else arg.with_changes(value=expression(listed.code()))
        return arg

    def _module_call(self, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        """`self.conv(x)`: its arguments in the layouts that the module's class takes."""
        module = self.kind(original.func)
        if not isinstance(module, Instance) or not module.classes or not original.args:
            return updated
        found = [self.program.method(cls, "forward") for cls in sorted(module.classes) if not self.program.layer(cls)]
        if len(module.classes) == 1 and found and found[0] is not None:
            info, node = found[0]
            return self._coerced(f"{info.name}.forward", node, original, updated, bound=True)
        wanted = self.program.input_layouts(module)
        if len(wanted) != 1:
            return updated
        want, name = wanted.pop(), min(module.classes).rpartition(".")[2]
        first = self.kind(original.args[0].value)
        arg = self._coerced_arg(updated.args[0], first, want, original, f"{name} takes {want.value} order")
        return updated.with_changes(args=[arg, *updated.args[1:]])

    # operators -----------------------------------------------------------------------------------------------------

    def leave_BinaryOperation(
        self, original_node: cst.BinaryOperation, updated_node: cst.BinaryOperation
    ) -> cst.BaseExpression:
        left, right = self.kind(original_node.left), self.kind(original_node.right)
        changes = {}
        sides = {"left": (left, right, original_node.right), "right": (right, left, original_node.left)}
        for side, kinds in sides.items():
            dtype = promoted_dtype(original_node, *kinds, self.typing.floats)
            if dtype is not None:
                operand = code_of(self.bare(getattr(updated_node, side)))
                changes[side] = expression(f"tf.cast({operand}, {_PROMOTED[dtype]})")
        updated_node = updated_node.with_changes(**changes)
        if not isinstance(left, Tensor) or not isinstance(right, Tensor):
            return updated_node
        for side, kind, other in (("left", left, right), ("right", right, left)):
            operand = code_of(getattr(updated_node, side))
            if not isinstance(original_node.operator, cst.MatrixMultiply):
                code = self.meeting(operand, kind, other, original_node)
            elif needs_transpose(kind, Layout.PLAIN) and kind.rank is not None:
                code = self.transposed(
                    operand, kind, Layout.PLAIN, original_node, "a matrix product works in torch order"
                )
            else:
                continue
            if kind.dtype == "bool" and other.dtype != "bool":
                code = self._as_number(code, updated_node.right if side == "left" else updated_node.left, original_node)
            if code != operand:
                changes[side] = expression(code)
        return with_transposed_operand(updated_node.with_changes(**changes))

    def _as_number(self, code: str, other: cst.BaseExpression, node: cst.BinaryOperation) -> str:
        """A boolean operand of arithmetic, in the other operand's dtype: TensorFlow does no such promotion."""
        if not isinstance(node.operator, (cst.Add, cst.Subtract, cst.Multiply)):
            return code
        if not isinstance(other, (cst.Name, cst.Attribute)):
            self.report("K104", "a mask meets numbers here", node, "give the numbers a name, or cast the mask")
        return f"tf.cast({code_of(unwrapped(expression(code)))}, {code_of(other)}.dtype)"


def _is_unknown(call: BoundCall) -> bool:
    """Whether nobody knows what should be a tensor."""
    return isinstance(_first_kind(call), Unknown)


def _is_list_of_unknown(call: BoundCall) -> bool:
    """Whether what should be a list of tensors holds nobody knows what."""
    kind = _first_kind(call)
    if isinstance(kind, Tuple):
        return any(isinstance(item, Unknown) for item in kind.items)
    return isinstance(kind, Sequence) and isinstance(kind.element, Unknown)


def _first_kind(call: BoundCall) -> Kind | None:
    """The kind of the first argument; None if there is none, or it is a list of arguments."""
    first = next(iter(call.arguments.values()), None)
    return first.kind if isinstance(first, Argument) else None
