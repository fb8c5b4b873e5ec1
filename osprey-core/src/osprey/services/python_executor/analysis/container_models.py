"""Functions of Python that make and go through containers."""

from __future__ import annotations

from typing import Final

from osprey.services.python_executor.analysis.boxes import box_at, content_of, flat, item_of, merge_into, slot_of
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.calls import call_value
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.heat import holders
from osprey.services.python_executor.analysis.items import elements, entered
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Box,
    Klass,
    Value,
    texts_of,
)

_MOST_NUMBERS: Final = 40


def model_range(run: Run, call: Call) -> Value:
    numbers = [exact(value) for value in call.args]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        return NOTHING
    try:
        counted = range(*numbers)  # pyright: ignore[reportArgumentType]
        if len(counted) > _MOST_NUMBERS:
            return NOTHING
    except (ValueError, TypeError, OverflowError):
        return NOTHING
    box = box_at(run, call.node)
    for number in counted:
        box.rest.add(run.const(number), run.growth)
    return (box,)


def model_zip(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    pair = box.pairs = box.pairs or Box()
    for index, value in enumerate(call.args):
        slot_of(pair, index).add(elements(run, value, call.node), run.growth)
    if call.star:
        pair.rest.add(flat(call.star), run.growth)
    box.rest.add((pair,), run.growth)
    return (box,)


def model_enumerate(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    pair = box.pairs = box.pairs or Box()
    slot_of(pair, 1).add(elements(run, call.given(0), call.node), run.growth)
    box.rest.add((pair,), run.growth)
    return (box,)


def model_dict(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    box.is_mapping = True
    for value in (*call.args, call.double_star):
        merge_into(run, box, value)
        for atom in value:
            if isinstance(atom, Box) and not atom.is_mapping:
                for pair in content_of(atom):
                    if isinstance(pair, Box):
                        box.keys.add(item_of(pair, 0), run.growth)
                        box.rest.add(item_of(pair, 1), run.growth)
    for name, value in call.keywords.items():
        box.keys.add(run.const(name), run.growth)
        slot_of(box, name).add(value, run.growth)
    return (box,)


def model_list(run: Run, call: Call) -> Value:
    if not call.args or not call.args[0]:
        return (box_at(run, call.node),)
    found = call.args[0]
    boxes = tuple(atom for atom in found if isinstance(atom, Box) and not atom.is_mapping)
    if boxes and len(boxes) == len(found):
        return boxes
    box = box_at(run, call.node)
    box.rest.add(elements(run, found, call.node), run.growth)
    return (box,)


def model_map(run: Run, call: Call) -> Value:
    """Call the function once with the elements of the others, as `map` does again and again."""
    values = [elements(run, value, call.node) for value in call.args[1:]]
    inner = Call(call.node, values, {})
    if call.star:
        inner.star = joined([elements(run, call.star, call.node)])
    found = call_value(run, call.given(0), inner, "map") if call.given(0) else NOTHING
    box = box_at(run, call.node)
    if found:
        box.rest.add(found, run.growth)
    if not call.given(0) and holders(values):
        run.doubt(call.node, "handed on", "hands a handle to something that is not known")
    return (box,)


def model_starmap(run: Run, call: Call) -> Value:
    inner = Call(call.node, [], {})
    inner.star = elements(run, call.given(1), call.node)
    found = call_value(run, call.given(0), inner, "starmap") if call.given(0) else NOTHING
    box = box_at(run, call.node)
    if found:
        box.rest.add(found, run.growth)
    return (box,)


def model_named_tuple(run: Run, call: Call) -> Value:
    klass = run.sites.get(call.node)
    if not isinstance(klass, Klass):
        klass = run.sites[call.node] = Klass()
        for atom in call.given(1, "field_names"):
            names = texts_of(content_of(atom)) if isinstance(atom, Box) else texts_of((atom,))
            klass.order += [name for text in names for name in text.replace(",", " ").split()]
    return (klass,)


def model_enter_context(run: Run, call: Call) -> Value:
    return entered(run, call.given(0))
