"""Jobs that make units of speech: the centres, and the units of a set."""

from pathlib import Path
from typing import Any

from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.sources import hashes_of, require_folder_or_hub_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.paths import FOUNDATIONS

# Encoders are opened by their names, so that the code of Whisper's is not found in the imports.
ENCODERS = ("tauspeech.models.whisper.family",)


def unit_centres(id: str, sets: list[PlannedJob], units: dict[str, Any], seed: int) -> PlannedJob:
    """Centres of k-means on the training speech of some sets; ``units`` names the encoder, its layer and how many."""
    settings = units | {"source": encoder_source(units["encoder"])}
    return PlannedJob("unit_centres", id, settings, {"sets": sets}, seed, threads=0, modules=ENCODERS)


def units_of(speech: PlannedJob, extractor: PlannedJob) -> PlannedJob:
    """The units of a set; ``extractor`` is a job of centres, or a model that holds some."""
    settings = {"languages": speech.settings["languages"]}
    return PlannedJob(
        "units", speech.id, settings, {"speech": speech, "extractor": extractor}, threads=0, modules=ENCODERS
    )


def encoder_source(encoder: str) -> dict[str, Any]:
    """Hashes of an encoder's files, on which its frames depend; empty for an encoder on the hub."""
    if encoder.startswith("foundation/"):
        receipt = FOUNDATIONS / encoder.removeprefix("foundation/") / "receipt.json"
        if not receipt.is_file():
            raise UserError(f"there is no bundled model {encoder}, by which speech is to become units: check the name.")
        return {"receipt": sha256_file(receipt)}
    folder = Path(encoder).expanduser()
    if (folder / "config.json").is_file():
        return {"files": hashes_of(folder, "config.json")}
    require_folder_or_hub_id(encoder, "speech_units.encoder")
    return {}
