"""The code that the phrasebook's templates write: it runs, it is readable, and no value becomes code."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation.literals import literal
from osprey.services.python_executor.generation.phrasebook import PhrasebookGenerator
from osprey.services.python_executor.models import PythonExecutionRequest

START_NS, END_NS = 1_795_172_400 * 10**9, 1_795_176_000 * 10**9
GENERATOR = PhrasebookGenerator()
Profiles = list[dict[str, Any]]


def _profiles(names: Iterable[str], *, label: str = "orbit", unit: str = "mm", positions: bool = True) -> Profiles:
    places = {name: float(i) if positions else name for i, name in enumerate(names)}
    return [{"label": label, "unit": unit, "has_positions": positions, "channels": places}]


def _cases(first: str, second: str, text: str) -> dict[str, list[dict[str, Any]]]:
    """Parameters for every template, with names and texts that a test chooses."""
    profiles = _profiles([first, second], label=text, unit=text)
    mixed = [*profiles, *_profiles([second], label=text + "2", unit="", positions=False)]
    archived = {"title": text, "channels": {first: text, second: second}}
    bounds = {"start_ns": START_NS, "end_ns": END_NS, "time_zone": "Europe/Berlin"}
    kinds = ["mean", "std", "rms", "min", "max", "trend"]
    change = {"title": text, "unit": text, "profiles": profiles, "settle_s": 0.0}
    return {
        "plot_profile": [{"title": text, "profiles": profiles}],
        "profile_statistics": [
            {"title": text, "profiles": profiles, "kinds": kinds[:-1], "is_plotted": plotted}
            for plotted in (True, False)
        ],
        "read_compare": [
            {
                "title": text,
                "sides": [
                    {"label": "a" + text, "unit": text, "channels": names[:size]}
                    for names in ([first, second], [second, first])
                ],
            }
            for size in (1, 2)
        ],
        "archive_statistics": [
            {**archived, **bounds, "kinds": kinds, "is_plotted": plotted} for plotted in (True, False)
        ],
        "value_then": [{**archived, "moment_ns": START_NS}],
        "compare_now_then": [
            {"title": text, "then": text, "moment_ns": START_NS, "profiles": each} for each in (profiles, mixed)
        ],
        "step_and_show": [
            {**change, "steps": {first: 0.1}},
            {**change, "values": {first: 0.5, second: -0.5}},
            {**change, "steps": {first: 0.1}, "profiles": _profiles([first], label=text, positions=False)},
            {**change, "steps": {first: 0.1}, "profiles": mixed},
        ],
        "scan_plot": [
            {
                "title": text,
                "scan": "scan",
                "steps": 2,
                "setpoint": text,
                "unit": text,
                "profiles": profiles,
            }
        ],
    }


TEMPLATES = tuple(_cases("A", "B", "x"))


def generate(template: object, params: object) -> str:
    request = PythonExecutionRequest(
        user_query="",
        task_objective="",
        capability_context_data={"phrasebook": {"template": template, "params": params}},
    )
    return anyio.run(GENERATOR.generate_code, request, [])


class _Machine:
    """Stands in for the guest's runtime: channels hold numbers, writes change them."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = dict(values)
        self.writes: list[dict[str, float]] = []

    def module(self) -> ModuleType:
        module = ModuleType("osprey.runtime")
        module.read_channels = self.read  # type: ignore[attr-defined]
        module.channel_records = self.records  # type: ignore[attr-defined]
        module.write_channels = self.write  # type: ignore[attr-defined]
        module.archive = self.archive  # type: ignore[attr-defined]
        module.inputs = {  # type: ignore[attr-defined]
            "scan": {
                "writes": [{"channel": "S", "value": value} for value in (0.0, 1.0, 0.3)],
                "observations": [{"A": 1.0, "B": None}, {"A": 3.0, "B": 5.0}, {"A": 0.0, "B": 0.0}],
            }
        }
        return module

    def read(self, names: Iterable[str], *, missing: float | None = None) -> dict[str, float]:
        return {name: self.values[name] if missing is None else self.values.get(name, missing) for name in names}

    def records(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {name: {"device": name, "position_m": float(place)} for place, name in enumerate(names)}

    def write(self, values: Mapping[str, float], units: Mapping[str, str] | None = None) -> None:
        self.writes.append(dict(values))
        self.values.update(values)

    def archive(
        self, names: Iterable[str], *, start_ns: int, end_ns: int, max_points: int = 2000, skip_missing: bool = False
    ) -> dict[str, dict[str, Any]]:
        times = [start_ns / 1e9 + 10.0 * i for i in range(4)]
        return {
            name: {"t": times, "v": [1.0, 2.0, math.nan, 3.0], "unit": "mA", "reduced": False} for name in names if name
        }


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, _Machine], dict[str, Any]]:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    def run_code(code: str, machine: _Machine) -> dict[str, Any]:
        monkeypatch.setitem(sys.modules, "osprey.runtime", machine.module())
        scope: dict[str, Any] = {}
        exec(compile(code, "generated", "exec"), scope)  # noqa: S102 - the point of this test
        plt.close("all")
        return scope["results"]

    return run_code


@pytest.mark.parametrize(
    ("template", "params"), [(name, params) for name, cases in _cases("A", "B", "x").items() for params in cases]
)
def test_every_template_runs_and_leaves_figures_with_units(
    run: Callable[[str, _Machine], dict[str, Any]], template: str, params: dict[str, Any]
) -> None:
    results = run(generate(template, params), _Machine({"A": 1.0, "B": 3.0}))
    assert results
    assert all("unit" in row for row in results.values())


def test_the_figures_of_a_profile_are_right(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    code = generate("plot_profile", {"title": "orbit", "profiles": _profiles(["A", "B"])})
    row = run(code, _Machine({"A": 1.0, "B": -3.0}))["orbit"]
    assert row == {"unit": "mm", "n": 2, "mean": -1.0, "rms": math.sqrt(5.0), "min": -3.0, "max": 1.0}


def test_the_figures_of_an_archive_leave_out_what_is_no_number(
    run: Callable[[str, _Machine], dict[str, Any]],
) -> None:
    (params, _) = _cases("A", "B", "beam current")["archive_statistics"]
    row = run(generate("archive_statistics", params), _Machine({}))["beam current"]
    assert (row["n"], row["mean"], row["min"], row["max"], row["unit"]) == (3, 2.0, 1.0, 3.0, "mA")
    assert row["std"] == pytest.approx(math.sqrt(2 / 3))
    assert row["trend per hour"] == pytest.approx(3600 * 9 / 140)


def _run_on_past(run: Callable[[str, _Machine], dict[str, Any]], template: str, past: dict[str, Any]) -> dict[str, Any]:
    machine = _Machine({"A": 1.0, "B": 2.0})
    machine.archive = lambda names, **_: {name: {"unit": "mA", "reduced": False, **past} for name in names}  # type: ignore[method-assign]
    return run(generate(template, _cases("A", "B", "x")[template][0]), machine)["x"]


def test_the_figures_of_an_archive_say_what_they_leave_out(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    past = {"t": [START_NS / 1e9, START_NS / 1e9 + 1], "v": [1.0, math.nan], "invalid": 1}
    row = _run_on_past(run, "archive_statistics", past)
    assert (row["n"], row["max"], row["left out"]) == (1, 1.0, "1 samples that are marked invalid")
    empty = _run_on_past(run, "archive_statistics", {"t": [], "v": [], "coverage": "no samples in this span"})
    assert empty["note"] == "no samples in this span"


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ({"t": [START_NS / 1e9 - 2], "v": [5.0], "before": [0.0, 4.0]}, {"value": 5.0, "sampled": "2.0 s before"}),
        ({"t": [], "v": [], "before": [START_NS / 1e9 - 60, 4.0]}, {"value": 4.0, "sampled": "60.0 s before"}),
        (
            {"t": [START_NS / 1e9 - 2], "v": [math.nan], "before": None},
            {"note": "the archive marks the sample of that time as invalid", "sampled": "2.0 s before"},
        ),
        ({"t": [], "v": []}, {"note": "the archive has no sample in the hour before"}),
    ],
)
def test_the_value_of_a_moment_is_the_last_before_it(
    run: Callable[[str, _Machine], dict[str, Any]], past: dict[str, Any], expected: dict[str, Any]
) -> None:
    row = _run_on_past(run, "value_then", past)
    assert {key: row[key] for key in row if key not in ("unit", "channel")} == expected


def test_a_step_is_one_group_computed_from_what_was_read(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    machine = _Machine({"S1": 0.25, "S2": -0.5, "A": 1.0, "B": 2.0})
    params = {
        "title": "t",
        "unit": "A",
        "steps": {"S1": 0.5, "S2": 0.5},
        "profiles": _profiles(["A", "B"]),
        "settle_s": 0.0,
    }
    results = run(generate("step_and_show", params), machine)
    assert machine.writes == [{"S1": 0.75, "S2": 0.0}]
    assert results["orbit"]["largest change"] == 0.0


def test_a_scan_is_plotted_without_the_write_that_restores(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    (params,) = _cases("A", "B", "orbit")["scan_plot"]
    results = run(generate("scan_plot", params), _Machine({}))
    assert results["points"] == {"unit": "orbit", "n": 2, "from": 0.0, "to": 1.0}
    row = results["orbit"]
    assert row["unit"] == "orbit/orbit"
    assert row["responses"] == pytest.approx([2.0])
    assert (row["n"], row["channel of the largest response"], row["missing"]) == (1, "A", "B")


@pytest.mark.parametrize("values", [{"A": 1.0, "C": 3.0}, {"A": 1.0}])
@pytest.mark.parametrize("template", ["plot_profile", "profile_statistics", "compare_now_then", "step_and_show"])
def test_a_channel_without_a_value_is_named_and_left_out(
    run: Callable[[str, _Machine], dict[str, Any]], template: str, values: dict[str, float]
) -> None:
    names = ["A", "B", "C"]
    params = _cases("A", "B", "orbit")[template][0] | {"profiles": _profiles(names), "kinds": ["rms", "max"]}
    row = run(generate(template, params), _Machine(values))["orbit"]
    lost = [name for name in names if name not in values]
    assert (row["n"], row["missing"]) == (3 - len(lost), ", ".join(lost))
    assert all(math.isfinite(value) for value in row.values() if isinstance(value, float))


@pytest.mark.parametrize("template", ["plot_profile", "profile_statistics", "compare_now_then", "step_and_show"])
def test_a_row_without_any_value_has_no_figures(run: Callable[[str, _Machine], dict[str, Any]], template: str) -> None:
    params = _cases("S", "B", "orbit")[template][0] | {"profiles": _profiles(["A", "B"]), "kinds": ["rms", "max"]}
    row = run(generate(template, params), _Machine({"S": 1.0}))["orbit"]
    assert row == {"unit": "mm", "n": 0, "missing": "A, B"}


def test_a_setpoint_that_cannot_be_read_is_not_changed(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    machine = _Machine({"A": 1.0, "B": 3.0})
    (params, *_) = _cases("S", "B", "t")["step_and_show"]
    with pytest.raises(KeyError, match="S"):
        run(generate("step_and_show", params), machine)
    assert machine.writes == []


def test_a_step_is_added_as_on_paper(run: Callable[[str, _Machine], dict[str, Any]]) -> None:
    machine = _Machine({"S": -0.043, "T": 1e-12, "A": 1.0})
    params = _cases("S", "B", "t")["step_and_show"][0] | {"steps": {"S": 0.1, "T": 1e-13}, "profiles": _profiles(["A"])}
    run(generate("step_and_show", params), machine)
    assert machine.writes == [{"S": 0.057, "T": 1.1e-12}]


def test_a_change_of_the_whole_ring_is_read_on_one_screen() -> None:
    orbit = [
        _profiles([f"SR:S{1 + i // 4:02}:BPM{i + 1:02}:{plane}:RB" for i in range(48)], label=f"orbit, {plane.lower()}")
        for plane in "XY"
    ]
    steps = {f"SR:S02:HCM0{i}:CURRENT:SP": 0.1 for i in (3, 4)}
    title = "Change every horizontal corrector of sector 2 by 0.1 A"
    params = {"title": title, "unit": "A", "steps": steps, "profiles": [*orbit[0], *orbit[1]], "settle_s": 2.0}
    lines = generate("step_and_show", params).splitlines()
    assert len(lines) <= 70
    assert max(map(len, lines)) <= 110
    (written,) = (number for number, line in enumerate(lines, start=1) if "write_channels(" in line)
    assert written <= 20


@pytest.mark.parametrize("template", TEMPLATES)
def test_code_has_no_line_that_is_too_long_to_read(template: str) -> None:
    for params in _cases("SR:S02:HCM03:CURRENT:SP", "SR:S02:HCM04:CURRENT:SP", "horizontal orbit")[template]:
        code = generate(template, params)
        assert max(map(len, code.splitlines())) <= 110
        assert len(code.splitlines()) <= 65
        assert "\n\n\n\n" not in code


def _shape(code: str) -> str:
    """The code without its constants: what it does, whatever the values are."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = 0 if not isinstance(node.value, str) else ""
    return ast.dump(tree)


@pytest.mark.parametrize("template", TEMPLATES)
@settings(max_examples=40)
@given(texts=st.lists(st.text(max_size=40), min_size=3, max_size=3, unique=True))
def test_no_name_and_no_text_becomes_code(template: str, texts: list[str]) -> None:
    first, second, text = ("n" + each for each in texts)
    plain = [_shape(generate(template, params)) for params in _cases("nA", "nB", "nx")[template]]
    strange = [_shape(generate(template, params)) for params in _cases(first, second, text)[template]]
    assert strange == plain


@pytest.mark.parametrize(
    "text",
    [
        '"); import os; os.system("true"); ("',
        "'''",
        '"""\nimport os\n"""',
        "\\",
        "{{ 7 * 7 }}",
        "{% include 'x' %}",
        "\nimport os\n",
        "\r\nimport os",
        "#\u2028import os",
        "a\u202eb",
        "\x00",
        "\ud800",
    ],
)
@pytest.mark.parametrize("template", TEMPLATES)
def test_hostile_text_stays_text(template: str, text: str) -> None:
    plain = [_shape(generate(template, params)) for params in _cases("A", "B", "x")[template]]
    strange = [generate(template, params) for params in _cases(text + "1", text + "2", text)[template]]
    assert [_shape(code) for code in strange] == plain
    assert all(code.isascii() for code in strange)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_a_literal_is_the_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_a_call_of_float(value: float) -> None:
    assert repr(eval(literal(value), {"__builtins__": {"float": float}})) == repr(value)  # noqa: S307


class _Sly(str):
    """A text that would write code into the template."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "__import__('os')"


@pytest.mark.parametrize("value", [_Sly("x"), object(), {1, 2}, b"x", [_Sly("x")], {"a": print}])
def test_only_values_of_json_have_a_literal(value: object) -> None:
    with pytest.raises(TypeError, match="is not a value of JSON"):
        literal(value)


@pytest.mark.parametrize(
    ("template", "params", "message"),
    [
        ("nonsense", {}, "has no template 'nonsense'; it has: archive_statistics"),
        ("../phrasebook", {}, "has no template"),
        ("plot_profile", None, "needs 'params'"),
        ("plot_profile", {"title": "x"}, "'profiles' is undefined"),
        ("plot_profile", {"title": _Sly("x"), "profiles": object()}, "is not a value of JSON"),
    ],
)
def test_what_cannot_be_written_says_why(template: str, params: object, message: str) -> None:
    with pytest.raises(CodeGenerationError, match="template") as caught:
        generate(template, params)
    assert message in str(caught.value)


def test_a_request_that_is_no_phrase_is_refused_with_the_remedy() -> None:
    request = PythonExecutionRequest(user_query="do something clever", task_objective="")
    with pytest.raises(CodeGenerationError, match=r"execution\.code_generator"):
        anyio.run(GENERATOR.generate_code, request, ["first try"])
