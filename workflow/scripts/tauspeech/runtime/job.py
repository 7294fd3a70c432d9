"""A job at run time: its specification, its verified inputs, and where its outputs belong."""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tauspeech.runtime.attempts import seconds_before
from tauspeech.runtime.code_version import code_version
from tauspeech.runtime.disk import trouble_of
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text, write_text
from tauspeech.runtime.receipts import Receipt, write_receipt
from tauspeech.runtime.stages import RUNTIME_SETTINGS, STAGES, batch_record_path, receipt_path, spec_path


class Job:
    """One job, read from its specification file."""

    def __init__(self, path: Path, threads: int):
        text = path.read_text(encoding="utf-8")
        self.spec: dict[str, Any] = json.loads(text)
        self.key = sha256_text(text)
        self.results = results_of(path)
        self.stage: str = self.spec["stage"]
        self.id: str = self.spec["id"]
        self.name = self.id.rpartition("/")[2]
        self.settings: dict[str, Any] = self.spec["settings"]
        self.seed: int = self.spec["seed"]
        self.threads: int = self.spec["threads"] or threads  # 0 in the plan: the result does not depend on them
        self.receipt = self.results / receipt_path(self.stage, self.id)
        self._used: dict[str, Any] = {}
        self._begin = time.monotonic()
        self.earlier_seconds = 0.0  # of attempts before this one, whose work it goes on with
        self.pace: dict[str, dict[str, float]] = {}  # seconds of decoding, and of the audio, by set

    @property
    def module(self) -> ModuleType:
        """The module that the plan chose for this job, such as a voice engine or a table of an experiment."""
        return import_module(self.spec["modules"][0])

    def input(self, role: str, file: str | None = None) -> Path:
        """File of an input: the one named like the input's job, or ``file``; ``file='.'`` gives its folder."""
        return self._open(self.spec["inputs"][role], role, file)

    def inputs(self, role: str, file: str | None = None) -> dict[str, Path]:
        """The same for each job of a list of inputs, by id."""
        jobs = self.spec["inputs"].get(role, [])
        return {job["id"]: self._open(job, f"{role}/{job['id']}", file) for job in jobs}

    def choices(self) -> dict[str, dict[str, Any]]:
        """What the job's searches have chosen, by their ids."""
        return {
            id: json.loads(path.read_text(encoding="utf-8"))["chosen"] for id, path in self.inputs("searches").items()
        }

    def receipts(self, role: str) -> dict[str, Receipt]:
        """Receipts of a list of inputs, by id."""
        jobs = self.spec["inputs"].get(role, [])
        return {job["id"]: self._verified(job, f"{role}/{job['id']}")[0] for job in jobs}

    def files(self, role: str) -> list[Path]:
        """All files of an input, or of each job of a list of inputs."""
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
        """Receipt and files of an input, after checking that they are what this job was planned for and are unchanged."""
        receipt = Receipt.read(self.results / receipt_path(job["stage"], job["id"]))
        if receipt.key != job["key"]:
            raise UserError(
                f"{receipt.path} was made with other settings than {self.stage}/{self.id} was planned for: run snakemake again."
            )
        files = receipt.files()
        self._used[role] = {"key": receipt.key, "receipt": receipt.digest}
        return receipt, files

    def done(self) -> bool:
        """True if the artifact exists, is intact, and was made from the inputs as they are now."""
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
        """Inputs with the names that receipts give them: the role, or role/id in a list."""
        for role, found in self.spec["inputs"].items():
            if isinstance(found, list):
                yield from ((f"{role}/{job['id']}", job) for job in found)
            else:
                yield role, found

    def begin(self) -> None:
        """Count the time of the work from now on: a job of a batch waits for those before it."""
        self._begin = time.monotonic()

    def path(self, *parts: str) -> Path:
        """Path of an output: beside the receipt."""
        return self.receipt.parent.joinpath(*parts)

    @property
    def checkpoints(self) -> Path:
        """Folder for the state of an unfinished training with exactly this specification; not an output of a rule."""
        return self.results / "checkpoints" / self.id / self.key[:16]

    def runtime_settings(self, *place: str) -> dict[str, Any]:
        """Settings that change no result (addresses, limits, timeouts), as the configuration has them now."""
        path = self.results / RUNTIME_SETTINGS
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        for key in place:
            found = found.get(key, {})
        return found

    def finish(self, *outputs: Path, **properties: Any) -> None:
        """Write the receipt, after all outputs, so that its presence means a complete artifact."""
        seconds = self.earlier_seconds + time.monotonic() - self._begin
        measured = {"pace": self.pace} if self.pace else {}
        write_receipt(self.receipt, self.key, self.spec, self._used, list(outputs), seconds, properties, measured)


def run(main: Callable[[Job], None]) -> None:
    """Entry point of every script: ``script.py SPECIFICATION THREADS``, or a batch file in place of the specification.

    ``THREADS`` is used only where the result does not depend on it; otherwise the specification sets the number.
    """
    path, threads = Path(sys.argv[1]), int(sys.argv[2])
    code_version()  # of the code that works, not of what may be committed meanwhile
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        if "members" in content:
            _do_batch(main, path, threads)
        else:
            _do(main, Job(path, threads))
    except UserError as error:
        sys.exit(f"Error in {content['stage']} '{content['id']}': {error}")
    except Exception as error:
        where = f"Error in {content['stage']} '{content['id']}'"
        if trouble := trouble_of(error):
            sys.exit(f"{where}: {trouble}; solve that and run the same command again; finished work is kept.")
        traceback.print_exc()
        sys.exit(f"{where}: this is a bug or a hardware fault; the traceback above says where.")


def _do(main: Callable[[Job], None], job: Job) -> None:
    if STAGES[job.stage].resumes and os.environ.get("RANK", "0") == "0":  # of several processes the first one
        job.earlier_seconds = seconds_before(job.checkpoints)
    _limit_threads(job.threads)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main(job)


def _limit_threads(count: int) -> None:
    """Threads of the numeric libraries: of torch too, whether it is imported later or was by an earlier job."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(count)


def _do_batch(main: Callable[[Job], None], path: Path, threads: int) -> None:
    text, results = path.read_text(encoding="utf-8"), results_of(path)
    batch = json.loads(text)
    jobs = [Job(results / spec_path(batch["stage"], id), threads) for id in batch["members"]]
    for job in jobs:
        # Members that an earlier attempt, or an earlier plan with other members, has finished are skipped.
        if job.done():
            print(f"{job.id}: already exists", flush=True)
            continue
        print(f"{job.id}:", flush=True)
        job.begin()
        try:
            _do(main, job)
        except UserError as error:
            raise UserError(f"{job.id}: {error}" if job.id != batch["id"] else str(error)) from None
    made = {job.id: Receipt.read(job.receipt).digest for job in jobs}
    record = results / batch_record_path(batch["stage"], batch["id"])
    write_text(record, canonical_json({"batch": sha256_text(text), "members": made}))


def results_of(specification: Path) -> Path:
    return next(folder.parent for folder in specification.resolve().parents if folder.name == "plan")
