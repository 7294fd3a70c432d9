"""Sentences from a language model, speech from several engines: the same workflow, the same checks."""

import json
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from tauspeech.data import manifest
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.runtime.files import read_json_lines
from tauspeech.runtime.stages import TTS_CACHE
from tests.faults.test_full_disk import told_and_made_later
from tests.text.llm.conftest import ChatServer, completion
from tests.workflow.project import Project, new_project

HERE = Path(__file__).parent
KEY = "sk-planted-in-the-environment"
NAMES = [("吴哥窟", "Angkor Wat"), ("马丘比丘", "Machu Picchu"), ("<b>", "Bad"), ("佩特拉", "Petra")]


def reply(body):
    """As many pairs as are asked for, with the word where one is named; the first of each answer is of no use."""
    prompt = body["messages"][0]["content"]
    if "proper names" in prompt:
        return completion(json.dumps({"words": [{"zh": zh, "en": en} for zh, en in NAMES]}))
    zh = re.search(r"- zh: (\S+)", prompt)
    en = re.search(r"- en: (.+?)(?:, inside a sentence (.+))?$", prompt, re.MULTILINE)
    word = (zh.group(1), en.group(2) or en.group(1)) if zh and en else ("茶", "tea")
    count = int(re.search(r"Write (\d+) sentences", prompt).group(1))
    pairs = [{"zh": "$(touch pwned) <script>", "en": "../../etc"}]
    for number in range(count):
        lot = abs(hash((prompt, number)))
        filler = "".join(chr(0x4E00 + lot // 7**power % 2000) for power in range(6))
        letters = "".join(chr(97 + lot // 11**power % 26) for power in range(9))
        pairs.append({"zh": f"{filler}{word[0]}很好", "en": f"The {letters} saw {word[1]} and {letters[::-1]}"})
    return completion(json.dumps({"sentences": pairs}, ensure_ascii=False))


@pytest.fixture(scope="module")
def server():
    with ChatServer() as running:
        running.script = lambda number, body: reply(body)
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


def write_calls(folder: Path) -> None:
    """Two recordings of a retention set and test of words, and a list of words."""
    random = np.random.default_rng(1)
    for name in ("one.wav", "two.wav"):
        soundfile.write(folder / name, random.normal(0, 0.1, RATE), RATE)
    table = "file\ten\none.wav\tHow can I help you?\ntwo.wav\tPlease hold the line.\n"
    (folder / "calls.tsv").write_text(table, encoding="utf-8")
    (folder / "list.txt").write_text("hold\nNeuschwanstein\n", encoding="utf-8")


@pytest.fixture(scope="module")
def project(server, tmp_path_factory) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCRIPTED_KEY", KEY)
        patch.setenv("NO_PROXY", "127.0.0.1")
        made = new_project(tmp_path_factory.mktemp("generators") / "project", "generators_tiny.yaml")
        made.edit(made.config, "URL", server.url)
        made.edit(made.config, "PYTHON", sys.executable)
        made.path("config/reader.py").write_bytes((HERE / "reader.py").read_bytes())
        write_calls(made.path("config"))
        made.run("all", "candidates")
        yield made


def test_the_sentences_are_the_models_and_the_useless_ones_are_counted(project):
    table = pd.read_csv(project.result("text/neuschwanstein.tsv"), sep="\t")
    assert table["split"].value_counts().to_dict() == {"train": 16, "test": 6, "validation": 4}
    assert table["zh"].str.contains("新天鹅堡").all() and table["en"].str.contains("Neuschwanstein").all()
    rejected = pd.read_csv(project.result("text/neuschwanstein.rejected.tsv"), sep="\t").set_index("reason")["count"]
    assert rejected["control characters or markup (zh)"] >= 3
    assert not list(project.folder.rglob("pwned"))


def test_what_it_cost_is_told(project):
    cost = json.loads(project.result("text/neuschwanstein.cost.json").read_text())
    assert cost["requests"] * 100 == cost["prompt_tokens"]
    assert cost["price"] == pytest.approx((cost["prompt_tokens"] + 2 * cost["completion_tokens"]) / 1e6)


def test_the_key_went_to_the_server_and_nowhere_else(project, server):
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("share", ["command-reader", "espeak-ng"])
def test_a_full_disk_while_a_voice_speaks(project, share, tmp_path):
    made = [f"tts/main/neuschwanstein--{share}.{ending}" for ending in ("parquet", "receipt.json")]
    copy = project.copied_to(tmp_path / "project")
    told_and_made_later(copy, "synthesise.py", "tts", f"main/neuschwanstein--{share}", made)


def test_a_repeated_run_asks_nothing_and_a_new_address_runs_nothing(project, server, monkeypatch):
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    asked = len(server.bodies)
    project.edit(project.config, server.url, server.url + "/")
    assert project.planned() == set()
    project.edit(project.config, server.url + "/", server.url)
    for path in project.result("text").iterdir():
        path.unlink()
    project.run("--until", "make_text")
    assert len(server.bodies) == asked


def test_each_voice_says_its_share_and_the_manifest_tells(project):
    rows = manifest.read(project.result("speech/neuschwanstein.parquet"))
    assert len(rows) == 26
    voices = pd.Series([row["voice"] for row in rows])
    assert set(voices) == {"command/reader/low", "command/reader/high", "espeak/cmn"}
    for share, prefix in (("command-reader", "command/reader/"), ("espeak-ng", "espeak/")):
        said = manifest.read(project.result(f"tts/main/neuschwanstein--{share}.parquet"))
        assert len(said) == voices.str.startswith(prefix).sum()
    assert len({row["seed"] for row in rows}) == 26
    assert not [path for path in project.result(TTS_CACHE).rglob("*") if path.is_file()]
    for row in rows:
        assert row["engine"].startswith(("espeak-ng 1.", "command"))
        samples = decode_audio(row["audio"]["bytes"])
        assert len(samples) / RATE == pytest.approx(row["seconds"], abs=1e-4)
        if row["voice"].startswith("command"):  # the silence before is gone but for 50 ms
            assert row["seconds"] == pytest.approx(0.1 * len(row["zh"]) + 0.05, abs=0.03)


def test_the_report_plays_every_voice(project):
    page = project.result("report.html").read_text(encoding="utf-8")
    section = page.partition('<section id="voices">')[2].partition("</section>")[0]
    assert section.count("<audio") == section.count("<img") == 2 * 3
    for voice in ("command/reader/low", "command/reader/high", "espeak/cmn"):
        assert section.count(f"<b>{voice}</b>") == 2


def test_every_model_is_scored_on_the_retention_set(project):
    table = pd.read_csv(project.result("tables/retention.tsv"), sep="\t")
    assert table[["set", "metric", "words", "weight"]].to_dict("split")["data"] == [
        ["calls", "WER", "each", "validation"],
        ["calls", "WER", "2", "validation"],
        ["calls", "WER", "2", "normalised"],
    ]
    assert table[["Raw", "FT", "Average", "TA"]].notna().all(axis=None)
    detail = pd.read_csv(project.result("tables/retention_detail.tsv"), sep="\t")
    found = detail[(detail["metric"] == "wer") & (detail["row"] == "calls WER 2 validation")].set_index("column")
    assert found.loc["TA", "model"] == "first2--ta/calls--retention" and (found["n"] == 2).all()
    assert (found["low"] <= found["value"]).all() and found.loc["TA", ["p_raw", "p_ft"]].notna().all()
    hypotheses = read_json_lines(project.result("hypotheses/first2--ta/calls--retention.transcribe.jsonl"))
    assert [line["reference"] for line in hypotheses] == ["How can I help you?", "Please hold the line."]
    assert "calls (transcribe, en)" in project.result("report.html").read_text(encoding="utf-8")


def test_every_model_is_scored_on_the_listed_words(project):
    table = pd.read_csv(project.result("tables/word_tests.tsv"), sep="\t")
    assert table["metric"].tolist() == ["WER", "B-WER", "U-WER", "recall", "precision", "F1"] * 3
    assert table[["test", "words"]].drop_duplicates().values.tolist() == [["calls", "each"], ["calls", "2"]]
    wer, biased, others = (table[table["metric"] == name].iloc[0] for name in ("WER", "B-WER", "U-WER"))
    assert 9 * wer["Raw"] == pytest.approx(
        1 * biased["Raw"] + 8 * others["Raw"], abs=0.1
    )  # "hold" is one of nine words
    scores = pd.read_csv(project.result("scores/first2--ta/calls--words.tsv"), sep="\t").set_index("metric")
    assert set(scores.index) == {"wer", "b_wer", "u_wer", "keyword_recall", "keyword_precision", "keyword_f1"}
    assert scores.loc["b_wer", ["p_raw", "p_ft"]].notna().all()


def test_every_model_is_scored_where_nobody_speaks(project):
    table = pd.read_csv(project.result("tables/no_speech.tsv"), sep="\t")
    assert table[["sound", "metric"]].drop_duplicates().values.tolist() == [
        [sound, metric] for sound in ("silence", "noise") for metric in ("false alarms", "any text", "words per minute")
    ]
    scores = pd.read_csv(project.result("scores/raw/noise--no-speech.tsv"), sep="\t")
    assert scores["metric"].tolist() == ["any_text", "false_alarms", "words_per_minute"]
    (line,) = read_json_lines(project.result("hypotheses/raw/noise--no-speech.translate.jsonl"))
    assert line["reference"] == ""
    page = project.result("report.html").read_text(encoding="utf-8")
    assert "Tests of words" in page and "Silence and noise" in page


def test_systems_in_place_of_a_vector_stand_beside_it(project):
    table = pd.read_csv(project.result("tables/baselines.tsv"), sep="\t").set_index("system")
    assert table.index.tolist() == ["Raw", "FT", "TA", "Bias", "LoRA", "TA + bias"] and (table["words"] == 2).all()
    figure_2 = pd.read_csv(project.result("tables/fig2.tsv"), sep="\t").iloc[0]
    assert table["score"][["Raw", "FT", "TA"]].tolist() == figure_2[["Raw", "FT", "TA"]].tolist()
    assert (table["real_time_factor"] > 0).all() and table[["recall", "false_alarms", "general"]].notna().all(axis=None)
    costs = table.drop("Raw")[["seconds_a_word", "megabytes_a_word"]]
    assert (costs["seconds_a_word"] > 0).all() and costs.loc["Bias", "megabytes_a_word"] == 0
    assert costs["seconds_a_word"]["TA + bias"] > costs["seconds_a_word"]["TA"]
    assert costs["megabytes_a_word"]["LoRA"] < costs["megabytes_a_word"]["TA"]
    adapter = project.result("models/first2--lora/adapter/adapter_model.safetensors").stat().st_size
    assert costs["megabytes_a_word"]["LoRA"] == round(adapter / 2e6, 4)
    page = project.result("report.html").read_text(encoding="utf-8")
    assert "In place of a vector" in page and "With 2 words, " in page
    assert project.result("figures/baselines.svg").is_file()


def test_a_bias_has_a_strength_from_validation_and_all_words_with_distractors(project):
    for name, model in (("bias", "base"), ("vector-bias", "first2--ta")):
        planned = json.loads(project.result(f"plan/decode/first2--{name}.json").read_text(encoding="utf-8"))
        assert planned["inputs"]["model"]["id"] == model
        phrases = planned["settings"]["hints"]["phrases"]
        assert phrases[:2] == ["Neuschwanstein Castle", "Berlin Wall"] and len(set(phrases)) == 52
        searched = json.loads(project.result(f"search/first2--{name}.json").read_text(encoding="utf-8"))
        assert [point["strength"] for point in searched["points"]] == [0, 8]
        assert planned["settings"]["hints"]["strength"] == {"search": f"first2--{name}", "choice": "strength"}
        assert searched["chosen"]["strength"] in (0, 8)


def test_candidates_are_a_table_of_words(project):
    table = pd.read_csv(project.result("candidates.tsv"), sep="\t")
    assert list(table.columns) == ["word_id", "zh", "en", "domain"]
    assert table["word_id"].tolist() == ["angkor-wat", "machu-picchu", "petra"]
    assert set(table["domain"]) == {"landmark"}


def test_another_program_makes_its_share_again_and_no_other(project):
    ours, other = (
        project.result(f"plan/tts/main/neuschwanstein--{name}.json") for name in ("command-reader", "espeak-ng")
    )
    project.planned()
    was = ours.read_bytes(), other.read_bytes()
    project.edit("config/reader.py", "300 ms", "0.3 seconds")
    assert "synthesise/neuschwanstein--command-reader" in project.planned()
    assert ours.read_bytes() != was[0]
    assert other.read_bytes() == was[1]
    project.edit("config/reader.py", "0.3 seconds", "300 ms")
    project.planned()
    assert ours.read_bytes() == was[0]
