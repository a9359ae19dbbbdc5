"""Rows for torch.nn.functional and a few torch functions of the same sort."""

from __future__ import annotations

from ..kinds import Kind, Layout, Tensor
from .arithmetic import elementwise
from .table import REST, BoundCall, Case, Op, Refusal, plain_of_rank, python, same
from .template import axis_code, fill, sizes_code

IMAGE = {"x": (2, 3, 6, 5)}
X = {"x": (2, 3, 4)}
XY = {"x": (2, 3, 6, 5), "y": (2, 3, 6, 5)}
QKV = {"q": (2, 2, 5, 4), "k": (2, 2, 5, 4), "v": (2, 2, 5, 4)}


def _is_linear(call: BoundCall) -> bool:
    """Only a sequence is resized linearly."""
    return call.given("mode") and call.one("mode").literal == "linear"


def interpolate_code(call: BoundCall) -> str:
    if (_is_linear(call) or call.given(REST)) and call.tensor.rank is None:
        raise Refusal("a sequence of unknown rank is resized", "give its rank in a hint in overrides/index.toml")
    options = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
    given = [f"{name}={call.one(name).code()}" for name in options if call.given(name)]
    rest = [call.one(REST).code()] if call.given(REST) else []
    return f"F.interpolate({', '.join([call.one('input').code(), *given, *rest])})"


def same_image_kind(call: BoundCall) -> Kind:
    """An image, or a sequence, with other sizes."""
    return Tensor(Layout.IMAGE, call.tensor.rank or (3 if _is_linear(call) else 4), call.tensor.dtype)


def image_kind(call: BoundCall) -> Kind:
    return Tensor(Layout.IMAGE, 4, call.tensor.dtype)


def pooled_kind(call: BoundCall) -> Kind:
    """An image, of one pixel where the size asked for is that."""
    size = call.one("output_size").literal
    return Tensor(Layout.IMAGE, 4, call.tensor.dtype, per_channel=size in (1, (1, 1), [1, 1]))


def pad_code(call: BoundCall) -> str:
    function = "F.pad_image" if call.layout is Layout.IMAGE else "F.pad"
    parts = [call.one("input").code(), call.one("pad").code()]
    parts += [f"{name}={call.one(name).code()}" for name in ("mode", "value") if call.given(name)]
    return f"{function}({', '.join(parts)})"


def normalize_code(call: BoundCall) -> str:
    """torch normalizes over the channels unless told otherwise."""
    axis = axis_code(call, "dim") if call.given("dim") else "-1" if call.layout is Layout.IMAGE else "1"
    options = "".join(f", {name}={call.one(name).code()}" for name in ("p", "eps") if call.given(name))
    return f"F.normalize({call.one('input').code()}, axis={axis}{options})"


def binary_cross_entropy_code(call: BoundCall) -> str:
    if call.given("weight") or call.given("size_average") or call.given("reduce") or call.literal("reduction", "mean") not in ("mean", "sum"):
        raise Refusal("of binary_cross_entropy only the mean and the sum without weights have a rule", "write an override")
    reduction = f", reduction={call.one('reduction').code()}" if call.given("reduction") else ""
    return f"F.binary_cross_entropy({call.one('input').code()}, {call.one('target').code()}{reduction})"


def batch_norm_code(call: BoundCall) -> str:
    """The channels of what is no image are on torch's axis 1."""
    text = "F.batch_norm({input}, {running_mean}, {running_var}<, {weight}><, {bias}><, training={training}><, momentum={momentum}><, eps={eps}>"
    return fill(text + (")" if call.layout is Layout.IMAGE else ", axis=1)"), call)


def affine_grid_code(call: BoundCall) -> str:
    corners = f", align_corners={call.one('align_corners').code()}" if call.given("align_corners") else ""
    return f"F.affine_grid({call.one('theta').code()}, {sizes_code((call.one('size'),))}{corners})"


def activation(name: str, tf: str, *, extra: str = "", cases: tuple[Case, ...] = ()) -> Op:
    """An activation function; `inplace` changes nothing."""
    params = "input, " + (extra + ", " if extra else "") + "inplace=False"
    default = (Case(f"torch.nn.functional.{name}(x)", IMAGE, gradient=True, image=True),)
    return Op(f"torch.nn.functional.{name}", params, tf, "any", same, cases=cases or default)


ROWS = (
    activation("relu", "tf.nn.relu({input})"),
    activation("relu6", "tf.nn.relu6({input})"),
    activation("silu", "tf.nn.silu({input})"),
    activation("elu", "F.elu({input}<, {alpha}>)", extra="alpha=1.0"),
    activation("celu", "F.celu({input}<, {alpha}>)", extra="alpha=1.0"),
    activation("selu", "tf.nn.selu({input})"),
    activation("mish", "F.mish({input})"),
    activation("hardsigmoid", "F.hardsigmoid({input})"),
    activation("hardswish", "F.hardswish({input})"),
    activation("leaky_relu", "F.leaky_relu({input}<, {negative_slope}>)", extra="negative_slope=0.01"),
    Op("torch.nn.functional.gelu", "input, *, approximate='none'", "F.gelu({input}<, approximate={approximate}>)", "any", same,
       cases=(Case("torch.nn.functional.gelu(x)", X, gradient=True), Case("torch.nn.functional.gelu(x, approximate='tanh')", X, gradient=True))),
    Op("torch.nn.functional.prelu", "input, weight", "F.prelu({input}, {weight})", "any", same, cases=(Case("torch.nn.functional.prelu(x, y)", {"x": (2, 3), "y": (3,)}),)),
    Op("torch.nn.functional.softplus", "input", "tf.math.softplus({input})", "any", same, cases=(Case("torch.nn.functional.softplus(x)", X, gradient=True),)),
    Op("torch.nn.functional.sigmoid", "input", "tf.sigmoid({input})", "any", same, cases=(Case("torch.nn.functional.sigmoid(x)", X),)),
    elementwise("relu", "tf.nn.relu({input})"),
    Op("torch.nn.functional.scaled_dot_product_attention",
       "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False",
       "F.scaled_dot_product_attention({query}, {key}, {value}<, attn_mask={attn_mask}><, dropout_p={dropout_p}>"
       "<, is_causal={is_causal}><, scale={scale}><, enable_gqa={enable_gqa}>)", "plain", same,
       cases=(Case("torch.nn.functional.scaled_dot_product_attention(q, k, v)", QKV, gradient=True),
              Case("torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)", QKV),
              Case("torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=m)", {**QKV, "m": (2, 1, 5, 5)}),
              Case("torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=1.0)", QKV))),
    Op("torch.nn.functional.layer_norm", "input, normalized_shape, weight=None, bias=None, eps=1e-05",
       "F.layer_norm({input}, {normalized_shape}<, {weight}><, bias={bias}><, eps={eps}>)", "plain", same,
       cases=(Case("torch.nn.functional.layer_norm(x, (4,))", X, gradient=True), Case("torch.nn.functional.layer_norm(x, (4,), y, y, 1e-6)", {"x": (2, 3, 4), "y": (4,)}))),
    Op("torch.nn.functional.rms_norm", "input, normalized_shape, weight=None, eps=None", "F.rms_norm({input}, {normalized_shape}<, {weight}><, eps={eps}>)", "plain", same,
       cases=(Case("torch.nn.functional.rms_norm(x, (4,), y, 1e-6)", {"x": (2, 3, 4), "y": (4,)}, gradient=True),)),
    Op("torch.nn.functional.group_norm", "input, num_groups, weight=None, bias=None, eps=1e-05",
       "F.group_norm({input}, {num_groups}<, {weight}><, {bias}><, eps={eps}>)", "image", same,
       cases=(Case("torch.nn.functional.group_norm(x, 2, y, y)", {"x": (2, 4, 3, 5), "y": (4,)}, image=True),)),
    Op("torch.nn.functional.batch_norm", "input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05",
       batch_norm_code, "image", same, torch_form=lambda call: call.tensor.rank == 3,
       cases=(Case("torch.nn.functional.batch_norm(x, y, y.abs() + 1, y, y)", {"x": (2, 4, 3, 5), "y": (4,)}, image=True),
              Case("torch.nn.functional.batch_norm(x.reshape(2, 4, -1), None, None, y, training=True, eps=1e-6)", {"x": (2, 4, 3, 5), "y": (4,)}, gradient=True))),
    Op("torch.nn.functional.linear", "input, weight, bias=None", "F.linear({input}, {weight}<, {bias}>)", "plain", same,
       cases=(Case("torch.nn.functional.linear(x, y)", {"x": (2, 3, 4), "y": (5, 4)}, gradient=True),)),
    Op("torch.nn.functional.conv2d", "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1",
       "F.conv2d({input}, {weight}<, {bias}><, stride={stride}><, padding={padding}><, dilation={dilation}><, groups={groups}>)", "image", image_kind,
       cases=(Case("torch.nn.functional.conv2d(x, y, padding=1)", {"x": (2, 3, 6, 5), "y": (4, 3, 3, 3)}, image=True),)),
    Op("torch.nn.functional.dropout", "input, p=0.5, training=True, inplace=False", "F.dropout({input}<, {p}><, training={training}>)", "any", same,
       cases=(Case("torch.nn.functional.dropout(x, 0.5, training=False)", X),)),
    Op("torch.nn.functional.pad", "input, pad, mode='constant', value=None", pad_code, "axis", same,
       cases=(Case("torch.nn.functional.pad(x, (1, 2, 0, 1))", IMAGE, gradient=True, image=True), Case("torch.nn.functional.pad(x, (0, 1), value=1.0)", X),
              Case("torch.nn.functional.pad(x, (1, 1, 1, 1), mode='reflect')", IMAGE, image=True))),
    Op("torch.nn.functional.binary_cross_entropy", "input, target, weight=None, size_average=None, reduce=None, reduction='mean'", binary_cross_entropy_code, "any", plain_of_rank(0),
       cases=(Case("torch.nn.functional.binary_cross_entropy(x.sigmoid(), y.sigmoid())", XY, gradient=True, image=True),
              Case("torch.nn.functional.binary_cross_entropy(x.sigmoid(), y.sigmoid(), reduction='sum')", XY))),
    Op("torch.nn.functional.interpolate", "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, antialias=False",
       interpolate_code, "image", same_image_kind, takes_rest=True,
       cases=(Case("torch.nn.functional.interpolate(x, size=(9, 4), mode='bicubic', antialias=True)", IMAGE, image=True),
              Case("torch.nn.functional.interpolate(x, size=(9, 4), mode='bicubic', align_corners=False)", IMAGE, image=True),
              Case("torch.nn.functional.interpolate(x, scale_factor=2., mode='bilinear')", IMAGE, image=True),
              Case("torch.nn.functional.interpolate(x, size=(4, 7))", IMAGE, image=True))),
    Op("torch.nn.functional.adaptive_avg_pool2d", "input, output_size", "F.adaptive_avg_pool2d({input}, {output_size})", "image", pooled_kind,
       cases=(Case("torch.nn.functional.adaptive_avg_pool2d(x, 1)", IMAGE, gradient=True, image=True), Case("torch.nn.functional.adaptive_avg_pool2d(x, (3, 2))", IMAGE, image=True))),
    Op("torch.nn.functional.adaptive_max_pool2d", "input, output_size", "F.adaptive_max_pool2d({input}, {output_size})", "image", pooled_kind,
       cases=(Case("torch.nn.functional.adaptive_max_pool2d(x, 1)", IMAGE, image=True),)),
    Op("torch.nn.functional.avg_pool2d", "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
       "F.avg_pool2d({input}, {kernel_size}<, {stride}><, padding={padding}><, ceil_mode={ceil_mode}><, count_include_pad={count_include_pad}>)", "image", image_kind,
       cases=(Case("torch.nn.functional.avg_pool2d(x, 3, 2, padding=1)", IMAGE, image=True), Case("torch.nn.functional.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)", IMAGE, image=True))),
    Op("torch.nn.functional.max_pool2d", "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
       "F.max_pool2d({input}, {kernel_size}<, {stride}><, padding={padding}><, dilation={dilation}><, ceil_mode={ceil_mode}>)", "image", image_kind,
       cases=(Case("torch.nn.functional.max_pool2d(x, 3, 2, padding=1)", IMAGE, image=True),)),
    Op("torch.nn.functional.unfold", "input, kernel_size, dilation=1, padding=0, stride=1",
       "F.unfold({input}, {kernel_size}<, {dilation}><, padding={padding}><, stride={stride}>)", "image", lambda c: Tensor(Layout.PLAIN, 3, c.tensor.dtype),
       cases=(Case("torch.nn.functional.unfold(x, (2, 3), stride=2, padding=1)", IMAGE, gradient=True, image=True),)),
    Op("torch.nn.functional.fold", "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
       "F.fold({input}, {output_size}, {kernel_size}<, {dilation}><, padding={padding}><, stride={stride}>)", "plain", image_kind,
       cases=(Case("torch.nn.functional.fold(x, (4, 6), (2, 2), stride=2)", {"x": (2, 12, 6)}, gradient=True), Case("torch.nn.functional.fold(x, output_size=(3, 4), kernel_size=3, padding=1)", {"x": (2, 18, 12)}))),
    Op("torch.nn.functional.pixel_shuffle", "input, upscale_factor", "F.pixel_shuffle({input}, {upscale_factor})", "image", image_kind,
       cases=(Case("torch.nn.functional.pixel_shuffle(x, 2)", {"x": (2, 8, 3, 5)}, gradient=True, image=True),)),
    Op("torch.nn.functional.affine_grid", "theta, size, align_corners=None", affine_grid_code, "plain", lambda c: Tensor(Layout.PLAIN, 4, c.tensor.dtype),
       cases=(Case("torch.nn.functional.affine_grid(x, (2, 3, 4, 5), align_corners=False)", {"x": (2, 2, 3)}, gradient=True),)),
    Op("torch.nn.functional.grid_sample", "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
       "F.grid_sample({input}, {grid}<, mode={mode}><, padding_mode={padding_mode}><, align_corners={align_corners}>)", "image", image_kind,
       cases=(Case("torch.nn.functional.grid_sample(x, y, align_corners=False)", {**IMAGE, "y": (2, 4, 3, 2)}, gradient=True, image=True),
              Case("torch.nn.functional.grid_sample(x, y, padding_mode='border', align_corners=True)", {**IMAGE, "y": (2, 4, 3, 2)}, image=True))),
    Op("torch.nn.functional.normalize", "input, p=2.0, dim=1, eps=1e-12", normalize_code, "axis", same,
       cases=(Case("torch.nn.functional.normalize(x)", IMAGE, gradient=True, image=True), Case("torch.nn.functional.normalize(x, 2., 1, 1e-6)", X), Case("torch.nn.functional.normalize(x, dim=(2, 3))", IMAGE, image=True), Case("torch.nn.functional.normalize(x, dim=-1)", X, gradient=True),)),
    Op("torch.nn.functional.one_hot", "input, num_classes", "F.one_hot({input}, {num_classes})", "plain", lambda c: Tensor(Layout.PLAIN, None, "int"),
       cases=(Case("torch.nn.functional.one_hot(i, 7)", {"i": ((2, 3), "int64")}),)),
    Op("torch._assert", "condition, message", "F.check({condition}, {message})", "any", python, cases=(Case("torch._assert(True, 'no')", {}),)),
    Op("torch.utils.checkpoint.checkpoint", "function, *args, use_reentrant=None", "F.checkpoint({function}, {args:list})", "any", lambda c: Tensor(Layout.OPAQUE), cases=(Case("torch.utils.checkpoint.checkpoint(torch.sigmoid, x, use_reentrant=False)", X),),
       note="recomputed in the backward pass by tf.recompute_grad"),
)
