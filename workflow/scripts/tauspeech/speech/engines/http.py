"""Any server that speaks the protocol of OpenAI's `POST /audio/speech`."""

import time
from collections.abc import Callable
from typing import Any

from tauspeech.remote.api_client import NoAnswer, Refused, Server
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Engine, Failed, Sound
from tauspeech.speech.engine_tools import key, mono, short_seed

_LARGEST = 64 * 2**20  # bytes of an answer: over ten minutes of sound at 48 kHz
_OF_A_SENTENCE = (400, 413, 422)  # refusals that may be due to the text
_DEFAULTS = {"key_variable": None, "timeout": 120, "retries": 5, "send_seed": False}


def open_engine(model: dict[str, Any], language: str, sleep: Callable[[float], None] = time.sleep) -> Engine:
    model = _DEFAULTS | model
    server = Server(model, "/audio/speech", key(model), "url, model and voice", _LARGEST, sleep)
    server.key()  # a key that lacks is told before anything is said
    return _Speech(model, server)


class _Speech:
    def __init__(self, model: dict[str, Any], server: Server):
        self._model, self._server = model, server
        self.speakers: list[str] = []  # the server knows them, and any name is good here
        self.version = f"http {model['model']}"

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        """What the server makes of it: the same again only where it honours a seed or draws no lots."""
        if speaker is None:
            raise UserError(
                f"key 'speech.voices': http/{self._model['name']} names no voice of its server: write one, such as "
                f"http/{self._model['name']}/alloy."
            )
        content = {"model": self._model["model"], "input": text, "voice": speaker, "response_format": "wav"}
        if self._model["send_seed"]:
            content["seed"] = short_seed(seed)
        try:
            return self._server.ask(content, self._sound)
        except NoAnswer as trouble:
            raise UserError(f"{trouble}: see to it, then run again.") from None
        except Refused as refusal:
            if refusal.status in _OF_A_SENTENCE:
                raise Failed(str(refusal)) from None
            raise

    def _sound(self, body: bytes | None) -> Sound:
        if body is None:
            raise self._server.error("url", f"sent more than {_LARGEST >> 20} MB for one sentence: check the address")
        try:
            return mono(_with_length(body))
        except ValueError as error:
            what = f"sent no sound that can be read ({error}): {self._server.said(body)}"
            raise Failed(str(self._server.error("model", what))) from None


def _with_length(audio: bytes) -> bytes:
    """A WAV that was sent before its length was known has none in its header."""
    place = audio.find(b"data", 12, 4096) + 4
    if not audio.startswith(b"RIFF") or place < 16 or audio[place : place + 4] != bytes(4):
        return audio
    return audio[:place] + (len(audio) - place - 4).to_bytes(4, "little") + audio[place + 4 :]
