"""The workflow in a folder of its own, with a tiny configuration."""

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.processes import python

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1500  # seconds; the longest run takes a minute or two on a machine that does nothing else
PARTS = (
    "Snakefile",
    "rules",
    "workflow",
    "profiles",
    "config",
    "envs",
    "tools",
    "resources/grammar",
    "resources/papers",
    "resources/voices",
)


@dataclass
class Project:
    """The workflow in a folder of its own."""

    folder: Path
    config: str = "config/tiny.yaml"

    def command(self, *arguments: str, real: bool = False) -> list[str]:
        """Snakemake's; its jobs are processes of the same interpreter, a forked or the real one."""
        return [python(real), "-m", "snakemake", "--configfile", self.config, *arguments]

    def snakemake(self, *arguments: str, real: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, real=real),
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )

    def run(self, *arguments: str, real: bool = False) -> str:
        done = self.snakemake("--cores", "2", *arguments, real=real)
        assert done.returncode == 0, done.stdout[-5000:]
        return done.stdout

    def planned(self, *arguments: str) -> set[str]:
        """Jobs that a run would do now, as stage/id."""
        done = self.snakemake("--dry-run", "--cores", "2", *arguments)
        assert done.returncode == 0, done.stdout[-5000:]
        found = set()
        for block in re.split(r"\n(?=(?:local)?rule )", done.stdout):
            if match := re.match(r"(?:local)?rule (\w+):", block):
                id = re.search(r"wildcards: .*?\bid=([^\s,]+)", block)
                found.add(f"{match[1]}/{id[1]}" if id else match[1])
        return found - {"all"}

    def changed(self) -> set[str]:
        """Jobs, as stage/id, whose specification a plan made now changes."""
        folder = self.result("plan")

        def specifications() -> dict[str, str]:
            files = (path for path in folder.rglob("*.json") if path.relative_to(folder).parts[0] != "batches")
            return {str(path.relative_to(folder).with_suffix("")): path.read_text(encoding="utf-8") for path in files}

        before = specifications()
        self.planned()
        return {job for job, text in specifications().items() if before.get(job) != text}

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)

    @property
    def name(self) -> str:
        return yaml.safe_load(self.path(self.config).read_text(encoding="utf-8"))["name"]

    def result(self, *parts: str) -> Path:
        return self.folder.joinpath("results", self.name, *parts)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def artifacts(self) -> dict[str, tuple[int, bytes]]:
        """Time stamp and content of every result that is no log, nor about one run; hidden files only save work."""
        skipped = {"logs", "benchmarks", "plan", "batches", "summary.tsv", "code.json"}
        results = self.result()
        files = (path for path in results.rglob("*") if path.is_file() and path.name[0] != ".")
        return {
            str(path.relative_to(results)): (path.stat().st_mtime_ns, path.read_bytes())
            for path in files
            if path.relative_to(results).parts[0] not in skipped
        }

    def content(self) -> dict[str, bytes]:
        """Of every artifact; a receipt without the time that the work took, and without the commit it was made at."""
        about_the_run = re.compile(rb'"seconds": [\d.]+|"code": \{[^}]*\}')
        return {
            name: about_the_run.sub(b"", data) if name.endswith("receipt.json") else data
            for name, (_, data) in self.artifacts().items()
        }

    def copied_to(self, folder: Path) -> "Project":
        """In another folder, as after a move: time stamps stay."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2, symlinks=True)
        return Project(folder, self.config)


def new_project(folder: Path, config: str = "tiny.yaml") -> Project:
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy(source, folder / part, **({"ignore": shutil.ignore_patterns("__pycache__")} if source.is_dir() else {}))
    shutil.copy2(Path(__file__).with_name(config), folder / "config" / config)
    words = (ROOT / "config/words.tsv").read_text(encoding="utf-8").splitlines()
    (folder / "config/words.tsv").write_text("\n".join(words[:3]) + "\n", encoding="utf-8")
    shutil.copytree(untrained_base(), folder / "base")
    return Project(folder, f"config/{config}")


@cache
def untrained_base() -> Path:
    """Folder of a Whisper as small as foundation/tiny, which nobody has trained; the same bytes in every process."""
    from tauspeech.models.foundation_sizes import SIZES
    from tauspeech.models.whisper.foundation import new_model

    folder = Path(tempfile.mkdtemp(prefix="tests-base-"))
    atexit.register(shutil.rmtree, folder)
    texts = (ROOT / "config/words.tsv").read_text(encoding="utf-8").splitlines()
    new_model(texts, SIZES["tiny"], seed=1).save(folder)
    return folder


os.environ.setdefault("HF_HUB_OFFLINE", "1")
