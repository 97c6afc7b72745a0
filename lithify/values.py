"""Owns the making of value classes: the standard library's dataclasses, without the time it takes to make them.

`dataclass` compiles six functions for every class when it is defined, a millisecond for each; a command that reads one
file defines a hundred classes and uses twenty. Here the initialiser is compiled when the first instance is made, and
the other methods are shared. Type checkers see the standard `dataclass`, and `dataclasses.fields`, `replace` and
`asdict` work. It refuses what no value here needs: `__post_init__`, class variables, ordering, and classes without
slots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ("dataclass", "field", "replace")

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    from operator import attrgetter

    _MISSING = object()

    class _Spec:
        """A field: its type as written, its default or what makes one, and where it counts."""

        __slots__ = ("compare", "default", "factory", "kw_only", "repr", "type")

        def __init__(self, default, factory, repr, compare):
            self.type = None
            self.default = default
            self.factory = factory
            self.repr = repr
            self.compare = compare
            self.kw_only = False

    def field(*, default=_MISSING, default_factory=_MISSING, repr=True, compare=True):
        """`dataclasses.field`."""
        return _Spec(default, default_factory, repr, compare)

    def dataclass(*, frozen=False, slots, kw_only=False):
        """`dataclasses.dataclass`, with slots."""
        assert slots, "values have slots"
        return lambda cls: _made(cls, frozen, kw_only)

    def replace(value, /, **changes):
        """`dataclasses.replace`."""
        specs = getattr(value, "__value_fields__", None)
        if specs is None:
            import dataclasses

            return dataclasses.replace(value, **changes)
        for name in specs:
            if name not in changes:
                changes[name] = getattr(value, name)
        return type(value)(**changes)

    def _made(cls, frozen, kw_only):
        own = _own_specs(cls, kw_only)
        specs = {}
        for base in reversed(cls.__mro__[1:]):
            specs.update(base.__dict__.get("__value_fields__", ()))
        specs.update(own)
        return _with_slots(cls, tuple(own), _members(cls.__dict__, specs, frozen))

    def _own_specs(cls, kw_only):
        assert not hasattr(cls, "__post_init__"), "values are made as they are given"
        specs = {}
        for name, written in cls.__annotations__.items():
            assert not str(written).startswith("ClassVar"), "values have no class variables"
            spec = cls.__dict__.get(name, _MISSING)
            if type(spec) is not _Spec:
                spec = _Spec(spec, _MISSING, True, True)
            spec.type, spec.kw_only = written, kw_only
            specs[name] = spec
        return specs

    def _with_slots(cls, own, members):
        """The class anew, for slots are made with a class or never."""
        namespace = {
            name: value
            for name, value in cls.__dict__.items()
            if name not in own and name not in ("__dict__", "__weakref__")
        }
        made = type(cls)(cls.__name__, cls.__bases__, {**namespace, **members, "__slots__": own})
        made.__qualname__ = cls.__qualname__
        made.__init__ = _first_initialiser(made)
        return made

    def _members(written, specs, frozen):
        """Everything but the initialiser; what the class says itself counts."""
        compared = tuple(name for name, spec in specs.items() if spec.compare)
        key = attrgetter(*compared) if compared else _nothing
        members = {
            "__value_fields__": specs,
            "__dataclass_fields__": _StandardFields(),
            "__match_args__": tuple(name for name, spec in specs.items() if not spec.kw_only),
            "__eq__": _equality(key),
            "__repr__": _shown,
            "__replace__": replace,
            "__getstate__": _state,
            "__setstate__": _set_state,
            "__hash__": None,
        }
        if frozen:
            members |= {
                "__hash__": lambda self: hash(key(self)),
                "__setattr__": _refuse_assignment,
                "__delattr__": _refuse_deletion,
            }
        return {
            name: member
            for name, member in members.items()
            if written.get(name) is None  # a class with __eq__ alone has a __hash__ that is None
        }

    def _first_initialiser(cls):
        """What makes the first instance: it puts the true initialiser into its own place."""

        def __init__(self, /, *args, **kwargs):
            cls.__init__ = _initialiser(cls)
            cls.__init__(self, *args, **kwargs)

        return __init__

    def _initialiser(cls):
        names = {"_MISSING": _MISSING}
        parameters, keywords, body = ["self"], [], []
        for name, spec in cls.__value_fields__.items():
            names[f"_set_{name}"] = getattr(cls, name).__set__
            parameter, value = name, name
            if spec.factory is not _MISSING:
                names[f"_make_{name}"] = spec.factory
                parameter = f"{name}=_MISSING"
                value = f"_make_{name}() if {name} is _MISSING else {name}"
            elif spec.default is not _MISSING:
                names[f"_default_{name}"] = spec.default
                parameter = f"{name}=_default_{name}"
            (keywords if spec.kw_only else parameters).append(parameter)
            body.append(f"_set_{name}(self, {value})")
        listed = ", ".join([*parameters, *(["*"] if keywords else []), *keywords])
        # Names of fields are names in a class body: nothing from outside gets in here.
        exec(f"def __init__({listed}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102
        made = names["__init__"]
        made.__qualname__ = f"{cls.__qualname__}.__init__"
        return made

    def _nothing(_):
        return ()

    def _equality(key):
        def __eq__(self, other):
            if other.__class__ is not self.__class__:
                return NotImplemented
            return self is other or key(self) == key(other)

        return __eq__

    def _shown(self):
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, spec in self.__value_fields__.items()
            if spec.repr
        )
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def _state(self):
        return [getattr(self, name) for name in self.__value_fields__]

    def _set_state(self, state):
        for name, value in zip(self.__value_fields__, state, strict=True):
            object.__setattr__(self, name, value)

    def _refuse_assignment(self, name, value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_deletion(self, name):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    class _StandardFields:
        """`__dataclass_fields__`, made by the standard library for those who ask."""

        __slots__ = ()

        def __get__(self, instance, owner):
            import dataclasses

            missing = dataclasses.MISSING
            described = [
                (
                    name,
                    spec.type,
                    dataclasses.field(
                        default=missing if spec.default is _MISSING else spec.default,
                        default_factory=missing if spec.factory is _MISSING else spec.factory,
                        repr=spec.repr,
                        compare=spec.compare,
                        kw_only=spec.kw_only,
                    ),
                )
                for name, spec in owner.__value_fields__.items()
            ]
            twin = dataclasses.make_dataclass(owner.__name__, described)
            owner.__dataclass_fields__ = twin.__dataclass_fields__
            return twin.__dataclass_fields__
