"""Opening a plan: specification files are written once, kept while they hold, and frozen for a run's jobs."""

import json
import os
import subprocess
import sys

import pytest

from tauspeech.plan import run_lock
from tauspeech.plan.index import open_plan
from tauspeech.plan.orphans import orphans
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text
from tauspeech.runtime.paths import ROOT
from tauspeech.runtime.stages import PLAN_INDEX, STAGES, TTS_CACHE, receipt_path

LONG_AGO = 1_000_000_000
WORDS = ("neuschwanstein", "avignon", "raphael")


@pytest.fixture
def opened(config):
    """Open the plan of a configuration of three words, with some sections of its own."""
    return lambda main=True, **sections: open_plan(config(**sections), "config/c.yaml", main)


@pytest.fixture
def results(folder):
    return folder / "results" / "t"


def spec_files(results):
    return {str(path.relative_to(results / "plan")): path for path in (results / "plan").rglob("*.json")}


def make_old(results):
    for path in spec_files(results).values():
        os.utime(path, (LONG_AGO, LONG_AGO))


def rewritten(results):
    return {name for name, path in spec_files(results).items() if path.stat().st_mtime != LONG_AGO}


def test_planning_needs_no_torch():
    code = "import sys, tauspeech.plan.index; print(sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    env = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    found = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_job_gets_its_file(opened, results):
    opened()
    files = spec_files(results)
    for name, path in files.items():
        if "/" in name and not name.startswith("batches/"):
            spec = json.loads(path.read_text(encoding="utf-8"))
            assert name == f"{spec['stage']}/{spec['id']}.json"
            for role in spec["inputs"].values():
                for job in role if isinstance(role, list) else [role]:
                    above = files[f"{job['stage']}/{job['id']}.json"].read_text(encoding="utf-8")
                    assert job["key"] == sha256_text(above)


def test_an_unchanged_plan_touches_no_file(opened, results):
    opened()
    make_old(results)
    opened()
    assert rewritten(results) == set()


def test_only_changed_specifications_are_written_again(opened, results):
    opened()
    make_old(results)
    opened(rarity={"threshold": 0.5})
    checks = {f"rarity/{word}.json" for word in ("neuschwanstein", "avignon", "raphael")}
    after = {"intelligibility/intelligibility.json", "table/rarity.json", "report/report.json"}
    assert rewritten(results) == checks | after


def test_a_specification_that_was_edited_or_deleted_is_restored(opened, results):
    opened()
    edited, deleted = (results / "plan" / "vector" / f"{word}.json" for word in ("avignon", "raphael"))
    text = edited.read_text()
    edited.write_text("{}")
    deleted.unlink()
    opened()
    assert edited.read_text() == text
    assert deleted.is_file()


def test_a_job_reads_the_frozen_plan_whatever_has_become_of_the_configuration(opened, results):
    before = opened()
    make_old(results)
    for edit in ({"seed": 99}, {"training": {"epochs": "broken"}}, {"words": ("goethe",)}):
        job = opened(main=False, **edit)
        assert all(job._specification(*place) == before._specification(*place) for place in before.jobs)
        assert set(job.wanted()) == set(before.wanted())
    assert rewritten(results) == set()


def test_gpus_are_frozen_too(opened):
    opened(training={"gpus": 2})
    assert opened(main=False, training={"gpus": 7}).gpus("training") == 2
    assert opened(main=False).gpus("decoding") == 0
    assert opened().gpus("training") == 0
    assert opened(main=False).gpus("training") == 0


@pytest.fixture
def snakemake_lock(folder):
    """Write the lock of a run that makes these files."""

    def write(*files):
        lock = folder / ".snakemake" / "locks" / "0.output.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")

    return write


def test_a_locked_folder_keeps_its_plan(opened, results, snakemake_lock):
    opened()
    make_old(results)
    snakemake_lock("results/t/report.html")
    opened(seed=1)  # the same plan does no harm
    with pytest.raises(UserError, match=r"another run of results/t is in progress and its plan has changed: wait"):
        opened(seed=2)
    assert rewritten(results) == set()


def test_runs_of_other_names_do_not_lock_the_folder(opened, snakemake_lock):
    opened()
    snakemake_lock("results/other/report.html", "results/t2/report.html")
    opened(seed=2)


def test_a_run_of_the_same_name_keeps_the_lock_until_it_ends(opened, folder, results):
    """Snakemake's own locks may be gone: another run that ended has removed them."""
    opened()
    os.close(run_lock._held.pop((results / run_lock.LOCK_FILE).resolve()))  # as if this process had ended
    code = "import sys; from pathlib import Path; from tauspeech.plan import run_lock; "
    code += "print(run_lock.acquire(Path('results/t')), flush=True); sys.stdin.read()"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        with pytest.raises(UserError, match=r"another run of results/t is in progress"):
            opened(seed=2)
        with pytest.raises(UserError, match=r"a run of .*results/t is in progress: wait"):
            list(orphans(results))
        other.stdin.close()
        other.wait()
    opened(seed=2)


def test_a_mistake_names_the_configuration(opened, results):
    with pytest.raises(UserError, match=r"^config/c\.yaml: key 'overrides\.x': no such word_id"):
        opened(overrides={"x": {}})
    with pytest.raises(UserError, match=r"^config/c\.yaml: key 'sed' is unknown: did you mean 'seed'"):
        opened(sed=1)
    assert not results.exists()


def test_rules_learn_inputs_threads_and_targets(opened):
    plan = opened(training={"threads": 3})
    assert plan.results == "results/t"
    assert plan.inputs_of("speech", "avignon", ("text",)) == ["results/t/text/avignon.receipt.json"]
    assert plan.inputs_of("vector", "avignon", ("base", "finetuned")) == [
        "results/t/models/avignon/receipt.json",
        "results/t/models/base/receipt.json",
    ]
    assert plan.inputs_of("text", "avignon", ()) == []
    assert (plan.threads("finetune", "avignon"), plan.threads("speech", "avignon")) == (3, 0)
    assert set(plan.receipts("vector")) == {
        f"results/t/vectors/{word}.receipt.json" for word in ("neuschwanstein", "avignon", "raphael")
    }
    assert {"results/t/report.html", "results/t/vectors/avignon.safetensors", "results/t/tables/table2.tsv"} <= set(
        plan.wanted()
    )


def test_models_of_one_set_of_words_are_decoded_and_scored_together(opened):
    plan = opened()
    decoded = [f"results/t/batches/decode/{batch}.json" for batch in ("avignon", "general")]
    assert plan.inputs_of("score", "avignon", ("hypotheses", "raw", "ft")) == decoded
    assert {"results/t/batches/merge/avignon.json"} < set(plan.inputs_of("decode", "avignon", ("model", "sets")))
    assert plan.inputs_of("merge", "avignon", ("base", "vectors", "searches")) == [
        "results/t/batches/search/avignon.json",
        "results/t/models/base/receipt.json",
        "results/t/vectors/avignon.receipt.json",
    ]
    assert "results/t/batches/score/avignon.json" in plan.wanted()
    assert not any("scores/" in path for path in plan.wanted())


def test_the_set_of_a_word_costs_eleven_jobs(opened):
    """Of Snakemake's; a table of a thousand words is eleven thousand."""

    def jobs(plan):
        single = [(stage, id) for stage, id in plan.jobs if not STAGES[stage].batched]
        return len(single) + sum(map(len, plan._batches.values()))

    counts = {"composition": {"counts": [1]}}
    two, three = (opened(words=WORDS[:number], **counts) for number in (2, 3))
    assert jobs(three) - jobs(two) == 11


def test_a_job_that_no_plan_asks_for_has_no_inputs(opened):
    assert opened().inputs_of("vector", "goethe", ()) == []  # Snakemake then says which specification is missing


def write_artifact(results, stage, id, *outputs):
    receipt = results / receipt_path(stage, id)
    receipt.parent.mkdir(parents=True, exist_ok=True)
    for name in outputs:
        (receipt.parent / name).write_text("x")
    receipt.write_text(json.dumps({"key": "", "spec": {}, "inputs": {}, "outputs": dict.fromkeys(outputs, "")}))
    return [receipt, *(receipt.parent / name for name in outputs)]


def test_orphans_are_what_no_plan_names_any_more(opened, results):
    opened()
    write_artifact(results, "text", "avignon", "avignon.tsv", "avignon.rejected.tsv")
    write_artifact(results, "finetune", "avignon", "model.safetensors")
    assert list(orphans(results)) == []
    gone = write_artifact(results, "vector", "raphael", "raphael.safetensors")
    rest = results / "models" / "avignon" / ".part"
    rest.write_text("x")
    opened(words=("neuschwanstein", "avignon"))
    found = set(orphans(results))
    assert {*gone, rest, results / "plan" / "vector" / "raphael.json"} <= found
    assert not any("avignon" in path.name or path.name == "plan.json" for path in found)
    assert all("raphael" in str(path) or "first3" in str(path) for path in found - {rest})


def test_cached_audio_of_a_planned_tts_job_is_no_orphan(opened, results):
    opened(speech={"voices": {"zh": ["coqui/mini"]}})
    ours, gone = (results / TTS_CACHE / "coqui" / f"{id}--coqui-mini" / "ab" / "c.wav" for id in ("avignon", "goethe"))
    for file in (ours, gone):
        file.parent.mkdir(parents=True)
        file.write_text("x")
    assert list(orphans(results)) == [gone]


def test_a_damaged_receipt_is_named_before_anything_counts_as_an_orphan(opened, results):
    opened()
    receipt, _ = write_artifact(results, "text", "avignon", "avignon.tsv")
    receipt.write_text("{")
    with pytest.raises(UserError, match=r"avignon\.receipt\.json is not readable JSON"):
        list(orphans(results))


def test_a_job_is_made_when_its_files_are_of_the_plan(opened, results):
    index = opened()
    assert not index.is_made("text", "avignon") and not index.is_made("text", "nothing")
    receipt, output = write_artifact(results, "text", "avignon", "avignon.tsv")
    spec = (results / "plan/text/avignon.json").read_text(encoding="utf-8")
    content = json.loads(receipt.read_text(encoding="utf-8"))
    assert not index.is_made("text", "avignon")  # of another plan
    receipt.write_text(json.dumps(content | {"key": sha256_text(spec)}))
    assert index.is_made("text", "avignon")
    output.unlink()
    assert not index.is_made("text", "avignon")
    receipt.write_text("{")
    assert not index.is_made("text", "avignon")


def test_a_batch_is_made_when_its_record_is_of_the_plan(opened, results):
    index = opened()
    record, batch = (results / path for path in ("batches/decode/avignon.json", "plan/batches/decode/avignon.json"))
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"batch": sha256_text(batch.read_text(encoding="utf-8")), "members": {}}))
    assert index.is_made("decode", "avignon") and not index.is_made("decode", "general")
    batch.write_text("{}")
    assert not index.is_made("decode", "avignon")


def test_the_frozen_plan_names_every_job_and_no_other(opened, results):
    opened()
    opened(words=("neuschwanstein",))
    frozen = json.loads((results / PLAN_INDEX).read_text(encoding="utf-8"))
    assert ["vector", "neuschwanstein"] in frozen["jobs"]
    assert ["vector", "avignon"] not in frozen["jobs"]
    assert set(frozen["batches"]["score"]) == {"neuschwanstein", "general"}
    assert {stage for stage, _ in frozen["jobs"]} == set(STAGES) - {
        *("voice", "candidates"),  # shipped, and asked for by name
        *("corpus", "channel", "pseudo_labels"),  # of other experiments, or with speech.channel
        "conversion",  # with decoding.engine
        *("unit_centres", "units"),  # of speech LLMs
    }
