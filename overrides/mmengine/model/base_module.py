"""The base classes of mmengine.model.base_module on Keras layers."""

import copy

from transpiler.runtime import nn


class BaseModule(nn.Module):
    """Base of all modules of OpenMMLab: a module that keeps `init_cfg`.

    Stands for mmengine.model.base_module.BaseModule; hand-written because the original records by hash and mean how
    each torch parameter was initialised.
    """

    def __init__(self, init_cfg=None, **kwargs):
        super().__init__(**kwargs)
        self._is_init = False
        self.init_cfg = copy.deepcopy(init_cfg)

    @property
    def is_init(self):
        return self._is_init

    @is_init.setter
    def is_init(self, value):
        self._is_init = value

    def init_weights(self):
        """Initialise the modules below, each by its own `init_weights`.

        Raises:
            NotImplementedError: `init_cfg` asks for more than that.
        """
        if self._is_init:
            return
        if self.init_cfg:
            raise NotImplementedError(
                f"{type(self).__name__} has init_cfg={self.init_cfg}: initialisers are not part of the generated "
                "package; load weights with load_state_dict or load_weights"
            )
        for child in self.children():
            if hasattr(child, "init_weights") and not getattr(child, "is_init", False):
                child.init_weights()
        self._is_init = True


class Sequential(BaseModule, nn.Sequential):
    """`Sequential` with `init_cfg`.

    Stands for mmengine.model.base_module.Sequential; hand-written because the original calls two constructors.
    """

    def __init__(self, *args, init_cfg=None, **kwargs):
        super().__init__(init_cfg, **kwargs)
        self.extend(args)


class ModuleList(BaseModule, nn.ModuleList):
    """`ModuleList` with `init_cfg`.

    Stands for mmengine.model.base_module.ModuleList; hand-written because the original calls two constructors.
    """

    def __init__(self, modules=None, init_cfg=None, **kwargs):
        super().__init__(init_cfg, **kwargs)
        self.extend(modules or [])
