"""Servers with OpenAI's protocol for speech, `POST /audio/speech`."""

import time
from collections.abc import Callable
from typing import Any

from tauspeech.remote.api_client import ApiClient, RequestRejected, RetriesExhausted
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Engine, Failed, Sound
from tauspeech.speech.engine_tools import key, mono, short_seed

_LARGEST = 64 * 2**20  # bytes of a response: over ten minutes of audio at 48 kHz
_OF_A_SENTENCE = (400, 413, 422)  # HTTP statuses that the text may cause
_DEFAULTS = {"key_variable": None, "timeout": 120, "retries": 5, "send_seed": False}


def open_engine(model: dict[str, Any], language: str, sleep: Callable[[float], None] = time.sleep) -> Engine:
    model = _DEFAULTS | model
    server = ApiClient(model, "/audio/speech", key(model), "url, model and voice", _LARGEST, sleep)
    server.key()  # raises UserError for a missing key before the first sentence
    return _Speech(model, server)


class _Speech:
    def __init__(self, model: dict[str, Any], server: ApiClient):
        self._model, self._client = model, server
        self.speakers: list[str] = []  # any name is valid, because the server checks it
        self.version = f"http {model['model']}"

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        """Audio from the server; reproducible only if the server supports seeds or is deterministic."""
        if speaker is None:
            raise UserError(
                f"key 'speech.voices': http/{self._model['name']} names no voice of its server: add one, such as "
                f"http/{self._model['name']}/alloy."
            )
        content = {"model": self._model["model"], "input": text, "voice": speaker, "response_format": "wav"}
        if self._model["send_seed"]:
            content["seed"] = short_seed(seed)
        try:
            return self._client.post(content, self._sound)
        except RetriesExhausted as error:
            raise UserError(f"{error}: check that the server is running, then run again.") from None
        except RequestRejected as error:
            if error.status in _OF_A_SENTENCE:
                raise Failed(str(error)) from None
            raise

    def _sound(self, body: bytes | None) -> Sound:
        if body is None:
            raise self._client.error("url", f"sent more than {_LARGEST >> 20} MB for one sentence: check the address")
        try:
            return mono(_with_length(body))
        except ValueError as error:
            what = f"sent audio that cannot be read ({error}): {self._client.summary(body)}"
            raise Failed(str(self._client.error("model", what))) from None


def _with_length(audio: bytes) -> bytes:
    """WAV with its length in the header, which is zero if the server streamed the file."""
    place = audio.find(b"data", 12, 4096) + 4
    if not audio.startswith(b"RIFF") or place < 16 or audio[place : place + 4] != bytes(4):
        return audio
    return audio[:place] + (len(audio) - place - 4).to_bytes(4, "little") + audio[place + 4 :]
