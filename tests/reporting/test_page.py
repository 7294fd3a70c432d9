import base64
import io
import re
from html.parser import HTMLParser

import numpy
import pandas
import pytest
import soundfile

from tauspeech.reporting import figures
from tauspeech.reporting.cells import format_value, grid
from tauspeech.reporting.inline import pieces, svg_markup
from tauspeech.reporting.page import ClaimVerdict, Figure, Output, PlayedExample, Report, Table, build_page

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 * 7 }}'
MERGES = ("Average", "TA", "TIES", "DARE")


class Elements(HTMLParser):
    """Every element of a page with its attributes, as a browser would find them."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, {name: value or "" for name, value in attrs}))


@pytest.fixture(scope="module")
def flac() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, numpy.sin(numpy.arange(1600) / 10), 16000, format="FLAC")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def svg(tmp_path_factory) -> str:
    stem = tmp_path_factory.mktemp("figures") / "figure2"
    frame = pandas.DataFrame({"n": [1, 2], "FT": [66.2, 65.1], "TA": [66.7, 60.3]})
    figures.lines(frame, stem, x="n", xlabel="words", ylabel="BLEU", known={})
    return stem.with_suffix(".svg").read_text()


def scores() -> pandas.DataFrame:
    rows = [["W1", 99.0, 66.57, 66.77, None, 66.57], ["W2", 35.79, 74.881, 74.88, 74.25, 74.879]]
    frame = pandas.DataFrame(rows, columns=["Words", "FT", *MERGES])
    return frame.assign(TA_low=[64.1, None], TA_high=[68.25, None])


def report(text: str, flac: bytes, svg: str) -> Report:
    return Report(
        title=text,
        lead=text,
        facts=[(text, text)],
        claims=[
            ClaimVerdict(text, "holds", text),
            ClaimVerdict("no", "does not hold", text),
            ClaimVerdict("?", "not decided", text),
        ],
        tables=[
            Table("table2", text, text, scores().assign(note=text), "max", MERGES),
            Table("table1", text, text, pandas.DataFrame({text: [text]})),
        ],
        figures=[Figure("figure2", text, text, svg), Figure("figure3", text, text, svg)],
        examples=[
            PlayedExample(text, text, text, text, flac, [Output(text, text, True), Output("FT", "", False)], (text,))
        ],
        provenance=text,
    )


def cell_texts(page: str, row: str) -> list[str]:
    (found,) = re.findall(rf'<tr><th scope="row">{row}</th>(.*?)</tr>', page)
    return re.findall(r"<td[^>]*>(.*?)</td>", found)


def test_nothing_is_loaded_from_outside(flac, svg):
    page = build_page(report("text", flac, svg))
    elements = Elements(page).found
    assert not {tag for tag, _ in elements} & {"script", "iframe", "object", "embed", "base", "form"}
    for _, attributes in elements:
        for name in ("src", "href", "xlink:href", "srcset", "poster", "action"):
            assert re.match(r"#|data:|$", attributes.get(name, ""))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", page))
    assert "@import" not in page
    assert "://" not in page


def test_the_page_forbids_what_it_does_not_need(flac, svg):
    elements = Elements(build_page(report("text", flac, svg))).found
    (policy,) = [a["content"] for tag, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_hostile_text_is_inert(flac, svg):
    calm, hostile = (Elements(build_page(report(text, flac, svg))).found for text in ("text", HOSTILE))
    assert "script" not in {tag for tag, _ in hostile}
    assert not [name for _, attributes in hostile for name in attributes if name.startswith("on")]
    assert [tag for tag, _ in hostile] == [tag for tag, _ in calm]
    assert "{{ 7 * 7 }}" in build_page(report(HOSTILE, flac, svg))


def test_claims_show_which_of_three_states_they_are_in(flac, svg):
    page = build_page(report("text", flac, svg))
    (listed,) = re.findall(r'<ul class="claims">(.*?)</ul>', page, re.DOTALL)
    found = re.findall(r'<li class="(\w+)">.*?aria-label="([^"]*)">(.)<.*?<b>([^<]*)</b>', listed, re.DOTALL)
    assert found == [
        ("holds", "Holds", "✓", "Holds in this run."),
        ("fails", "Does not hold", "✗", "Does not hold in this run."),
        ("open", "Not decided", "?", "Not decided in this run."),
    ]
    for state in {state for state, *_ in found}:
        (colour,) = re.findall(rf"^\.{state} \.sign {{ color: var\((--\w+)\); }}$", page, re.MULTILINE)
        assert page.count(f" {colour}: #") == 2, "one for light and one for dark"


@pytest.mark.parametrize(
    ("held", "failed", "undecided", "sentence"),
    [
        (2, 1, 6, "2 of 9 hold, 1 does not, 6 are not decided in this run."),
        (1, 2, 1, "1 of 4 holds, 2 do not, 1 is not decided in this run."),
        (0, 3, 0, "0 of 3 hold, 3 do not in this run."),
        (2, 0, 0, "2 of 2 hold in this run."),
    ],
)
def test_claims_are_counted(held, failed, undecided, sentence):
    verdicts = ["holds"] * held + ["does not hold"] * failed + ["not decided"] * undecided
    page = build_page(Report("t", "", [], [ClaimVerdict("s", verdict, "") for verdict in verdicts], [], [], [], ""))
    assert f'<p class="note">{sentence}</p>' in page


def test_best_of_the_merges_is_bold(flac, svg):
    page = build_page(report("text", flac, svg))
    bold = [["<strong>" in cell for cell in cell_texts(page, row)] for row in ("W1", "W2")]
    assert bold[0] == [False, False, True, False, False, False]
    # All three print as 74.88.
    assert bold[1] == [False, True, True, False, True, False]
    assert "best of Average, TA, TIES and DARE in the row (higher is better)" in page


def test_lower_can_be_better():
    cells = grid(Table("table3", "", "", scores(), "min", MERGES)).rows[1]
    assert [cell.text for cell in cells if cell.best] == ["74.25"]


def test_one_candidate_alone_is_not_called_best():
    frame = pandas.DataFrame({"Words": ["W1"], "TA": [1.0], "TIES": [None], "FT": [2.0]})
    assert not any(cell.best for cell in grid(Table("t", "", "", frame, "max", ("TA", "TIES"))).rows[0])


def test_missing_values_and_intervals_are_shown(flac, svg):
    page = build_page(report("text", flac, svg))
    assert cell_texts(page, "W1")[2:4] == ["<strong>66.77</strong><small>[64.10, 68.25]</small>", "–"]
    assert "<small>" not in cell_texts(page, "W2")[2]
    assert "TA_low" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1160, "1160"),
        (numpy.int64(3), "3"),
        (40.0, "40.00"),
        (numpy.float32(0.125), "0.12"),
        (-1.5, "−1.50"),
        (-0.001, "0.00"),
        (0.0031, "0.0031"),
        (float("nan"), "–"),
        (None, "–"),
        (pandas.NA, "–"),
        ("a-b", "a-b"),
        (True, "True"),
    ],
)
def test_values_are_printed(value, text):
    assert format_value(value) == text


def test_whole_numbers_stay_whole_beside_missing_ones():
    frame = pandas.DataFrame({"Word": ["a", "b"], "Train": pandas.array([1160, None], dtype="Int64")})
    table = grid(Table("table1", "", "", frame))
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "1160"], ["b", "–"]]
    assert [cell.numeric for cell in table.header] == [False, True]


def test_audio_comes_back_unchanged(flac, svg):
    elements = Elements(build_page(report("text", flac, svg))).found
    (source,) = [attributes["src"] for tag, attributes in elements if tag == "audio"]
    kind, data = source.split(",")
    assert kind == "data:audio/flac;base64"
    assert base64.b64decode(data) == flac


def test_figures_do_not_share_ids(flac, svg):
    elements = Elements(build_page(report("text", flac, svg))).found
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {a.get("xlink:href", "").removeprefix("#") for tag, a in elements if tag == "use"}
    assert links <= set(ids)


def test_a_hostile_name_in_a_figure_is_inert(tmp_path):
    frame = pandas.DataFrame({"n": [1], "--><script>alert(1)</script>": [1.0]})
    figures.lines(frame, tmp_path / "f", x="n", xlabel="", ylabel="", known={})
    drawn = svg_markup((tmp_path / "f.svg").read_text(), "f", "")
    assert "script" not in {tag for tag, _ in Elements(drawn).found}


def test_a_figure_has_a_name(svg):
    assert svg_markup(svg, "figure2", 'a "b"').startswith('<svg role="img" aria-label="a &#34;b&#34;"')


def test_the_word_is_marked_only_where_it_was_hit(flac):
    outputs = [Output("TA", "The Berlin  wall fell.", True), Output("Raw", "A Berlin wall fell.", False)]
    example = PlayedExample("W2", "1", "柏林墙倒塌。", "It fell.", flac, outputs, ("Berlin Wall", "柏林墙"))
    page = build_page(Report("t", "", [], [], [], [], [example], ""))
    assert re.findall("<mark>(.*?)</mark>", page) == ["柏林墙", "Berlin  wall"]


def test_pieces_prefer_the_longest_spelling():
    assert [tuple(piece) for piece in pieces("a (C) wall", ["wall", "(c) Wall", " "])] == [
        ("a ", False),
        ("(C) wall", True),
    ]
    assert pieces("text", []) == [("text", False)]


def test_an_empty_report_has_no_empty_sections():
    page = build_page(Report("t", "lead", [], [], [], [], [], ""))
    assert re.findall(r'<section id="([^"]*)">', page) == []
    assert "<h1>t</h1>" in page


def test_where_rows_are_systems_the_best_of_a_column_is_bold():
    frame = pandas.DataFrame(
        {"system": ["Pretrained", "TA", "LoRS"], "WER": [10.0, 30.0, 20.001], "BLEU": [90.0, 50.0, 40.0]}
    )
    table = Table("t", "T", "c", frame, best_among=("TA", "LoRS"), best_in={"WER": "min", "BLEU": "max"})
    bold = [[cell.text for cell in row if cell.best] for row in grid(table).rows]
    assert bold == [[], ["50.00"], ["20.00"]]
    page = build_page(Report("t", "l", [], [], [table], [], [], "p"))
    assert "Bold: best of TA and LoRS in the column." in page
