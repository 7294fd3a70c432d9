"""CoVoST 2 from Common Voice on disk and from its mirrors."""

import csv
import io
import shutil
import unicodedata
from collections import Counter

import huggingface_hub
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.corpora import covost, covost_codes, utterance
from tauspeech.corpora.tables import read_columns
from tauspeech.data import manifest
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.errors import UserError
from tests.corpora.conftest import (
    CA,
    SV,
    Spoken,
    client_of,
    path_of,
    translated,
    validated,
    write_official,
    write_plain,
)

ALL = {"train": 9.0, "validation": 9.0, "test": 9.0}
SPLITS = {"train": "train", "train_covost": "train", "dev": "validation", "test": "test"}


def load(source, language="ca", hours=ALL, seed=1):
    dropped: list[Drop] = []
    found = list(covost.rows({"max_seconds": 3} | source, language, hours, seed, dropped))
    return found, dropped


def on_disk(common_voice, translations):
    return {"common_voice": str(common_voice), "translations": str(translations)}


def expected_id(clip: Spoken, language="ca", code="ca") -> str:
    return f"{language}-{SPLITS[clip.split]}-{path_of(code, clip).removesuffix('.mp3')}"


def loudest(samples) -> float:
    return np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples)


def check(found, clips, language="ca", code="ca"):
    """Each good clip occurs once, with its own texts and audio."""
    good = {expected_id(clip, language, code): clip for clip in clips if not clip.reason}
    assert sorted(row["utterance"] for row in found) == sorted(good)
    for row in found:
        clip = good[row["utterance"]]
        assert row["split"] == SPLITS[clip.split]
        assert row[language] == unicodedata.normalize("NFC", clip.sentence).strip()
        assert row["en"] == unicodedata.normalize("NFC", clip.translation).strip()
        samples = decode_audio(row["audio"]["bytes"])
        assert row["seconds"] == len(samples) / RATE == pytest.approx(clip.seconds, abs=0.01)
        assert loudest(samples) == pytest.approx(clip.frequency, abs=5)
        assert (row["word_id"], row["engine"]) == ("", "covost2")


def reasons(dropped):
    return Counter((drop.split, drop.reason) for drop in dropped)


EXPECTED_DROPS = Counter((SPLITS[clip.split], clip.reason) for clip in CA if clip.reason)


def test_common_voice_and_raw_translations(common_voice, translations, tmp_path, capsys):
    found, dropped = load(on_disk(common_voice, translations))
    check(found, CA)
    assert reasons(dropped) == EXPECTED_DROPS
    assert {drop.name for drop in dropped} == {path_of("ca", clip) for clip in CA if clip.reason}
    texts = {row["utterance"][-2:]: (row["ca"], row["en"]) for row in found}
    assert texts["02"] == ("NA", "null")
    assert texts["03"] == ('"Vine, va dir ell.', 'Come," he said.')
    assert texts["05"] == ("Una barra \\ i prou.", "A backslash \\ and no more.")
    assert texts["06"] == ("Caf\u00e9 amb llet.", "Caf\u00e9 with milk.")
    assert "ca train: 0.00 of 9 hours, 5 utterances, 7 dropped" in capsys.readouterr().out

    manifest.write(tmp_path / "ca.parquet", iter(found), ["ca", "en"])
    assert {row["split"] for row in manifest.read(tmp_path / "ca.parquet")} == set(ALL)


@pytest.mark.parametrize("language", ["sv", "sv-SE"])
def test_codes_of_whisper_and_of_common_voice_are_both_understood(common_voice, translations, language):
    found, dropped = load(on_disk(common_voice, translations), language)
    check(found, SV, language, "sv-SE")
    assert not dropped
    same = load(on_disk(common_voice, translations), "sv")[0]
    assert [row["sv"] for row in same] == [row[language] for row in found]


def test_every_code_is_mapped_there_and_back():
    assert len(covost_codes.CODES) == 21
    for code in covost_codes.CODES:
        assert covost_codes.covost_code(covost_codes.whisper_code(code)) == covost_codes.covost_code(code) == code
    assert covost_codes.whisper_code("zh-CN") == "zh"


def test_speakers_have_distinct_hashed_ids(common_voice, translations):
    found, _ = load(on_disk(common_voice, translations))
    voices = {row["utterance"]: row["voice"] for row in found}
    clients = {expected_id(clip): client_of(clip) for clip in CA}
    assert len(set(voices.values())) == 3
    assert len({(voices[id], clients[id]) for id in voices}) == 3
    assert all(len(voice) == 12 and voice not in clients[id] for id, voice in voices.items())


def test_every_source_gives_the_same_rows(common_voice, translations, split_translations, mirror):
    raw, dropped = load(on_disk(common_voice, translations))
    for source in (on_disk(common_voice, split_translations), {"mirror": str(mirror)}):
        again, others = load(source)
        assert again == raw
        assert reasons(others) == reasons(dropped)


def test_an_archive_that_unpacked_flat(common_voice, split_translations):
    found, _ = load(on_disk(common_voice / "sv-SE", split_translations), "sv")
    check(found, SV, "sv", "sv-SE")


def test_the_raw_table_serves_where_both_are_there_and_the_split_ones_without_validated(
    common_voice, translations, split_translations, tmp_path
):
    shutil.copytree(split_translations, tmp_path, dirs_exist_ok=True)
    write_plain(translated("ca")[lambda rows: rows["split"] != "test"], tmp_path / "covost_v2.ca_en.tsv")
    with pytest.raises(UserError, match="leaves no test speech of 'ca'"):
        load(on_disk(common_voice, tmp_path))
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "clips").symlink_to(common_voice / "ca" / "clips")
    check(load(on_disk(tmp_path, tmp_path))[0], CA)


def hours_of(seconds):
    return {"train": seconds / 3600}


def test_fewer_hours_are_the_beginning_of_more_and_another_seed_draws_others(common_voice, translations):
    source = on_disk(common_voice, translations)
    orders = set()
    for seed in range(4):
        full, _ = load(source, hours=hours_of(99), seed=seed)
        orders.add(tuple(row["utterance"] for row in full))
        for seconds in (1.2, 2.6, 3.9, 5.1):
            if full[0]["seconds"] > seconds:
                continue
            part, _ = load(source, hours=hours_of(seconds), seed=seed)
            total = sum(row["seconds"] for row in part)
            assert part == full[: len(part)]
            assert total <= seconds < total + full[len(part)]["seconds"]
    assert len(orders) > 1


def test_only_what_was_looked_at_is_named(common_voice, translations):
    source = on_disk(common_voice, translations)
    _, dropped = load(source, hours={"validation": 1})
    assert not dropped
    names = [len(load(source, hours=hours_of(seconds))[1]) for seconds in (2.2, 99)]
    assert names[0] < names[1] == 7


def test_default_lengths(common_voice, translations):
    source = on_disk(common_voice, translations)
    found = list(covost.rows(source, "ca", ALL, 1, []))
    assert {clip.number for clip in CA if expected_id(clip) in {row["utterance"] for row in found}} == {
        *range(1, 10),
        23,
    }
    short = list(covost.rows(source | {"min_seconds": 1.4}, "ca", hours_of(99), 1, []))
    assert sorted(round(row["seconds"], 1) for row in short) == [1.5, 2.0, 3.2]


# Tables with faults


@pytest.fixture
def faulty(common_voice, tmp_path):
    """A copy of the tables, to be spoilt, beside the clips."""
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "clips").symlink_to(common_voice / "ca" / "clips")
    write_plain(validated("ca"), tmp_path / "ca" / "validated.tsv")
    write_plain(translated("ca"), tmp_path / "covost_v2.ca_en.tsv")
    return tmp_path


def append(path, text):
    with open(path, "a", encoding="utf-8") as handle:
        handle.write(text)


def extra(faulty):
    """What a load of the spoilt tables drops beyond the usual; the rows must be the usual ones."""
    found, dropped = load(on_disk(faulty, faulty))
    check(found, CA)
    usual = {path_of("ca", clip) for clip in CA if clip.reason}
    return [tuple(drop) for drop in dropped if drop.name not in usual]


def test_rows_of_another_width_are_named_with_their_line(faulty):
    append(faulty / "covost_v2.ca_en.tsv", "x.mp3\tone\ttab too many\ttrain\n\nx.mp3\tonly two\n")
    append(faulty / "ca" / "validated.tsv", 'id\tx.mp3\t"a stray\tquotation\t2\t0\n')
    first, second = len(CA) + 2, len(CA) + 4
    assert extra(faulty) == [
        ("any", f"covost_v2.ca_en.tsv line {first}", "wrong number of columns"),
        ("any", f"covost_v2.ca_en.tsv line {second}", "wrong number of columns"),
        ("any", f"validated.tsv line {len(CA) + 2}", "wrong number of columns"),
    ]


def test_a_path_counts_once(faulty):
    first, test = path_of("ca", CA[0]), path_of("ca", CA[7])
    append(faulty / "covost_v2.ca_en.tsv", f"{first}\tAgain.\ttrain\n{test}\tIn two splits.\ttrain\n")
    append(faulty / "ca" / "validated.tsv", f"id\t{path_of('ca', CA[1])}\tUna altra vegada.\t2\t0\n")
    assert sorted(extra(faulty)) == sorted(
        [("train", path, "duplicate path") for path in (first, test, path_of("ca", CA[1]))]
    )


def test_clips_that_this_release_has_not_are_named_and_other_splits_are_passed_over(faulty):
    append(faulty / "covost_v2.ca_en.tsv", "gone.mp3\tGone.\tdev\nother.mp3\tOther.\tdev_covost\n")
    assert extra(faulty) == [("validation", "gone.mp3", "not in validated.tsv")]


def test_wrong_rows_of_a_split_table_are_of_its_split(common_voice, split_translations, tmp_path):
    shutil.copytree(split_translations, tmp_path, dirs_exist_ok=True)
    append(tmp_path / "covost_v2.ca_en.dev.tsv", "too\tfew\n")
    found, dropped = load(on_disk(common_voice, tmp_path))
    check(found, CA)
    assert Drop("validation", "covost_v2.ca_en.dev.tsv line 4", "wrong number of columns") in dropped


def test_a_path_leads_out_of_no_folder(faulty, common_voice):
    outside = common_voice / "sv-SE" / "clips" / path_of("sv-SE", SV[0])
    append(faulty / "covost_v2.ca_en.tsv", f"{outside}\tOutside.\ttrain\n")
    append(faulty / "ca" / "validated.tsv", f"id\t{outside}\tFora.\t2\t0\n")
    assert extra(faulty) == [("train", str(outside), "missing clip")]


TEXT = st.text("\"\\\t'aé,NA", max_size=12)


@pytest.mark.parametrize("write", [write_plain, write_official])
@given(rows=st.lists(st.tuples(TEXT, TEXT, st.sampled_from(["NA", "null", "x"])), max_size=8))
def test_tables_are_read_as_by_the_official_script(tmp_path_factory, write, rows):
    path = tmp_path_factory.mktemp("table") / "a.tsv"
    write(pd.DataFrame(rows, columns=["one", "two", "three"]), path)
    dropped: list[Drop] = []
    found = list(read_columns(path, ("three", "one"), "any", dropped))
    options = {"sep": "\t", "escapechar": "\\", "quoting": csv.QUOTE_NONE, "na_filter": False, "dtype": str}
    assert found == pd.read_csv(path, **options)[["three", "one"]].values.tolist()
    assert found == [[three, one] for one, _, three in rows]
    assert not dropped


def test_dropped_are_written_by_reason_with_the_first_names(tmp_path):
    drops = [Drop("train", f"{number}.mp3", "missing clip") for number in range(12)] + [Drop("any", 'a"', "wrong")]
    write_dropped(tmp_path / "ca.dropped.tsv", drops)
    table = pd.read_csv(tmp_path / "ca.dropped.tsv", sep="\t")
    assert list(table.columns) == ["split", "reason", "count", "first"]
    assert table.values.tolist() == [
        ["any", "wrong", 1, 'a"'],
        ["train", "missing clip", 12, ", ".join(f"{number}.mp3" for number in range(10))],
    ]
    write_dropped(tmp_path / "ca.dropped.tsv", [])
    assert (tmp_path / "ca.dropped.tsv").read_text() == "split\treason\tcount\tfirst\n"


# The mirror


def test_a_mirror_with_a_folder_for_each_split(mirror, tmp_path):
    for file in (mirror / "ca_en").iterdir():
        split, number, _ = file.name.split("-", 2)
        (tmp_path / "ca_en" / split).mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / "ca_en" / split / f"{number[1:]}.parquet")
    assert load({"mirror": str(tmp_path)}) == load({"mirror": str(mirror)})


def test_clips_are_fetched_in_portions(mirror, monkeypatch):
    whole = load({"mirror": str(mirror)})
    monkeypatch.setattr("tauspeech.corpora.mirror.AHEAD", 2)
    assert load({"mirror": str(mirror)}) == whole


@pytest.fixture
def hub(mirror, monkeypatch):
    """The mirror as if on the hub; the list of what was fetched from it."""
    fetched: list[str] = []

    def download(repository, file, repo_type, revision):
        assert (repository, repo_type, revision) == ("someone/covost2", "dataset", "main")
        fetched.append(file)
        return str(mirror / file)

    names = ["README.md", *(path.relative_to(mirror).as_posix() for path in mirror.rglob("*.parquet"))]
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda *_, **__: names)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return fetched


HUB = {"mirror": "someone/covost2@main"}


def test_the_hub_gives_what_the_corpus_holds(hub):
    found, dropped = load(HUB)
    check(found, CA)
    assert reasons(dropped) == EXPECTED_DROPS
    assert len(hub) == 5


def test_from_the_hub_comes_only_what_the_hours_need(hub):
    full, _ = load(HUB, hours=hours_of(99))
    whole = hub.copy()
    hub.clear()
    part, _ = load(HUB, hours=hours_of(2.1))
    assert part == full[: len(part)]
    assert part
    assert hub == whole[: len(hub)]
    assert len(hub) < len(whole) == 3


def no_connection(*_, **__):
    raise ConnectionError("no route\nto host")


def test_without_a_connection_the_cache_serves(hub, mirror, monkeypatch):
    online = load(HUB)
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", no_connection)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(mirror))
    assert load(HUB) == online


def test_without_connection_and_cache_the_error_says_what_to_do(hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", no_connection)
    with pytest.raises(
        UserError, match=r"ca_en/test-00000-of-00001\.parquet of the data set someone/covost2@main is not"
    ):
        load(HUB)
    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", no_connection)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", no_connection)
    with pytest.raises(UserError, match=r"\(no route\).*`hf download someone/covost2 --repo-type dataset"):
        load(HUB)


# Mistakes


def test_a_missing_corpus_is_named_with_where_it_was_sought_and_how_to_get_it(common_voice, translations, tmp_path):
    for source, message in [
        (on_disk(tmp_path, translations), r"/ca/clips or .*clips does not exist: unpack 'ca' of Common Voice Corpus 4"),
        (on_disk(common_voice, tmp_path), r"neither .*covost_v2\.ca_en\.tsv nor .*ca_en\.train\.tsv .*dl\.fbaipublic"),
        ({"common_voice": str(common_voice)}, "has no key 'translations'"),
        ({}, "has no key 'common_voice'"),
        ({"mirror": str(tmp_path / "no/such/folder")}, "neither a folder nor a data set of the hub"),
        ({"mirror": str(tmp_path)}, r"contains neither ca_en/test-\*\.parquet nor ca_en/test/\*\.parquet"),
    ]:
        with pytest.raises(UserError, match=message):
            load(source)


def test_a_missing_table_is_named(faulty, split_translations):
    (faulty / "ca" / "validated.tsv").unlink()
    with pytest.raises(UserError, match=r"/ca/validated\.tsv does not exist: unpack all"):
        load(on_disk(faulty, faulty))
    shutil.copy(split_translations / "covost_v2.ca_en.test.tsv", faulty)
    with pytest.raises(UserError, match=r"covost_v2\.ca_en\.dev\.tsv does not exist, but other splits do"):
        load(on_disk(faulty, faulty))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path\ttranslation\n", r"ca_en\.tsv: column 'split' is missing in the first line"),
        (b"", r"ca_en\.tsv: column 'path' is missing in the first line"),
        ("path\ttranslation\tsplit\né\tx\ttrain\n".encode("latin-1"), r"ca_en\.tsv is not UTF-8"),
        (
            b"path\ttranslation\tsplit\n" + b"x" * 200_000,
            r"ca_en\.tsv is not a valid tab-separated table \(field larger",
        ),
        (b"path\ttranslation\tsplit\n", r"leaves no test speech of 'ca' for 9 hours \(dropped: none\)"),
        (b"\xef\xbb\xbfpath\ttranslation\tsplit\na.mp3\tA.\n", r"\(dropped: 1 wrong number of columns\)"),
        (b"path\ttranslation\tsplit\na.mp3\tA.\ttest\n", r"\(dropped: 1 not in validated\.tsv\): check that clips and"),
    ],
)
def test_a_table_that_cannot_serve(faulty, content, message):
    (faulty / "covost_v2.ca_en.tsv").write_bytes(content)
    with pytest.raises(UserError, match=message):
        load(on_disk(faulty, faulty))


def test_nothing_left_names_folder_language_and_counts(common_voice, translations):
    source = on_disk(common_voice, translations) | {"min_seconds": 2.5, "max_seconds": 2.6}
    message = r"/ca with .*covost_v2\.ca_en\*\.tsv leaves no test speech of 'ca' .* \(dropped: 2 too short, 1 unreadable audio\)"
    with pytest.raises(UserError, match=message):
        load(source)


def test_a_language_or_a_split_that_is_not_there(common_voice, translations):
    source = on_disk(common_voice, translations)
    for language in ("en", "ko", "zh-TW"):
        with pytest.raises(UserError, match=f"does not translate '{language}' into English: choose one of ar, ca"):
            load(source, language)
    with pytest.raises(UserError, match="has no split 'dev'"):
        load(source, hours={"dev": 1})


def test_files_of_a_mirror_that_cannot_serve(mirror, tmp_path):
    import pyarrow.parquet as pq

    file = tmp_path / "ca_en" / "test-00000-of-00001.parquet"
    file.parent.mkdir()
    whole = (mirror / "ca_en" / file.name).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"test-00000-of-00001\.parquet is not a complete Parquet file"):
        load({"mirror": str(tmp_path)})
    pq.write_table(pq.read_table(io.BytesIO(whole)).drop_columns("sentence"), file)
    with pytest.raises(UserError, match=r"test-00000-of-00001\.parquet has no column 'sentence'"):
        load({"mirror": str(tmp_path)})


@pytest.mark.parametrize("form", ["tables", "splits", "mirror"])
def test_english_with_translations_into_another_language_is_read_in_the_same_layouts(
    form, common_voice, translations, split_translations, mirror, tmp_path
):
    """The same corpus under the names of the other direction: what was spoken is now English."""
    if form == "mirror":
        shutil.copytree(mirror / "ca_en", tmp_path / "en_ca")
        source = {"mirror": str(tmp_path)}
    else:
        shutil.copytree(common_voice / "ca", tmp_path / "en")
        for path in (translations if form == "tables" else split_translations).glob("*.ca_en*"):
            shutil.copy(path, tmp_path / path.name.replace("ca_en", "en_ca"))
        source = on_disk(tmp_path, tmp_path)
    found = list(covost.rows({"max_seconds": 3} | source, "en", ALL, 1, [], "ca"))
    good = {expected_id(clip, "en"): clip for clip in CA if not clip.reason}
    assert {row["utterance"] for row in found} == good.keys()
    assert {row["ca"] for row in found} == {utterance.clean(clip.translation) for clip in good.values()}
    assert all(row["en"] == utterance.clean(good[row["utterance"]].sentence) for row in found)
