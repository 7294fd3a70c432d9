"""Cost of a large table of words before anything runs: plan, job graph, files, submissions.

A dry run is compared with one of a plain Snakemake workflow with as many jobs: chains of rules with one input and one
output. Prints for each number of words: seconds to plan; Snakemake's jobs, in total and per word; the dry run in seconds,
in milliseconds per job, and as a multiple of the plain one; files of the plan; submissions with profiles/slurm.

    bench_plan.py [WORDS ...]        default: 10 100 1000
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (10, 100, 1000)
CHAIN = 14  # rules of the plain workflow
PARTS = ("Snakefile", "rules", "workflow", "profiles", "envs", "resources")
PLAIN = """
rule all:
    input: [f"r{chain}/{{i}}" for i in range({items})]
"""
PLAIN_RULE = """
rule r{number}:
    input: "{above}"
    output: "r{number}/{{id}}"
    shell: "cp {{input}} {{output}}"
"""


def project(folder: Path, words: int) -> None:
    """The workflow with an artificial table of words; nothing is run."""
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    (folder / "config").mkdir()
    rows = [f"word-{number}\t词{number}\tWord {number}\tlocation" for number in range(words)]
    (folder / "config/words.tsv").write_text("\n".join(["word_id\tzh\ten\tdomain", *rows]) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "config/config.yaml", folder / "config/config.yaml")


def plain(folder: Path, jobs: int) -> None:
    items = jobs // CHAIN
    rules = [PLAIN_RULE.format(number=i, above=f"r{i - 1}/{{id}}" if i > 1 else "start") for i in range(1, CHAIN + 1)]
    (folder / "Snakefile").write_text(PLAIN.format(chain=CHAIN, items=items) + "".join(rules), encoding="utf-8")
    (folder / "start").touch()


def dry_run(folder: Path, *arguments: str) -> tuple[float, str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", *arguments]
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return time.perf_counter() - begin, done.stdout


def measure(words: int) -> list[str]:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as other:
        folder, reference = Path(name), Path(other)
        project(folder, words)
        planned = seconds_to_plan(folder)
        dry_run(folder, "--quiet", "all")  # writes the specifications
        jobs = int(re.search(r"^total +(\d+)", dry_run(folder, "--quiet", "rules")[1], re.MULTILINE)[1]) - 1
        dry = dry_run(folder, "--quiet", "all")[0]
        plain(reference, jobs)
        ratio = dry / dry_run(reference, "--quiet", "all")[0]
        files = sum(1 for _ in (folder / "results").rglob("*.json"))
        output = dry_run(folder, "--workflow-profile", "profiles/slurm")[1]
        submissions = len(re.findall(r"^(?:\[.*\] Group job |rule )", output, re.MULTILINE))
        return [
            *(str(words), f"{planned:.2f}", str(jobs), f"{jobs / words:.1f}"),
            *(f"{dry:.1f}", f"{1000 * dry / jobs:.2f}", f"{ratio:.2f}", str(files), str(submissions)),
        ]


def seconds_to_plan(folder: Path) -> float:
    sys.path.insert(0, str(ROOT / "workflow/scripts"))
    import yaml

    from tauspeech.experiments.rare_words.plan import plan
    from tauspeech.plan.config import complete

    config = complete(yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8")), "config.yaml")
    config["words"] = str(folder / "config/words.tsv")
    begin = time.perf_counter()
    plan(config, folder / "results").specs()
    return time.perf_counter() - begin


def main() -> None:
    columns = ("words", "plan s", "jobs", "a word", "dry run s", "ms/job", "x plain", "plan files", "submissions")
    print(" ".join(f"{column:>11}" for column in columns))
    for words in map(int, sys.argv[1:] or COUNTS):
        print(" ".join(f"{cell:>11}" for cell in measure(words)), flush=True)


if __name__ == "__main__":
    main()
