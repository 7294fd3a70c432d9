"""Answers of language models on disk, so that no request is paid for twice."""

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tauspeech.runtime.files import canonical_json, sha256_text
from tauspeech.text.llm.chat import USAGE, ChatModel, Message, Reply, whole_number


def key_of(model: ChatModel, messages: Sequence[Message], seed: int, format: str) -> str:
    """Hash of all settings that an answer depends on.

    The address is not included, because a server may move. Neither is new_tokens, which matters only for answers that
    were cut off.
    """
    return _key(model.kind, model.model, model.temperature, model.extra, list(messages), seed, format)


def _key(*identity: Any) -> str:
    names = ("kind", "model", "temperature", "extra", "messages", "seed", "format")
    return sha256_text(canonical_json(dict(zip(names, identity, strict=True))))


def _read(line: bytes) -> tuple[str, tuple[Reply, int]] | None:
    """Key, answer and new_tokens of a line, or None if the line is incomplete or has another format."""
    try:
        record = json.loads(line)
        settings = record["settings"]
        # Computed anew: an earlier version may have computed the line's own key from other settings.
        request = (settings["temperature"], settings.get("extra", {}), record["messages"], record["seed"])
        key = _key(record["kind"], record["model"], *request, settings["format"])
        tokens = [whole_number((record["usage"] or {}).get(name)) for name in USAGE]
        reply = Reply(record["answer"], settings["format"], record["finish"], *tokens)
        return (key, (reply, int(settings["new_tokens"]))) if isinstance(reply.text, str) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class Answers:
    """An append-only file of JSON lines; safe to share between threads."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.Lock()
        self._intact = False
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        self._known = dict(filter(None, map(_read, lines)))

    def find(self, model: ChatModel, messages: Sequence[Message], seed: int) -> Reply | None:
        """Stored answer to a request, in any format; None if there is none, or if it was cut off and may be longer now."""
        keys = (key_of(model, messages, seed, format) for format in model.formats)
        known = (self._known[key] for key in keys if key in self._known)
        return next((reply for reply, most in known if reply.finish != "length" or most >= model.new_tokens), None)

    def add(self, model: ChatModel, messages: Sequence[Message], seed: int, reply: Reply) -> None:
        """Write an answer to disk, before it is used."""
        key = key_of(model, messages, seed, reply.format)
        usage = {name: getattr(reply, name) for name in USAGE}
        record: dict[str, Any] = {
            "key": key,
            "kind": model.kind,
            "model": model.model,
            "settings": {
                "temperature": model.temperature,
                "new_tokens": model.new_tokens,
                "extra": model.extra,
                "format": reply.format,
            },
            "seed": seed,
            "messages": list(messages),
            "answer": reply.text,
            "finish": reply.finish,
            "usage": usage if None not in usage.values() else None,
        }
        line = json.dumps(record).encode() + b"\n"  # as ASCII, because an answer may contain lone surrogates
        with self._lock:
            self._repair()
            with open(self.path, "ab") as handle:
                handle.write(line)
                handle.flush()
                os.fsync(handle.fileno())
            self._known[key] = reply, model.new_tokens

    def _repair(self) -> None:
        """Remove an incomplete last line, which a killed run may have left, or complete its line break."""
        if self._intact:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b") as handle:
            handle.seek(0)
            content = handle.read()
            last = content.rpartition(b"\n")[2]
            if last and _read(last):
                handle.write(b"\n")
            elif last:
                handle.truncate(len(content) - len(last))
        self._intact = True
