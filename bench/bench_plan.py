"""How long it takes to plan, and to build the job graph, as the number of words grows.

Prints seconds, milliseconds a job, and their ratio to the smallest number of words.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (10, 100, 1000)
PARTS = ("Snakefile", "rules", "workflow", "profiles", "envs", "resources")


def project(folder: Path, words: int) -> None:
    """The workflow with a made-up table: its names need not be words, since nothing is run."""
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    (folder / "config").mkdir()
    rows = [f"word-{number}\t词{number}\tWord {number}\tlocation" for number in range(words)]
    (folder / "config/words.tsv").write_text("\n".join(["word_id\tzh\ten\tdomain", *rows]) + "\n", encoding="utf-8")
    shutil.copy(ROOT / "config/config.yaml", folder / "config/config.yaml")


def measure(words: int) -> tuple[float, float, int]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, words)
        sys.path.insert(0, str(ROOT / "workflow/scripts"))
        import yaml

        from tauspeech.plan.config import complete
        from tauspeech.plan.rare_words import plan

        config = complete(yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8")), "config.yaml")
        config["words"] = str(folder / "config/words.tsv")
        begin = time.perf_counter()
        jobs = len(plan(config, folder / "results").specs())
        planned = time.perf_counter() - begin
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--quiet", "all"]
        subprocess.run(
            command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )  # writes the specifications
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return planned, time.perf_counter() - begin, jobs


def main() -> None:
    print(f"{'words':>6} {'jobs':>7} {'plan s':>8} {'ms/job':>7} {'dry run s':>10} {'ms/job':>7} {'ratio':>6}")
    smallest = None
    for words in COUNTS:
        planned, dry, jobs = measure(words)
        smallest = smallest or dry / jobs
        row = f"{words:6} {jobs:7} {planned:8.2f} {1000 * planned / jobs:7.2f} {dry:10.2f} {1000 * dry / jobs:7.2f}"
        print(f"{row} {dry / jobs / smallest:6.2f}", flush=True)


if __name__ == "__main__":
    main()
