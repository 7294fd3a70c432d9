"""What a script sees of the world: its specification, its verified inputs, a place for its outputs."""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text, write_text
from tauspeech.plan.runtime_settings import OPERATION
from tauspeech.runtime.stages import batch_record_path, receipt_path, spec_path
from tauspeech.runtime.receipts import Receipt, write_receipt


class Task:
    """One job, as its specification file describes it."""

    def __init__(self, path: Path, threads: int):
        text = path.read_text(encoding="utf-8")
        self.spec: dict[str, Any] = json.loads(text)
        self.key = sha256_text(text)
        self.results = results_of(path)
        self.stage, self.id = self.spec["stage"], self.spec["id"]
        self.name = self.id.rpartition("/")[2]
        self.settings: dict[str, Any] = self.spec["settings"]
        self.seed: int = self.spec["seed"]
        self.threads: int = self.spec["threads"] or threads
        self.receipt = self.results / receipt_path(self.stage, self.id)
        self._used: dict[str, Any] = {}
        self._begin = time.monotonic()

    def input(self, role: str, file: str | None = None) -> Path:
        """The file of an input (the one with the job's own name, or the one named), or its folder for ``file='.'``."""
        return self._open(self.spec["inputs"][role], role, file)

    def inputs(self, role: str, file: str | None = None) -> dict[str, Path]:
        """The same for each job of a list, by id."""
        jobs = self.spec["inputs"].get(role, [])
        return {job["id"]: self._open(job, f"{role}/{job['id']}", file) for job in jobs}

    def files(self, role: str) -> list[Path]:
        """All files of an input, or of each job of a list."""
        named = {name: job for name, job in self._inputs() if name.partition("/")[0] == role}
        return [file for name, job in named.items() for file in self._verified(job, name)[1].values()]

    def _open(self, job: dict[str, str], role: str, file: str | None) -> Path:
        receipt, files = self._verified(job, role)
        if file == ".":
            return receipt.path.parent
        if file is None:
            (own,) = [path for path in files.values() if path.stem == job["id"].rpartition("/")[2]]
            return own
        return files[file]

    def _verified(self, job: dict[str, str], role: str) -> tuple[Receipt, dict[str, Path]]:
        """An input's receipt and files, if they are what this job was planned for and nobody has changed them."""
        receipt = Receipt.read(self.results / receipt_path(job["stage"], job["id"]))
        if receipt.key != job["key"]:
            raise UserError(
                f"{receipt.path} belongs to other settings than {self.stage}/{self.id} was planned for: run snakemake again."
            )
        files = receipt.files()
        self._used[role] = {"key": receipt.key, "receipt": receipt.digest}
        return receipt, files

    def done(self) -> bool:
        """Whether the artifact is there, whole, and made from the inputs as they are now."""
        try:
            made = Receipt.read(self.receipt)
            made.files()
            used = made.content["inputs"]
            return made.key == self.key and all(
                Receipt.read(self.results / receipt_path(job["stage"], job["id"])).digest == used[role]["receipt"]
                for role, job in self._inputs()
                if role in used
            )
        except UserError:
            return False

    def _inputs(self) -> Iterator[tuple[str, dict[str, str]]]:
        """Each with the name that a receipt has for it."""
        for role, found in self.spec["inputs"].items():
            if isinstance(found, list):
                yield from ((f"{role}/{job['id']}", job) for job in found)
            else:
                yield role, found

    def path(self, *parts: str) -> Path:
        """Where an output belongs: beside the receipt."""
        return self.receipt.parent.joinpath(*parts)

    @property
    def checkpoints(self) -> Path:
        """Where an unfinished training leaves its state: of this very specification, and no output of a rule."""
        return self.results / "checkpoints" / self.id / self.key[:16]

    def operation(self, *place: str) -> dict[str, Any]:
        """Settings that change no result, as they are now: addresses, limits, waits."""
        path = self.results / OPERATION
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for key in place:
            found = found.get(key, {})
        return found

    def finish(self, *outputs: Path) -> None:
        """Declare the outputs; the receipt comes last, so that it stands for a whole artifact."""
        seconds = time.monotonic() - self._begin
        write_receipt(self.receipt, self.key, self.spec, self._used, list(outputs), seconds)


def run(main: Callable[[Task], None]) -> None:
    """Body of every script: ``script.py SPECIFICATION THREADS``, or with a batch in place of a specification.

    The threads given count only where the result does not depend on them; otherwise the plan says how many.
    """
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        if "members" in content:
            _do_batch(main, path, threads)
        else:
            _do(main, Task(path, threads))
    except UserError as error:
        sys.exit(f"Error in {content['stage']} '{content['id']}': {error}")
    except Exception as error:
        where = f"Error in {content['stage']} '{content['id']}'"
        if trouble := trouble_of(error):
            sys.exit(f"{where}: {trouble}; see to it and run the same command again, what is done is kept.")
        traceback.print_exc()
        sys.exit(f"{where}: this is a bug, or a machine's trouble; the lines above say where.")


def _do(main: Callable[[Task], None], task: Task) -> None:
    # Before anything imports torch; more threads than the plan gave would slow down everybody.
    os.environ["OMP_NUM_THREADS"] = str(task.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main(task)


def _do_batch(main: Callable[[Task], None], path: Path, threads: int) -> None:
    text, results = path.read_text(encoding="utf-8"), results_of(path)
    batch = json.loads(text)
    tasks = [Task(results / spec_path(batch["stage"], id), threads) for id in batch["members"]]
    for task in tasks:
        # What an earlier try, or an earlier plan with other members, has done is not done twice.
        if task.done():
            print(f"{task.id}: is there already", flush=True)
            continue
        print(f"{task.id}:", flush=True)
        try:
            _do(main, task)
        except UserError as error:
            raise UserError(f"{task.id}: {error}" if task.id != batch["id"] else str(error)) from None
    made = {task.id: Receipt.read(task.receipt).digest for task in tasks}
    record = results / batch_record_path(batch["stage"], batch["id"])
    write_text(record, canonical_json({"batch": sha256_text(text), "members": made}))


def results_of(specification: Path) -> Path:
    return next(folder.parent for folder in specification.resolve().parents if folder.name == "plan")
