"""A base model of an experiment, as a folder in float32: models/base/, or models/base--<name>/ of a further one."""

from pathlib import Path
from typing import Any

from tauspeech.data.own_folders import unchanged_folder
from tauspeech.remote.hub import hub_folder
from tauspeech.runtime.files import write_folder
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.runtime.receipts import Receipt


def shipped(settings: dict[str, Any]) -> Path:
    origin = Path(FOUNDATIONS, settings["size"])
    Receipt.read(origin / "receipt.json").files()
    return origin


def from_hub(settings: dict[str, Any]) -> Path:
    return hub_folder(settings["model"])


ORIGINS = {"shipped": shipped, "folder": unchanged_folder, "hub": from_hub}


def main(job: Job) -> None:
    from tauspeech.models.devices import device
    from tauspeech.models.family import open_model
    from tauspeech.models.importing import import_base
    from tauspeech.training.foundation import train_foundation

    settings = job.settings

    def make(folder: Path) -> None:
        if settings["kind"] == "train":
            train_foundation(job, folder)
        else:
            import_base(ORIGINS[settings["kind"]](settings), folder)

    write_folder(job.path(), make)
    files = sorted(file for file in job.path().iterdir() if file.is_file())
    trained_on = {"device": device()} if settings["kind"] == "train" else {}
    job.finish(*files, leading_space=open_model(job.path()).leading_space, **trained_on)


if __name__ == "__main__":
    run(main)
