"""The conversion of timm.models.repghost for inference, without torch's files."""

import copy


def repghost_model_convert(model, save_path=None, do_copy=True):
    """Stands for timm.models.repghost.repghost_model_convert; hand-written because it saves with torch.

    Args:
        model: a model whose modules may have a switch_to_deploy().
        save_path: None; weights are saved from what is returned.
        do_copy: leave the model as it is, and convert a copy.

    Returns:
        The converted model.

    Raises:
        NotImplementedError: save_path is given.
    """
    if save_path is not None:
        raise NotImplementedError("save_path is not supported: save what is returned, with save_weights()")
    if do_copy:
        model = copy.deepcopy(model)
    for module in model.modules():
        if hasattr(module, "switch_to_deploy"):
            module.switch_to_deploy()
    return model
