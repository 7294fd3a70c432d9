"""The check before any training, with the bundled bases: the default voices pass, and Russian ones do not."""

import json

import pytest

import check_intelligibility
import check_rarity
import make_speech
import make_text
import prepare_base
from tauspeech.data.tables import read_table
from tauspeech.experiments.lors.plan import plan as plan_lors
from tauspeech.experiments.rare_words.plan import plan as plan_words
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job

MAINS = {
    "base": prepare_base.main,
    "text": make_text.main,
    "speech": make_speech.main,
    "rarity": check_rarity.main,
    "intelligibility": check_intelligibility.main,
}
WORDS = "word_id\tzh\ten\tdomain\nberlin-wall\t柏林墙\tBerlin Wall\tlandmark\n"
OF_WORDS = {"experiment": "rare_words", "words": "words.tsv", "base": "foundation/small", "rarity": {"carriers": 8}}
RUSSIAN = {"voices": {"zh": ["ru"]}}
OF_LORS = {"experiment": "lors", "base": "foundation/multilingual-small", "scoring": {"sclite": False}}
OF_LORS["groups"] = {
    "high": {"languages": ["de", "it"], "hours": dict.fromkeys(("train", "validation", "test"), 0.003)}
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Do a job, by default the check before any training, and all that it needs, without Snakemake; gives the results."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.tsv").write_text(WORDS, encoding="utf-8")
    results = tmp_path / "results" / "t"

    def do(config, plan, *place):
        jobs = plan(complete({"name": "t"} | config, "c.yaml"), results).jobs
        for path, text in ((results / f"plan/{job.stage}/{job.id}.json", job.text) for job in jobs.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        def make(job):
            for parent in job.parents:
                make(parent)
            made = Job(results / f"plan/{job.stage}/{job.id}.json", 2)
            if not made.done():
                MAINS[job.stage](made)

        make(jobs[place or ("intelligibility", "intelligibility")])
        return results

    return do


def measured(results):
    return {(row["speech"], row["measure"]): float(row["share"]) for row in read_table(results / "intelligibility.tsv")}


def test_the_default_voices_pass(run):
    results = run(OF_WORDS, plan_words)
    word = json.loads((results / "rarity/berlin-wall.json").read_text(encoding="utf-8"))
    assert word["verdict"] == "rare"
    shares = {("berlin-wall", measure): round(word[measure], 2) for measure in ("control", "round_trip")}
    assert measured(results) == shares
    assert min(shares.values()) > 0.7


def test_voices_of_another_language_stop_the_run(run, tmp_path):
    with pytest.raises(UserError, match=r"berlin-wall \(recall of common words 0\.\d+, .* the base writes '.+'\)"):
        run(OF_WORDS | {"speech": RUSSIAN}, plan_words)
    results = tmp_path / "results/t"
    word = json.loads((results / "rarity/berlin-wall.json").read_text(encoding="utf-8"))
    assert word["verdict"] == "unintelligible" and word["round_trip"] < 0.5
    assert not (results / "intelligibility.receipt.json").exists()


def test_own_sentences_are_decided_by_their_transcripts(run, tmp_path):
    text = read_table(run(OF_WORDS, plan_words, "text", "berlin-wall--carriers") / "text/berlin-wall--carriers.tsv")
    own = tmp_path / "config/text/berlin-wall.tsv"
    own.parent.mkdir(parents=True)
    lines = [f"{row['zh']}\t{row['en']}" for row in text if row["split"] == "carrier"]
    own.write_text("\n".join(["zh\ten", *lines, ""]), encoding="utf-8")
    settings = OF_WORDS | {"text": {"counts": {"train": 1, "validation": 1, "test": 1}}, "rarity": {"carriers": 4}}
    assert set(measured(run(settings, plan_words))) == {("berlin-wall", "round_trip")}
    with pytest.raises(UserError, match=r"berlin-wall \(share of sentences that pass the round-trip check 0\.\d+, and"):
        run(settings | {"speech": RUSSIAN}, plan_words)


def test_sets_of_languages_pass_or_are_named(run):
    assert set(measured(run(OF_LORS, plan_lors))) == {("de", "round_trip"), ("it", "round_trip")}
    with pytest.raises(UserError, match=r"recognise: it \(share of .*\. A training"):
        run(OF_LORS | {"speech": {"voices": {"de": ["de+f5"], "it": ["cmn"]}}}, plan_lors)


class FinishedChecks:
    """The job's view of finished checks: shares by role and id, in files of a folder."""

    id, settings = "intelligibility", {"least": {"avignon": 0.5}}

    def __init__(self, folder, **shares):
        self.folder, self.outputs, self._files = folder, [], {}
        for role, of_role in shares.items():
            self._files[role] = {id: self._written(role, id, found) for id, found in of_role.items()}

    def _written(self, role, id, shares):
        written = [{"sentence": "一", "hypothesis": f"{role} of {id}"}]
        record = shares | {"examples": dict.fromkeys(shares, written), "least": {"control": 0.5, "round_trip": 0.5}}
        path = self.folder / role / f"{id}.parquet"
        path.parent.mkdir(exist_ok=True)
        for each in (path, path.with_suffix(".check.json")):
            each.write_text(json.dumps(record), encoding="utf-8")
        return path

    def inputs(self, role):
        return self._files.get(role, {})

    def path(self, name):
        return self.folder / name

    def finish(self, *paths):
        self.outputs += paths


def test_a_word_and_its_set_have_names_of_their_own(tmp_path):
    rarity = {"avignon": {"control": 0.1, "round_trip": 0.9}}
    job = FinishedChecks(tmp_path, rarity=rarity, speech={"avignon": {"round_trip": 0.8}})
    check_intelligibility.main(job)
    assert measured(tmp_path) == {
        ("avignon", "control"): 0.1,
        ("avignon", "round_trip"): 0.9,
        ("set avignon", "round_trip"): 0.8,
    }
    job = FinishedChecks(tmp_path, rarity=rarity, speech={"avignon": {"round_trip": 0.3}})
    with pytest.raises(
        UserError, match=r"recognise: set avignon \(share .* 0\.30, .*of '一' the base writes 'speech of av"
    ):
        check_intelligibility.main(job)
    assert not job.outputs
