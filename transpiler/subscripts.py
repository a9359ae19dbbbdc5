"""Rewrites subscripts: items of tensors and of their shapes, at the places where the generated code stores them."""

from __future__ import annotations

import libcst as cst

from . import patterns as m
from .code import code_of, expression, with_index
from .evidence import size_evidence
from .expressions import keeps_axes, literal_value, reads_batch_size
from .kinds import Kind, Layout, Python, Sequence, Shape, Tensor
from .layout import stored_axis, to_stored
from .layout_transformer import LayoutTransformer

_WHOLE_AXIS = m.Slice(lower=None, upper=None, step=None)


class SubscriptRewriter(LayoutTransformer):
    """`x.shape[1]`, `x[:, :c]`, `table[index]`."""

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        name = self.external(original_node.value)
        if name == "torch.jit.Final":
            return cst.ensure_type(updated_node.slice[0].slice, cst.Index).value
        owner = self.kind(original_node.value)
        if isinstance(owner, Shape):
            return self._shape_item(owner, original_node, updated_node)
        if isinstance(owner, Tensor) and original_node not in self._not_names:
            return self._tensor_item(owner, original_node, updated_node)
        return updated_node

    def _shape_item(self, owner: Shape, original: cst.Subscript, updated: cst.Subscript) -> cst.BaseExpression:
        """`x.shape[2:]` of an image: the same sizes at their stored places."""
        if owner.is_slice:
            return updated
        index = original.slice[0].slice
        tensor = owner.tensor
        decides = reads_batch_size(original) or size_evidence(tensor, original) is Layout.PLAIN
        if _may_be_image(tensor) and not decides:
            self.undecided("of which a size is read", original)
        if owner.tensor.layout is not Layout.IMAGE or owner.tensor.variable:
            return updated
        rank = owner.tensor.rank or 4
        if isinstance(index, cst.Index):
            value = literal_value(index.value)
            if not isinstance(value, int):
                self.report(
                    "L203",
                    "the shape of an image is read at an axis that is not a constant",
                    original,
                    "use a constant",
                )
                return updated
            return with_index(updated, str(stored_axis(value, rank)))
        text = code_of(index).replace(" ", "")
        stored = {"2:": "1:-1", f"-{rank - 2}:": "1:-1", "-2:": "1:-1" if rank == 4 else None}.get(text)
        if stored is None:
            self.report(
                "L203",
                f"shape[{text}] of an image mixes its channels with its space",
                original,
                "unpack the shape instead",
            )
            return updated
        return with_index(updated, stored)

    def _tensor_item(self, owner: Tensor, original: cst.Subscript, updated: cst.Subscript) -> cst.BaseExpression:
        kinds = [self.kind(e.slice.value) if isinstance(e.slice, cst.Index) else None for e in original.slice]
        if any(isinstance(kind, Tensor) for kind in kinds):
            return self._gathered(owner, kinds, original, updated)
        if owner.layout is Layout.IMAGE:
            return self._image_item(owner, original, updated)
        if any(isinstance(kind, Sequence) and isinstance(kind.element, Python) for kind in kinds):
            return self._listed(kinds, original, updated)
        if _may_be_image(owner) and not all(keeps_axes(element) for element in original.slice[1:]):
            self.undecided("whose axes are indexed", original)
        return updated

    def _gathered(
        self, owner: Tensor, kinds: list[Kind | None], original: cst.Subscript, updated: cst.Subscript
    ) -> cst.BaseExpression:
        """An integer tensor as index gathers; a boolean one selects."""
        position = next(i for i, kind in enumerate(kinds) if isinstance(kind, Tensor))
        index = kinds[position]
        assert isinstance(index, Tensor)
        if len(kinds) > 1 and all(isinstance(kind, Tensor) and kind.dtype == "int" for kind in kinds):
            source = code_of(self.bare(updated.value))
            places = ", ".join(code_of(cst.ensure_type(e.slice, cst.Index).value) for e in updated.slice)
            return self.replaced(f"tf.gather_nd({source}, tf.stack([{places}], axis=-1))", updated)
        others = [*original.slice[:position], *original.slice[position + 1 :]]
        is_mask_in_between = index.dtype == "bool" and len(kinds) != position + 1
        if is_mask_in_between or not all(m.matches(e.slice, _WHOLE_AXIS) for e in others):
            self.report(
                "T104",
                "this mixture of tensors and slices as an index has no rule",
                original,
                "split the indexing into steps, or write an override",
            )
            return updated
        source = code_of(self.bare(updated.value))
        chosen = code_of(cst.ensure_type(updated.slice[position].slice, cst.Index).value)
        if index.dtype == "bool":
            return self.replaced(f"tf.boolean_mask({source}, {chosen})", updated)
        if index.dtype is None or index.dtype.startswith("@"):
            self.report(
                "K102",
                "the index may be integers or a mask",
                original,
                "give it a dtype where it is made, or a hint in overrides/index.toml",
            )
        axis = f", axis={position}" if position else ""
        return self.replaced(f"tf.gather({source}, {chosen}{axis})", updated)

    def _listed(
        self, kinds: list[Kind | None], original: cst.Subscript, updated: cst.Subscript
    ) -> cst.BaseExpression:
        """`x[:, :, places]`: a list of integers gathers too."""
        position = next(i for i, kind in enumerate(kinds) if isinstance(kind, Sequence))
        others = [*original.slice[:position], *original.slice[position + 1 :]]
        if not all(m.matches(e.slice, _WHOLE_AXIS) for e in others):
            hint = "split the indexing into steps, or write an override"
            self.report("T104", "this mixture of lists and slices as an index has no rule", original, hint)
            return updated
        places = code_of(cst.ensure_type(updated.slice[position].slice, cst.Index).value)
        axis = f", axis={position}" if position else ""
        return self.replaced(f"tf.gather({code_of(self.bare(updated.value))}, {places}{axis})", updated)

    def _image_item(self, owner: Tensor, original: cst.Subscript, updated: cst.Subscript) -> cst.BaseExpression:
        """`x[:, :c]` of an image: `x[..., :c]`."""
        rank = owner.rank or 4
        items = [(e.slice, code_of(e.slice)) for e in updated.slice]
        position = next((i for i, (part, _) in enumerate(items) if m.matches(part, m.Index(value=m.Ellipsis()))), None)
        if position is not None:
            items[position : position + 1] = [(cst.Slice(None, None), ":")] * (rank - len(items) + 1)
        if not all(isinstance(part, cst.Slice) for part, _ in items):
            self.report(
                "L204", "this index of an image drops or adds an axis", original, "permute to channels-last first"
            )
            return updated
        full = [code for _, code in items] + [":"] * (rank - len(items))
        stored = [full[axis] for axis in to_stored(rank)]
        if all(item == ":" for item in stored[1:-1]) and stored[0] == ":":
            return expression(f"{code_of(updated.value)}[..., {stored[-1]}]")
        while stored and stored[-1] == ":":
            stored.pop()
        return expression(f"{code_of(updated.value)}[{', '.join(stored)}]")


def _may_be_image(tensor: Tensor) -> bool:
    """Whether a tensor is undecided and has axes enough to be stored in another order than torch's."""
    return tensor.layout is Layout.OPAQUE and not tensor.variable and (tensor.rank is None or tensor.rank > 2)
