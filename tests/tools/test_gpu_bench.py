"""bench/gpu.py without a GPU: every part on tiny shapes, the formula of FLOPs, and what becomes of failures."""

import json
import re
import subprocess
import sys
import time
from argparse import Namespace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tauspeech.training.lora import LoraAdapter
from tests.processes import python
from tests.workflow.project import ROOT

sys.path.insert(0, str(ROOT / "bench"))

import gpu
from gpu_parts import results
from gpu_parts.card import stated_peak
from gpu_parts.setup import Setup, attempt
from gpu_parts.shapes import TINY, lora_training, new_whisper, products


@pytest.fixture(autouse=True)
def threads():
    """Torch's threads, which the stages set, as they were."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def rows_of(name, folder, **options):
    """What a part reports on tiny shapes, in this process."""
    found = []
    setup = {"device": "cpu", "peak": 1.0, "scratch": str(folder), "seconds": 600, "fixture": "none"}
    gpu.begin_part(name, setup, found.append, **options)
    assert found
    assert not [row["error"] for row in found if "error" in row]
    return found


def test_the_stages_give_the_same_tables_twice(tmp_path):
    *_, row = rows_of("proof", tmp_path, isolated=False)
    assert row["equal_within_rounding"]
    assert row["tables"] > 5
    assert row["cells"] > 100
    assert row["hypotheses_apart"] == 0


def test_another_table_is_noticed(tmp_path):
    from gpu_parts import proof

    for place, score in (("one", "41.27"), ("other", "41.30")):
        (tmp_path / place / "tables").mkdir(parents=True)
        (tmp_path / place / "tables" / "a.tsv").write_text(f"system\tBLEU\nTA\t{score}\n")
    row = proof.table_differences(tmp_path / "one", tmp_path / "other")
    assert row["cells_apart"] == 1
    assert not row["equal_within_rounding"]


def test_training_of_every_kind_is_measured(tmp_path):
    found = rows_of("training", tmp_path)
    assert {row["trained"] for row in found} == {"all weights", "LoRA"}
    assert {row["loop"].partition(",")[0] for row in found} == {"tauspeech", "plain Trainer", "bare loop"}
    for row in found:
        assert row["examples_s"] > 0
        assert row["share_of_peak"] == pytest.approx(row["tflops"])


def test_decoding_finds_the_tokens_of_generate(tmp_path):
    found = rows_of("decoding", tmp_path)
    assert {row["same_tokens"] for row in found if row["beams"] == 1} == {"100.0%"}
    assert all(row["made_tokens"] == row["tokens"] for row in found)


def test_merges_agree_with_the_engine(tmp_path):
    found = {row["method"].split()[0]: row for row in rows_of("merging", tmp_path)}
    assert set(found) == {"TA", "TIES", "DARE", "LoRS"}
    assert found["TA"]["distance"] < 1e-6
    assert found["LoRS"]["distance"] < 1e-4
    assert found["TIES"]["distance"] < 1e-2  # equal magnitudes at the cut


@pytest.mark.parametrize("lora", [False, True])
def test_flops_by_formula_are_those_that_torch_counts(lora):
    window, tokens, rank = 2, 12, 4
    model = new_whisper(TINY, window, "cpu")
    model.network.set_attn_implementation("eager")  # attention as products that are counted
    module = LoraAdapter(model, rank, 8.0, "attention", 1).module if lora else model.network
    batch = {"input_features": torch.randn(1, 80, 200), "labels": torch.randint(0, 1000, (1, tokens))}
    with FlopCounterMode(display=False) as counter:
        module.train()(**batch).loss.backward()
    formula = lora_training(TINY, window, tokens, rank) if lora else products(TINY, window, tokens).full_training
    assert formula == counter.get_total_flops()


def arguments(tmp_path, **values):
    places = {"out": tmp_path / "out", "speech": tmp_path / "none", "wheels": tmp_path / "none"}
    return Namespace(parts=["decoding"], seconds=300, **places, **values)


def test_a_run_writes_json_and_prints_tables(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", python())
    gpu.measure(arguments(tmp_path), tmp_path)
    written = json.loads((tmp_path / "out" / "cpu.json").read_text())
    assert set(written) >= {"card", "versions", "code", "parts", "skipped", "goals", "seconds"}
    assert written["versions"]["torch"] == torch.__version__
    part = written["parts"]["decoding"]
    assert part["error"] is None
    assert len(part["rows"]) == 3
    assert "| shape | precision | beams |" in capsys.readouterr().out


def test_a_part_that_fails_is_reported_and_those_for_which_no_time_is_left_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "in_process", lambda name, *_: {"rows": [], "error": f"{name} broke", "seconds": 1.0})
    gpu.measure(arguments(tmp_path), tmp_path)
    (found,) = (tmp_path / "out").glob("*.json")
    assert json.loads(found.read_text())["parts"]["decoding"]["error"] == "decoding broke"
    monkeypatch.setattr(gpu, "LEAST", 1e9)
    gpu.measure(arguments(tmp_path), tmp_path)
    assert json.loads(found.read_text())["skipped"] == ["card", "decoding"]


def test_a_process_that_takes_too_long_is_stopped_and_keeps_its_rows(tmp_path, monkeypatch):
    script = tmp_path / "slow.py"
    rows = tmp_path / "rows.jsonl"
    script.write_text(f"import time\nopen({str(rows)!r}, 'w').write('{{\"a\": 1}}\\n')\ntime.sleep(60)\n")
    (tmp_path / "gpu.py").symlink_to(script)
    monkeypatch.setattr(gpu, "BENCH", tmp_path)
    monkeypatch.setattr(gpu, "GRACE", 0.0)
    begin = time.monotonic()
    part = gpu.in_process("training", {"scratch": str(tmp_path)}, 3)
    assert time.monotonic() - begin < 30
    assert part["rows"] == [{"a": 1}]
    assert part["error"].startswith("stopped after")


def test_a_row_that_fails_says_why_and_the_next_goes_on(tmp_path):
    found = []
    setup = Setup("cpu", True, tmp_path, time.monotonic() + 100)
    attempt(setup, found.append, {"name": "a"}, lambda: 1 // 0)
    attempt(setup, found.append, {"name": "b"}, lambda: {"value": 1})
    attempt(setup, found.append, {"name": "c"}, lambda: {"value": 1}, needed=1000)
    assert found[0]["error"].startswith("ZeroDivisionError")
    assert found[1]["value"] == 1
    assert found[2]["error"].startswith("skipped")


def test_goals_are_held_against_the_best_rows():
    common = {"shape": "medium", "window_s": 30, "trained": "all weights"}
    training = [
        common | {"loop": "tauspeech", "examples_s": 80.0, "share_of_peak": 0.33},
        common | {"loop": "tauspeech, compiled layers", "examples_s": 120.0, "share_of_peak": 0.45},
        common | {"loop": "plain Trainer", "examples_s": 100.0, "share_of_peak": 0.4},
        common | {"loop": "bare loop", "examples_s": 900.0, "share_of_peak": 0.9},
        common | {"loop": "tauspeech, AdamW not fused", "error": "OutOfMemoryError"},
    ]
    found = {row["goal"]: row for row in results.goals({"training": {"rows": training}})}
    assert found["full fine-tuning, share of the peak"]["reached"]
    assert found["full fine-tuning, times the plain Trainer"]["found"] == pytest.approx(1.2)
    assert not found["full fine-tuning, times the plain Trainer"]["reached"]
    assert found["greedy decoding in bf16, times generate, batch 16"]["found"] is None


def test_no_goal_is_reached_by_a_row_of_something_else():
    parts = {
        "proof": {"rows": [{"compared": "CPU with GPU without TF32", "equal_within_rounding": True}]},
        "training": {
            "rows": [
                {"shape": "medium", "window_s": 30, "trained": "all weights", "loop": "tauspeech", "examples_s": 80.0}
            ]
        },
        "decoding": {"rows": [{"shape": "medium", "beams": 1, "batch": 16, "precision": "fp32", "ratio": 3.0}]},
    }
    found = {row["goal"]: row for row in results.goals(parts)}
    assert found["a GPU gives the CPU's tables"]["found"] is None
    assert found["full fine-tuning, share of the peak"]["found"] is None
    assert found["greedy decoding in bf16, times generate, batch 16"]["found"] is None
    assert [goal for goal, row in found.items() if row["reached"]] == [
        "greedy decoding in fp32, times generate, batch 16"
    ]


def test_a_slow_first_part_leaves_the_device_to_the_others(tmp_path):
    assert gpu.time_of("card", ["proof", "training", "decoding", "merging"], 540, 540) > 120
    found = {"card": {}, "versions": {}}
    gpu.add(found, "card", {"rows": [{"device": "cuda", "versions": {"torch": "2"}}], "error": "stopped after 140 s"})
    assert found["card"] == {"device": "cuda", "error": "stopped after 140 s"}
    assert found["versions"] == {"torch": "2"}
    gpu.add(found, "card", {"rows": [], "error": "no memory"})
    assert gpu.setup_of(found["card"], tmp_path / "proof", 1.0, tmp_path)["device"] is None


@pytest.mark.parametrize(
    ("card", "peak"), [("NVIDIA H100 80GB HBM3", 989), ("NVIDIA H100 PCIe", 756), ("NVIDIA H200", 989), ("Other", None)]
)
def test_peaks_of_cards(card, peak):
    assert stated_peak(card) == peak


def test_wheels_have_the_locked_versions_and_hashes():
    locked = (ROOT / "envs" / "requirements.txt").read_text(encoding="utf-8")
    lines = [
        line for line in (ROOT / "bench" / "gpu_wheels.txt").read_text(encoding="utf-8").splitlines() if line[0] != "#"
    ]
    assert len(lines) > 5
    for line in lines:
        package, _, hash = line.partition(" --hash=")
        block = re.search(rf"^{re.escape(package)} \\\n(?:    --hash=\S+(?: \\)?\n)+", locked, re.MULTILINE)
        assert block, f"{package} is not locked in envs/requirements.txt"
        assert hash in block[0], f"{package} has another hash there"


def test_stages_that_take_too_long_are_reported_with_what_they_printed(tmp_path):
    from gpu_parts import proof

    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "output.txt").write_text("finetune/berlin-wall\nstep 3/24\n")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    setup = Setup("cpu", True, tmp_path, time.monotonic())
    with pytest.raises(TimeoutError, match=r"took too long: .*step 3/24"):
        proof.finish(process, setup)
    process.wait()
