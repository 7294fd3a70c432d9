"""Declarations of methods: checks, help, schemas and the table in the docs follow from one file for each method."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from tauspeech.commands.main import main
from tauspeech.vectors import methods
from tauspeech.vectors.method import Choice, Fraction, Integer, Method, Option
from tests.vectors.lab import EVERY_METHOD
from tools import method_table

TOY = '''
"""Toy: entries rounded to a number of digits, in one of two directions."""

from tauspeech.vectors.method import Choice, Integer, Method


def combine(terms, *, digits, direction, seed):
    import numpy as np

    from tauspeech.vectors.combination import Combination

    class Rounded:
        def __init__(self, source):
            self.source, self.id, self.shapes = source, source.id, source.shapes

        def piece(self, name):
            piece, rounded = self.source.piece(name), {"up": np.ceil, "down": np.floor}[direction]

            class RoundedPiece:
                shape = piece.shape

                def read(self, start, stop):
                    return (rounded(piece.read(start, stop) * 10**digits) / 10**digits).astype(np.float32)

            return RoundedPiece()

    return Combination([term.with_delta(Rounded(term.delta)) for term in terms])


METHOD = Method(
    name="toy",
    title="Toy rounding",
    formula="sum alpha_i round(tau_i)",
    use="For this test.",
    reference="Nobody, 2025",
    combine=combine,
    options=(
        Integer(name="digits", description="number of decimal digits", minimum=0, maximum=6, example=1),
        Choice(
            name="direction",
            description="direction of rounding",
            choices={"up": "to larger numbers", "down": "to smaller numbers"},
            default="up",
        ),
    ),
)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A further method: one file in a folder of methods, and nothing else."""
    folder = tmp_path / "further_methods"
    folder.mkdir()
    (folder / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(folder)])
    yield
    sys.modules.pop("tauspeech.vectors.methods.toy", None)
    vars(methods).pop("toy", None)


def test_a_method_in_one_file_merges(toy, lab):
    values = np.array([0.26, -0.26, 0.5, 0], np.float32)
    lab.model("base", {"x": np.ones(4, np.float32)})
    lab.model("a", {"x": 1 + values})
    out = lab.merge("toy", [{"path": "a", "weight": 2}], {"digits": 1})
    np.testing.assert_allclose(out["x"], [1.6, 0.6, 2.0, 1], atol=1e-6)
    out = lab.merge("toy", [{"path": "a", "weight": 2}], {"digits": 0, "direction": "down"})
    np.testing.assert_allclose(out["x"], [1, -1, 1, 1], atol=1e-6)
    assert out.receipt["recipe"]["options"] == {"digits": 0, "direction": "down"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"key 'options.digits' is missing: toy needs the number of decimal digits \(an integer from 0 to 6\)"),
        ({"digits": 7}, "key 'options.digits' is 7; give the number of decimal digits: an integer from 0 to 6"),
        ({"digits": 1.5}, "key 'options.digits' is 1.5; "),
        ({"digits": True}, "key 'options.digits' is True; "),
        (
            {"digits": 1, "direction": "left"},
            r"key 'options.direction' is 'left'; .*: up \(to larger numbers\) or down",
        ),
        ({"digits": 1, "direction": ["up"]}, "key 'options.direction' is "),
        ({"digits": 1, "keep": 1}, "key 'options.keep' is unknown: the options of toy are digits, direction"),
    ],
)
def test_options_that_are_not_fractions_are_checked(toy, lab, options, message):
    lab.model("base", {"x": np.ones(4, np.float32)})
    with lab.refused(message):
        lab.merge("toy", ["base"], options)


def test_help_and_table_show_a_new_method(toy, capsys):
    with pytest.raises(SystemExit):
        main(["merge", "--help"])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    first = lines.index("toy: Toy rounding, Nobody, 2025. For this test.")
    assert lines[first : first + 5] == [
        "toy: Toy rounding, Nobody, 2025. For this test.",
        "method: toy",
        "options: {digits: 1, direction: up}",
        "digits: number of decimal digits, an integer from 0 to 6",
        "direction: direction of rounding, up (to larger numbers) or down (to smaller numbers); default: up",
    ]
    assert "| `toy`<br>Toy rounding | sum alpha_i round(tau_i) | `digits`: number of" in method_table.table()


def test_schemas_of_options(toy):
    assert methods.option_schema("toy", "digits") == {
        "description": "Number of decimal digits",
        "type": "integer",
        "minimum": 0,
        "maximum": 6,
    }
    assert methods.option_schema("ties", "keep") == {
        "description": "Fraction of entries kept",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1,
    }
    scope = methods.option_schema("ties", "scope")
    assert (scope["enum"], scope["default"]) == (["global", "tensor"], "global")
    schema = methods.find("lors").options_schema()
    assert schema["required"] == ["rank", "keep"] and not schema["additionalProperties"]
    assert schema["properties"]["rank"]["minimum"] == 0


KEEP, RANK = (Fraction(name=name, description="fraction", example=0.5) for name in ("keep", "rank"))
VALUES: list[Any] = [0, 1, 0.5, 1.5, -0.1, 2, 3, -1, True, None, "up", "down", "0.5", [1], {"a": 1}]
KINDS: list[Option] = [
    Fraction(name="x", description="fraction", example=0.5),
    Fraction(name="x", description="fraction", zero=True, example=0),
    Integer(name="x", description="number", minimum=-1, maximum=2, default=2),
    Choice(name="x", description="direction", choices={"up": "", "down": ""}, default="up"),
]


@pytest.mark.parametrize("option", KINDS, ids=lambda option: type(option).__name__)
def test_checks_agree_with_schemas(option):
    schema = option.schema()
    Draft202012Validator.check_schema(schema)
    for value in VALUES:
        assert option.accepts(value) == Draft202012Validator(schema).is_valid(value), value


def test_a_default_outside_of_the_range_is_an_error():
    for arguments in ({"default": 3}, {"example": 3}, {}):
        with pytest.raises(ValueError, match="option x"):
            Integer(name="x", description="number", minimum=0, maximum=2, **arguments)


def test_options_are_the_keyword_arguments_of_combine():
    texts = dict.fromkeys(("name", "title", "formula", "use", "reference"), "x")
    for combine in (lambda terms, *, rank: None, lambda terms, *, rank, keep, more: None, lambda terms, seed: None):
        with pytest.raises(ValueError, match="differ in"):
            Method(**texts, combine=combine, options=(KEEP, RANK))
    Method(**texts, combine=lambda terms, *, rank, keep, seed: None, options=(KEEP, RANK))


@pytest.mark.parametrize("method", methods.declared(), ids=lambda method: method.name)
def test_declarations_are_complete(method: Method):
    assert methods.find(method.name) == method
    assert sys.modules[methods.module_of(method.name)].METHOD is method
    assert all((method.title, method.formula, method.reference))
    assert method.use[0].isupper() and method.use.endswith(".") and ". " not in method.use, "one sentence"
    of_adapters_alone = {"linear_adapters"}  # beside PEFT in test_lora.py
    assert method.name in {name for name, _ in EVERY_METHOD} | of_adapters_alone
    for name, options in EVERY_METHOD:
        assert set(options) <= {option.name for option in methods.find(name).options}


def test_the_table_in_the_docs_is_current():
    page = method_table.PAGE.read_text(encoding="utf-8")
    assert method_table.page_with_table(page) == page, "run `make docs`"
