"""Values are what the standard library's dataclasses are."""

import copy
import dataclasses
import pickle

import pytest

from lithify import values


@values.dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    note: str = values.field(default="", repr=False, compare=False)


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    name: str
    points: tuple[Point, ...] = ()


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Circle(Shape):
    radius: int


@values.dataclass(slots=True)
class Basket:
    items: list[int] = values.field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class StandardPoint:
    x: int
    y: int = 0
    note: str = dataclasses.field(default="", repr=False, compare=False)


def test_values_are_equal_by_their_fields_and_hash_alike():
    assert Point(1) == Point(1, 0, "other") != Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, note="other"))
    assert len({Point(1), Point(1), Point(2)}) == 2


def test_values_of_other_classes_are_never_equal():
    assert Shape(name="a") != Circle(name="a", radius=1)
    assert Point(1) != StandardPoint(1)


def test_a_frozen_value_cannot_be_changed():
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.unknown = 2
    assert point == Point(1)


def test_a_value_has_no_other_attributes_than_its_fields():
    with pytest.raises(AttributeError):
        Basket().unknown = 2
    assert not hasattr(Point(1), "__dict__")


def test_each_value_gets_its_own_list():
    first, second = Basket(), Basket()
    first.items.append(1)
    assert (first.items, second.items) == ([1], [])
    with pytest.raises(TypeError):
        hash(first)


def test_subclasses_take_the_fields_of_their_base_by_name():
    circle = Circle(radius=2, name="c")
    assert (circle.name, circle.points, circle.radius) == ("c", (), 2)
    with pytest.raises(TypeError, match="positional"):
        Circle("c", (), 2)
    with pytest.raises(TypeError, match="radius"):
        Circle(name="c")


def test_the_first_instance_is_checked_as_all_others():
    @values.dataclass(frozen=True, slots=True)
    class Fresh:
        x: int

    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Fresh()
    assert Fresh(1).x == 1


def test_the_standard_library_takes_them_for_its_own():
    assert dataclasses.is_dataclass(Point)
    mine, theirs = dataclasses.fields(Point), dataclasses.fields(StandardPoint)
    facts = ("name", "default", "default_factory", "repr", "compare", "init", "kw_only")
    assert [[getattr(one, fact) for fact in facts] for one in mine] == [
        [getattr(one, fact) for fact in facts] for one in theirs
    ]
    assert dataclasses.asdict(Shape(name="a", points=(Point(1),))) == {
        "name": "a",
        "points": ({"x": 1, "y": 0, "note": ""},),
    }
    assert dataclasses.replace(Circle(name="a", radius=1), radius=2).radius == 2


def test_replacing_keeps_what_is_not_named():
    assert values.replace(Point(1, 2, "n"), y=3) == Point(1, 3)
    assert values.replace(Point(1, 2, "n"), y=3).note == "n"
    assert values.replace(StandardPoint(1), x=2) == StandardPoint(2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        values.replace(Point(1), z=3)


def test_they_are_shown_as_they_are_written():
    assert repr(Point(1, 2, "n")) == "Point(x=1, y=2)"


def test_they_match_by_position_where_they_are_made_by_position():
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("no match")
    assert Circle.__match_args__ == ()


@pytest.mark.parametrize("value", [Point(1, 2, "n"), Circle(name="a", radius=1), Basket([1])])
def test_copies_and_pickles_are_equal(value):
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value
