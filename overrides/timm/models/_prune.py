"""Stand-ins for the pruned architectures of timm.models._prune: they refuse, and say what is missing."""


def adapt_model_from_string(parent_module, model_string):
    """Stands for timm.models._prune.adapt_model_from_string; hand-written because it rebuilds torch layers one by one.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        "pruned architectures are not supported: the layers of a built model would have to be replaced by narrower ones; "
        "use the unpruned architecture"
    )


def adapt_model_from_file(parent_module, model_variant):
    """Stands for timm.models._prune.adapt_model_from_file; hand-written because timm's `_pruned` tables are not copied.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(
        f"pruned architectures are not supported: timm's table of layer widths for {model_variant!r} is not part of this "
        f"package; use the unpruned architecture"
    )
