"""Synthesis of one engine's share of a set: selection of sentences, voices and seeds, and rows of the manifest."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from tauspeech.data.audio import encode_audio
from tauspeech.data.dropped_utterances import Drop, Unusable
from tauspeech.data.randomness import derive_rng, derive_seed
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.speech.engine import Engine
from tauspeech.speech.failure_budget import FailureBudget
from tauspeech.speech.normalisation import normalise_audio
from tauspeech.speech.sound_cache import SoundCache
from tauspeech.speech.utterances import Synthesised, drawn_voice, spoken, voice_id


def share(sentences: list[dict[str, str]], settings: dict[str, Any], seed: int) -> list[dict[str, str]]:
    """Sentences whose voice belongs to this model, each with its voice. In a set of voice samples every voice gets each one."""
    prefix = f"{settings['model']['engine']}/{settings['model']['name']}"

    def is_own(voice: str) -> bool:
        return voice == prefix or voice.startswith(prefix + "/")

    if settings["every_voice"]:
        sentences = [sentence for sentence in sentences if sentence["split"] == "test"][: settings["every_voice"]]
        return [
            sentence | {"utterance": f"{sentence['utterance']}--{number}", "voice": voice}
            for sentence in sentences
            for number, voice in enumerate(settings["voices"])
            if is_own(voice)
        ]
    chosen = [
        sentence | {"voice": drawn_voice(settings["voices"], seed, sentence["utterance"])}
        for sentence in spoken(sentences, settings)
    ]
    return [sentence for sentence in chosen if is_own(sentence["voice"])]


def synthesised_rows(
    engine: Engine | None,
    sentences: Iterable[dict[str, str]],
    settings: dict[str, Any],
    seed: int,
    drops: list[Drop],
    cache: SoundCache,
) -> Iterator[dict[str, Any]]:
    """Rows of the manifest; each sentence has its own seed, so that the result is independent of order and sharding."""
    sentences, budget = list(sentences), FailureBudget(voice_name(settings["model"], None))
    pace = Pace("utterances", len(sentences))
    for sentence in sentences:
        assert engine
        id = voice_id(sentence["utterance"])
        own_seed = derive_seed(seed, "speech", id) % 2**31
        speaker = _speaker(engine, sentence["voice"], settings["model"], derive_rng(seed, "speaker", id))
        name = voice_name(settings["model"], speaker)
        try:
            request = sentence[settings["language"]], speaker, own_seed
            make = partial(engine.synthesise, *request)
            sound = budget.call(request[0], partial(cache.sound, engine.version, *request, make))
            samples = normalise_audio(sound, settings["longest"])
        except Unusable as reason:
            drops.append(Drop(sentence["split"], sentence["utterance"], str(reason)))
            continue
        finally:
            pace.add()
        synthesised = Synthesised(id, encode_audio(samples), len(samples), name, own_seed)
        yield synthesised.row(sentence, engine.version)
    budget.end()


def voice_name(model: dict[str, Any], speaker: str | None) -> str:
    """Name of a voice as in the configuration; espeak-ng has no model names."""
    name = None if model["engine"] == "espeak" else model["name"]
    return "/".join(filter(None, (model["engine"], name, speaker)))


def _speaker(engine: Engine, voice: str, model: dict[str, Any], rng: Any) -> str | None:
    named = "/".join(voice.split("/")[2:]) or None
    if not engine.speakers:
        return named
    if named is None:
        return rng.choice(getattr(engine, "usual_speakers", engine.speakers))
    if named not in engine.speakers:
        known = ", ".join(engine.speakers[:12]) + (", ..." if len(engine.speakers) > 12 else "")
        raise UserError(
            f"key 'speech.voices': the voice {voice} does not exist: {model['engine']}/{model['name']} has {known}."
        )
    return named
