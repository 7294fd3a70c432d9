"""A project with results in it, in a folder that nothing may be written outside of."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tauspeech.plan.index import open_plan
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tauspeech.runtime.stages import spec_path
from tests.bad_inputs.entry import Ended, enter

WORDS = "word_id\tzh\ten\tdomain\nberlin-wall\t柏林墙\tBerlin Wall\tlandmark\n"
CONFIG = {
    "name": "t",
    "experiment": "rare_words",
    "words": "words.tsv",
    "base": "base",
    "text": {"counts": {"train": 4, "validation": 2, "test": 2, "general": 2}},
    "training": {"epochs": 1, "batch": 4, "evaluations": 1, "best_by": "loss"},
    "merging": {"grid": [0.5]},
    "decoding": {"new_tokens": 4},
}
# Names of files and folders that a run may write although it fails: plans, logs, answers that were paid for, when a training began, and hashes that save work.
_PASSING = {".snakemake", "plan", "logs", "answers", ".attempts.json"}

Snapshot = dict[str, tuple[int, bytes]]


@dataclass(frozen=True)
class World:
    """The project lies two folders deep, so that ``../`` leads to a place that is looked at."""

    root: Path

    @property
    def project(self) -> Path:
        return self.root / "around" / "project"

    @property
    def results(self) -> Path:
        return self.project / "results" / "t"

    def write(self, file: str, content: str | bytes) -> Path:
        path = self.project / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def configure(self, **sections: Any) -> None:
        self.write("config.yaml", yaml.safe_dump(CONFIG | sections, allow_unicode=True))

    def planned(self) -> None:
        """Write the specifications, as the Snakefile does."""
        before = Path.cwd()
        os.chdir(self.project)
        try:
            open_plan(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8")), "config.yaml", main=True)
        finally:
            os.chdir(before)

    def planning(self) -> Ended:
        """The same as an attempt that may be refused, in this process, with the message of the Snakefile."""
        try:
            self.planned()
        except UserError as error:
            return Ended(1, "", f"Error: {error}\n")
        return Ended(0, "", "")

    def stage(self, script: str, stage: str, id: str, environment: Mapping[str, str] | None = None) -> Ended:
        """The script of a planned job, as its rule calls it."""
        return enter([script, f"results/t/{spec_path(stage, id)}", "1"], self.project, environment)

    def snakemake(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        snakefile = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml", "--cores", "1"]
        return enter(["snakemake", *snakefile, *arguments], self.project, environment)

    def tauspeech(self, *arguments: str) -> Ended:
        return enter(["tauspeech", *arguments], self.project)

    def files(self) -> Snapshot:
        """Time stamp and content of all that is to stay as it is, outside of the project too."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            parts = path.relative_to(self.root).parts
            if path.is_file() and not _PASSING.intersection(parts) and not path.name.endswith(".hashes.json"):
                found["/".join(parts)] = (path.stat().st_mtime_ns, path.read_bytes())
        return found

    def copied_to(self, root: Path) -> "World":
        shutil.copytree(self.root, root, copy_function=shutil.copy2, dirs_exist_ok=True)
        return World(root)

    def edit_json(self, file: str, **changes: Any) -> None:
        content = json.loads((self.project / file).read_text(encoding="utf-8"))
        self.write(file, json.dumps(content | changes))
