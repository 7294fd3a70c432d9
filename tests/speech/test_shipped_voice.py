"""The neural voice that comes along: whole, and free of the machine that trained it."""

import json

from tauspeech.runtime.paths import VOICES
from tauspeech.runtime.receipts import Receipt

MINI = VOICES / "mini"


def test_its_files_are_those_of_its_receipt():
    assert Receipt.read(MINI / "receipt.json").files().keys() == {"config.json", "model.pth", "voice.json"}


def test_it_names_no_place_of_the_training():
    def texts(value):
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from texts(each)
        elif isinstance(value, str):
            yield value

    for file in MINI.glob("*.json"):
        assert not [text for text in texts(json.loads(file.read_text(encoding="utf-8"))) if text.startswith("/")], file


def test_every_speaker_of_the_network_has_a_voice_to_read_with():
    config = json.loads((MINI / "config.json").read_text(encoding="utf-8"))
    described = json.loads((MINI / "voice.json").read_text(encoding="utf-8"))
    assert sorted(config["speakers"]) == sorted(described["speakers"])
    assert len(set(described["symbols"])) == len(described["symbols"]) == len(config["characters"]["characters"])
