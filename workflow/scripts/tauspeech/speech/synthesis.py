"""What an engine is given to say, and how."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from tauspeech.data.audio import encode_audio
from tauspeech.data.dropped import Drop, Unusable
from tauspeech.data.randomness import derive_rng, derive_seed
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.speech.engine import Engine
from tauspeech.speech.failure_budget import FailureBudget
from tauspeech.speech.normalisation import normalised
from tauspeech.speech.sound_cache import SoundCache
from tauspeech.speech.utterances import Synthesised, drawn_voice, voice_id


def share(sentences: list[dict[str, str]], settings: dict[str, Any], seed: int) -> list[dict[str, str]]:
    """The sentences that fall to the voices of this model, each with its voice; in a showing every voice says each."""
    prefix = f"{settings['model']['engine']}/{settings['model']['name']}"

    def ours(voice: str) -> bool:
        return voice == prefix or voice.startswith(prefix + "/")

    if settings["every_voice"]:
        sentences = [sentence for sentence in sentences if sentence["split"] == "test"][: settings["every_voice"]]
        return [
            sentence | {"utterance": f"{sentence['utterance']}--{number}", "voice": voice}
            for sentence in sentences
            for number, voice in enumerate(settings["voices"])
            if ours(voice)
        ]
    chosen = [
        sentence | {"voice": drawn_voice(settings["voices"], seed, sentence["utterance"])} for sentence in sentences
    ]
    return [sentence for sentence in chosen if ours(sentence["voice"])]


def synthesised_rows(
    engine: Engine | None,
    sentences: Iterable[dict[str, str]],
    settings: dict[str, Any],
    seed: int,
    drops: list[Drop],
    kept: SoundCache,
) -> Iterator[dict[str, Any]]:
    """Rows of the manifest; every sentence has a seed of its own, so that order and sharding do not matter."""
    sentences, patience = list(sentences), FailureBudget(shown(settings["model"], None))
    pace = Pace("utterances", len(sentences))
    for sentence in sentences:
        assert engine
        id = voice_id(sentence["utterance"])
        own_seed = derive_seed(seed, "speech", id) % 2**31
        speaker = _speaker(engine, sentence["voice"], settings["model"], derive_rng(seed, "speaker", id))
        name = shown(settings["model"], speaker)
        try:
            said = sentence[settings["language"]], speaker, own_seed
            make = partial(engine.say, *said)
            sound = patience.say(said[0], partial(kept.sound, engine.version, *said, make))
            samples = normalised(sound, settings["longest"])
        except Unusable as reason:
            drops.append(Drop(sentence["split"], sentence["utterance"], str(reason)))
            continue
        finally:
            pace.add()
        voiced = Synthesised(id, encode_audio(samples), len(samples), name, own_seed)
        yield voiced.row(sentence, engine.version)
    patience.end()


def shown(model: dict[str, Any], speaker: str | None) -> str:
    """The voice as a configuration names it; espeak-ng has no models."""
    name = None if model["engine"] == "espeak" else model["name"]
    return "/".join(filter(None, (model["engine"], name, speaker)))


def _speaker(engine: Engine, voice: str, model: dict[str, Any], lot: Any) -> str | None:
    asked = "/".join(voice.split("/")[2:]) or None
    if not engine.speakers:
        return asked
    if asked is None:
        return lot.choice(getattr(engine, "usual_speakers", engine.speakers))
    if asked not in engine.speakers:
        known = ", ".join(engine.speakers[:12]) + (", ..." if len(engine.speakers) > 12 else "")
        raise UserError(
            f"key 'speech.voices': the voice {voice} does not exist: {model['engine']}/{model['name']} has {known}."
        )
    return asked
