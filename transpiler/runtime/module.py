"""`Module`: a Keras layer that keeps torch's registries and walks."""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from .arguments import PACKAGE, class_that_wrote, registered_package
from .directly_called import DirectlyCalled
from .drawing import postponed_draws
from .keras_private import autocast_dtype, copied_layer, default_policy
from .naming import name_by_place
from .parameter import ImageParameter, Parameter, StoredTensor
from .recipe import (
    Unwritable,
    call_described,
    described_arguments,
    described_frozen,
    freeze_as_described,
    serialized_policy,
)
from .registry import Registry, RemovableHandle, WithoutModule, attribute_of, torch_name_of
from .state import IncompatibleKeys, load_state_dict, state_dict

# What every layer of Keras takes.
_OF_KERAS = frozenset({"name", "dtype", "trainable"})
_PLAIN = frozenset({bool, int, float, str, type(None)})


class _WholeWithItsLayers(ABCMeta):
    """Lets the layers that a constructor makes have the dtype policy that it was given, and names of their place.

    Keras' own arguments reach a constructor only where it names them: RegNet's `**kwargs` change its configuration.

    An ABCMeta, so that a module may have an abstract base class of upstream's.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        own = _taken_from(kwargs, cls)
        with default_policy(own.get("dtype")), postponed_draws():
            module = super().__call__(*args, **kwargs)
        if "name" in own:
            module.__dict__["name"] = own["name"]
        if "trainable" in own:
            module.trainable = own["trainable"]
        name_by_place(module)
        return module


class Module(DirectlyCalled, metaclass=_WholeWithItsLayers):
    """Base class of all layers, with the registries and walks of `torch.nn.Module`.

    All variables exist after `__init__`. The outermost layer of a call opens Keras' call context
    (training flag, mixed precision); the layers below it are called directly, so `call` may take any
    arguments. Keyword arguments of the constructor go to Keras: name, dtype, trainable.
    """

    # Attributes that hold a Keras variable which torch knows by another name.
    keras_state: ClassVar[frozenset[str]] = frozenset()
    # Constant buffers that are not read in the compute dtype: positions and frequencies, say.
    keeps_dtype: ClassVar[frozenset[str]] = frozenset()

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__new__(cls, *args, **kwargs)
        # Two underscores: Keras doesn't look there for layers to save.
        layer.__dict__["__given"] = (args, kwargs)
        return layer

    def __init__(self, *args: Any, **kwargs: Any):
        try:
            super().__init__(*args, **kwargs)
        except ValueError as error:
            keyword = _unexpected_keyword(type(self), error)
            if keyword is None:
                raise
            raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument {keyword}") from None
        self.built = True
        self._allow_non_tensor_positional_args = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Keras reads a class from a file only if it is registered.
        package = registered_package(cls)
        if package is not None:
            keras.saving.register_keras_serializable(package)(cls)

    # ---- hooks -------------------------------------------------------------------------------

    def register_forward_pre_hook(self, hook: Callable[..., Any], *, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, args)` before `call`; what it returns, if anything, replaces `args`."""
        return RemovableHandle(self._registry.forward_pre_hooks, hook, prepend)

    def register_forward_hook(self, hook: Callable[..., Any], *, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, args, output)` after `call`; what it returns, if anything, replaces the output."""
        return RemovableHandle(self._registry.forward_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook` before a state dict is loaded into this module, alone or as part of another.

        It is called as torch calls it, `hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`, and may change `state_dict`, which holds tensors in torch's layout.
        """
        return RemovableHandle(self._registry.load_hooks, hook)

    def _register_load_state_dict_pre_hook(self, hook: Callable[..., Any], with_module: bool = False) -> Any:
        """As above; torch's older name, without the module among the arguments."""
        return self.register_load_state_dict_pre_hook(hook if with_module else WithoutModule(hook))

    # ---- registries --------------------------------------------------------------------------

    @property
    def _registry(self) -> Registry:
        # Attributes may be set before __init__ has run, so it is made when first asked for.
        registry = self.__dict__.get("_torch_registry")
        if registry is None:
            registry = Registry()
            self.__dict__["_torch_registry"] = registry
        return registry

    def __getattr__(self, name: str) -> Any:
        # Reached only by what is not an attribute: faces of variables and constant buffers.
        registry = self.__dict__.get("_torch_registry")
        if registry is not None:
            torch_name = torch_name_of(name)
            if torch_name in registry.buffers:
                buffer = registry.buffers[torch_name]
                return buffer if torch_name in self.keeps_dtype else _in_compute_dtype(buffer)
            if torch_name in registry.parameters:
                return registry.parameters[torch_name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "trainable":
            # TensorFlow skips an assignment that changes nothing, and frozen children would stay frozen.
            keras.layers.Layer.trainable.fset(self, value)
        elif isinstance(value, keras.layers.Layer):
            self._set_module(name, value)
        elif isinstance(value, (keras.Variable, StoredTensor)) and name not in self.keras_state:
            self._set_variable(name, value)
        elif torch_name_of(name) in self._registry:
            self._set_over_registered(name, value)
        elif type(value) in _PLAIN and self._has_plain(name):
            # Nothing that Keras or TensorFlow track, who would take ten times as long.
            object.__setattr__(self, name, value)
        else:
            self._unlock_tracker()
            super().__setattr__(name, value)

    def _has_plain(self, name: str) -> bool:
        is_property = isinstance(getattr(type(self), name, None), property)
        return not is_property and type(self.__dict__.get(name)) in _PLAIN

    def __delattr__(self, name: str) -> None:
        torch_name = torch_name_of(name)
        if torch_name in self._registry:
            self._release(name)
            self._registry.remove(torch_name)
        else:
            super().__delattr__(name)

    def _set_module(self, name: str, module: keras.layers.Layer) -> None:
        torch_name = torch_name_of(name)
        if self._registry.modules.get(torch_name) is module:
            return
        self._release(name)
        self._registry.put(self._registry.modules, torch_name, module)
        self._unlock_tracker()
        super().__setattr__(name, module)

    def _set_variable(self, name: str, variable: Any) -> None:
        torch_name = torch_name_of(name)
        registry = self._registry
        current = registry.get(torch_name)
        if current is variable or variable is getattr(current, "variable", None):
            return
        if isinstance(current, StoredTensor) and not isinstance(current.variable, ImageParameter):
            self._replace_stored(torch_name, current, variable)
            return
        is_buffer = torch_name in registry.buffers and not variable.trainable
        self._release(name)
        self._unlock_tracker()
        # Before it is registered: TensorFlow skips what an attribute already gives back.
        if isinstance(variable, keras.Variable):
            super().__setattr__(name, variable)
        elif not any(variable.variable is own for own in self.weights):
            self._track_variable(variable.variable)
        held = variable.face if isinstance(variable, ImageParameter) else variable
        registry.put(registry.buffers if is_buffer else registry.parameters, torch_name, held)

    def _replace_stored(self, torch_name: str, face: StoredTensor, value: Any) -> None:
        """Put a new variable, in Keras' layout, behind a face such as `Linear.weight`."""
        variable = value.variable if isinstance(value, StoredTensor) else None
        if variable is None:
            variable = Parameter(tf.transpose(value, face.to_stored), requires_grad=value.trainable)
        attribute = next(key for key in self.keras_state if self.__dict__.get(key) is face.variable)
        self._registry.parameters[torch_name] = None
        self._untrack(face.variable)
        self._unlock_tracker()
        super().__setattr__(attribute, variable)
        self._registry.parameters[torch_name] = StoredTensor(variable, face.to_torch)

    def _set_over_registered(self, name: str, value: Any) -> None:
        torch_name = torch_name_of(name)
        registry = self._registry
        if torch_name in registry.buffers:
            self._set_buffer(torch_name, value)
            return
        table = registry.modules if torch_name in registry.modules else registry.parameters
        self._release(name)
        if value is None:
            table[torch_name] = None
        else:
            registry.remove(torch_name)
        super().__setattr__(name, value)

    def _set_buffer(self, torch_name: str, value: Any) -> None:
        current = self._registry.buffers[torch_name]
        if isinstance(current, keras.Variable) and value is not None:
            value = tf.convert_to_tensor(value)
            if value.shape == current.shape:
                current.assign(value)
                return
        self.register_buffer(torch_name, value, persistent=torch_name not in self._registry.non_persistent)

    def _release(self, name: str) -> None:
        """Let go of what `name` holds: Keras' tracking, TensorFlow's, and the attribute."""
        held = self._registry.get(torch_name_of(name))
        if held is None:
            self.__dict__.pop(name, None)
            return
        if name in self.__dict__:
            # Past Layer.__delattr__, which collects garbage for every variable.
            super(keras.layers.Layer, self).__delattr__(name)
        torch_name = torch_name_of(name)
        for table in (self._registry.parameters, self._registry.buffers, self._registry.modules):
            if torch_name in table:
                table[torch_name] = None
        self._untrack(getattr(held, "variable", held))

    def _untrack(self, held: Any) -> None:
        tracker = self.__dict__.get("_tracker")
        if tracker is None or self._registry.holds(held):
            return
        tracker.unlock()
        tracker.untrack(held)

    def _unlock_tracker(self) -> None:
        # Keras locks a layer once built; torch's modules may change at any time.
        tracker = self.__dict__.get("_tracker")
        if tracker is not None:
            tracker.unlock()

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Register a tensor that is not trained.

        A persistent buffer is a non-trainable weight and part of `state_dict()`. A non-persistent one
        is a constant; a floating one is read in the compute dtype inside a mixed-precision layer, unless
        the class has it in `keeps_dtype`.

        Args:
            name: torch's name of the buffer, and the attribute to read it by.
            tensor: tensor, array, variable, or None for an empty place.
        """
        registry = self._registry
        attribute = attribute_of(name)
        self._release(attribute)
        registry.put(registry.buffers, name, None)
        registry.non_persistent.discard(name)
        if not persistent:
            registry.non_persistent.add(name)
        if tensor is None:
            return
        tensor = tf.convert_to_tensor(tensor)
        if tensor.dtype.is_floating:
            tensor = tf.cast(tensor, self.variable_dtype)
        if persistent:
            # On many devices all go on with one value; there is no mean of counts and flags.
            aggregation = "mean" if tensor.dtype.is_floating else "only_first_replica"
            tensor = keras.Variable(
                tensor, dtype=tensor.dtype.name, trainable=False, name=attribute, aggregation=aggregation
            )
            self._unlock_tracker()
            super().__setattr__(attribute, tensor)
        registry.buffers[name] = tensor

    def register_parameter(self, name: str, param: Any) -> None:
        """Register a parameter, or None for an empty place, under torch's name."""
        if param is not None:
            setattr(self, attribute_of(name), param)
            return
        self._release(attribute_of(name))
        self._registry.put(self._registry.parameters, name, None)

    def add_module(self, name: str, module: keras.layers.Layer | None) -> None:
        """Register a child, or None for an empty place, under torch's name."""
        if module is not None:
            setattr(self, attribute_of(name), module)
            return
        self._release(attribute_of(name))
        self._registry.put(self._registry.modules, name, None)
        super().__setattr__(attribute_of(name), None)

    def register_module(self, name: str, module: keras.layers.Layer | None) -> None:
        """Same as `add_module`."""
        self.add_module(name, module)

    # ---- walks -------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, keras.layers.Layer]]:
        """Direct children with their names, each once."""
        seen: set[int] = set()
        for name, module in self._registry.modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[keras.layers.Layer]:
        """Direct children, each once."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, keras.layers.Layer]]:
        """This module and all below it with their dotted names, parents first."""
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        if remove_duplicate:
            memo.add(id(self))
        yield prefix, self
        for name, module in self._registry.modules.items():
            path = f"{prefix}.{name}" if prefix else name
            if isinstance(module, Module):
                yield from module.named_modules(memo, path, remove_duplicate)
            elif module is not None and id(module) not in memo:
                if remove_duplicate:
                    memo.add(id(module))
                yield path, module

    def modules(self) -> Iterator[keras.layers.Layer]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Parameters in torch's layout (variables and `StoredTensor`s) with their dotted names."""
        return self._named_members(_parameters_of, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Parameters in torch's layout, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """Buffers, persistent or not, with their dotted names."""
        return self._named_members(_buffers_of, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """Buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named_members(
        self, members_of: Callable[[Any], Mapping[str, Any]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        owners: Any = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        seen: set[int] = set()
        for path, module in owners if recurse else [(prefix, self)]:
            for name, member in members_of(module).items():
                identity = id(getattr(member, "variable", member))
                if member is None or (remove_duplicate and identity in seen):
                    continue
                seen.add(identity)
                yield (f"{path}.{name}" if path else name), member

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted name; the empty name is this module.

        Raises:
            AttributeError: no module has that name.
        """
        module: Any = self
        for name in target.split(".") if target else ():
            child = module._registry.modules.get(name) if isinstance(module, Module) else None
            if child is None:
                raise AttributeError(f"{type(module).__name__} has no module '{name}' (looking for '{target}')")
            module = child
        return module

    def get_parameter(self, target: str) -> Any:
        """The parameter at a dotted name, in torch's layout.

        Raises:
            AttributeError: no parameter has that name.
        """
        path, _, name = target.rpartition(".")
        parameter = _parameters_of(self.get_submodule(path)).get(name)
        if parameter is None:
            raise AttributeError(f"{type(self).__name__} has no parameter '{target}'")
        return parameter

    def get_buffer(self, target: str) -> Any:
        """The buffer at a dotted name.

        Raises:
            AttributeError: no buffer has that name.
        """
        path, _, name = target.rpartition(".")
        buffer = _buffers_of(self.get_submodule(path)).get(name)
        if buffer is None:
            raise AttributeError(f"{type(self).__name__} has no buffer '{target}'")
        return buffer

    def apply(self, fn: Callable[[Any], Any]) -> Module:
        """Call `fn` on every module, children first."""
        for module in self.children():
            if isinstance(module, Module):
                module.apply(fn)
            else:
                fn(module)
        fn(self)
        return self

    def type(self, dst_type: Any) -> Any:
        """torch's cast of all parameters. Raises NotImplementedError: a layer of Keras has its dtype from the start."""
        raise NotImplementedError(f"make the model with dtype={dst_type!r} instead")

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Set whether the parameters of this module and those below it are trained."""
        for parameter in self.parameters():
            parameter.trainable = requires_grad
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if getattr(self, "compiled", False):
            # Keras copies an optimizer and its state through a file.
            restore, arguments = self.__reduce__()  # type: ignore[str-unpack]
            return restore(*arguments)  # type: ignore[operator]
        return copied_layer(self, memo)

    # ---- state -------------------------------------------------------------------------------

    def state_dict(self, prefix: str = "") -> dict[str, Any]:
        """Parameters and persistent buffers: torch's names to NumPy arrays in torch's layout."""
        return state_dict(self, prefix)

    def load_state_dict(self, state_dict: Any, strict: bool = True) -> IncompatibleKeys:
        """Load parameters and persistent buffers in torch's layout.

        Args:
            state_dict: mapping of torch's names to arrays or tensors of any framework, or a lazy
                handle of a safetensors file.
            strict: whether every name must be found on both sides.

        Raises:
            RuntimeError: names missing, unexpected and wrongly shaped keys. Nothing is changed then.
        """
        return load_state_dict(self, state_dict, strict)

    def save_own_variables(self, store: Any) -> None:
        # The stock layers save their own two variables only, and forget those of subclasses.
        if _changed_by_keras(self):
            super().save_own_variables(store)
        else:
            keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        if _changed_by_keras(self):
            super().load_own_variables(store)
            return
        refused = self.__dict__.pop("__refused", None)
        if refused is not None and not len(store.keys()):
            raise refused  # Keras looks in a second place, and would say that nothing is there
        try:
            _check_shapes(self, store)
            keras.layers.Layer.load_own_variables(self, store)
        except ValueError as error:
            self.__dict__["__refused"] = error
            raise

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes this layer from again: the arguments of the constructor, and what is frozen.

        Raises:
            NotImplementedError: a file cannot hold one of the arguments.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": serialized_policy(self)}
        if not type(self).get_config.__module__.startswith(__package__):
            return config  # a subclass has its own way
        config["package"] = PACKAGE
        try:
            config["arguments"] = self._described_arguments()
        except Unwritable as error:
            raise NotImplementedError(f"{type(self).__name__} {error}; implement get_config()") from error
        frozen = described_frozen(self)
        return {**config, "frozen": frozen} if frozen else config

    def _described_arguments(self) -> dict[str, Any]:
        return described_arguments(type(self), *self.__dict__["__given"])

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a layer from what `get_config` gives."""
        writer: Any = class_that_wrote(config, cls)
        config = {name: value for name, value in config.items() if name != "package"}
        return cls._from_own_config(config) if writer is cls else writer.from_config(config)

    @classmethod
    def _from_own_config(cls, config: dict[str, Any]) -> Any:
        if "arguments" not in config:
            return super().from_config(config)
        policy = keras.dtype_policies.deserialize(config["dtype"]) if config.get("dtype") else None
        own = {"name": config.get("name"), "trainable": config.get("trainable", True), "dtype": policy}
        layer = call_described(cls, config["arguments"], **own)
        if config.get("frozen"):
            freeze_as_described(layer, config["frozen"])
        return layer


def _taken_from(kwargs: dict[str, Any], cls: Any) -> dict[str, Any]:
    """Keras' own among the arguments of a constructor, checked; those that it does not name are removed."""
    given = _OF_KERAS & kwargs.keys()
    if not given:
        return {}  # most layers are made so, and a signature takes longer than all else here
    own = {argument: kwargs[argument] for argument in given if kwargs[argument] is not None}
    if "dtype" in own:
        dtype = own["dtype"]
        kwargs["dtype"] = own["dtype"] = keras.dtype_policies.get(dtype.name if isinstance(dtype, tf.DType) else dtype)
    if "name" in own and (not isinstance(own["name"], str) or "/" in own["name"]):
        raise ValueError(f"Expected a name without '/'. Received: {own['name']!r}")
    named = inspect.signature(cls.__init__).parameters
    for argument in given - named.keys():
        del kwargs[argument]
    return own


def _unexpected_keyword(cls: type, error: ValueError) -> str | None:
    """The first argument that Keras' error complains of; torch's modules give Python's own error for it."""
    _, _, arguments = str(error).partition(f"Unrecognized keyword arguments passed to {cls.__name__}: {{")
    return arguments.partition(":")[0] or None


def _changed_by_keras(layer: Any) -> bool:
    return bool(getattr(layer, "lora_enabled", False) or layer.quantization_mode)


def _check_shapes(layer: Any, store: Any) -> None:
    """Keras' own error shows all values of the variable."""
    for place, variable in enumerate(layer._trainable_variables + layer._non_trainable_variables):
        if str(place) in store and store[str(place)].shape != tuple(variable.shape):
            raise ValueError(f"{variable.path}: the file has {store[str(place)].shape}, the model {variable.shape}")


def _in_compute_dtype(buffer: Any) -> Any:
    if isinstance(buffer, np.ndarray):
        buffer = tf.constant(buffer)  # held like this while an export is traced
    if isinstance(buffer, keras.Variable) or buffer is None or not buffer.dtype.is_floating:
        return buffer
    dtype = autocast_dtype()
    return buffer if dtype is None else tf.cast(buffer, dtype)


def _parameters_of(layer: Any) -> Mapping[str, Any]:
    if isinstance(layer, Module):
        return layer._registry.parameters
    return {variable.name: variable for variable in layer.trainable_variables}


def _buffers_of(layer: Any) -> Mapping[str, Any]:
    if isinstance(layer, Module):
        return layer._registry.buffers
    return {variable.name: variable for variable in layer.non_trainable_variables}
