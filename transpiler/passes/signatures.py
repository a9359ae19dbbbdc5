"""Adds `**kwargs` to a signature, laid out as the signature is."""

from __future__ import annotations

import libcst as cst

from ..scopes import parameter_list


def with_kwargs(params: cst.Parameters, last: cst.Param) -> cst.Parameters:
    """The parameters with `**kwargs` after them; it ends as the `last` parameter does or, if that is gone, did."""
    star_kwarg = cst.Param(cst.Name("kwargs"), star="**", comma=last.comma)
    kept = parameter_list(params)
    if not kept or (isinstance(params.posonly_ind, cst.ParamSlash) and kept[-1] in params.posonly_params):
        return params.with_changes(star_kwarg=star_kwarg)
    # A comma after the last parameter ends the list; what separates two stands before it.
    between = kept[:-1] if kept[-1] is last else kept
    commas = [parameter.comma for parameter in between if isinstance(parameter.comma, cst.Comma)]
    separator = commas[-1] if commas else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    new = kept[-1].with_changes(comma=separator)
    if kept[-1] is params.star_arg:
        return params.with_changes(star_arg=new, star_kwarg=star_kwarg)
    group = "kwonly_params" if params.kwonly_params else "params"
    return params.with_changes(**{group: [*getattr(params, group)[:-1], new]}, star_kwarg=star_kwarg)
