"""Runtime settings: how a server is reached, and limits and prices; no result depends on them.

They are kept out of specifications, so that a new address, a longer timeout or a higher limit runs nothing again, and
are written to a file of their own beside the plan.
"""

from typing import Any

KEYS = ("url", "key_variable", "concurrency", "timeout", "retries", "price", "most_requests", "accept_licence")


def result_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in KEYS}


def runtime_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in KEYS}


def training_settings(training: dict[str, Any]) -> dict[str, Any]:
    """The section ``training`` without what does not apply, and without the usual values of keys that an experiment may lack."""
    unused = {"all": ["trainable", "lora"], "decoder": ["lora"], "lora": []}[training.get("trainable", "all")]
    if training.get("freeze_feature_encoder", True):
        unused.append("freeze_feature_encoder")
    if not training.get("compile", False):
        unused.append("compile")
    found = {key: value for key, value in training.items() if key not in unused}
    if "lora" in found and not found["lora"].get("new_tokens"):
        found["lora"] = {key: value for key, value in found["lora"].items() if key != "new_tokens"}
    return found


def reported_settings(config: dict[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """Sections of a configuration for a report: without what no result depends on."""
    reported = {key: config[key] for key in sections}
    # Where a training or decoding ran is not reported; the number of processes is part of a training's specification.
    used = training_settings(reported["training"])
    reported |= {
        name: {key: value for key, value in section.items() if key != "gpus"}
        for name, section in (reported | {"training": used}).items()
        if name in ("training", "decoding")
    }
    if reported.get("decoding", {}).get("engine") == "transformers":
        del reported["decoding"]["engine"]
    optional = ("models", "adapters", "retention", "word_tests", "no_speech", "base_window")
    reported |= {key: config[key] for key in optional if config.get(key)}
    if config.get("repetitions", 1) > 1:
        reported["repetitions"] = config["repetitions"]
    if "text" in reported:
        reported["text"] = {
            key: result_settings(each) if isinstance(each, dict) else each for key, each in reported["text"].items()
        }
    if "speech" in reported:
        models = {
            engine: {name: result_settings(model) for name, model in found.items()}
            for engine, found in reported["speech"]["models"].items()
        }
        reported["speech"] = reported["speech"] | {"models": models}
        if not reported["speech"].get("channel", True):
            del reported["speech"]["channel"]
    return reported


def runtime_settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """The runtime settings of a configuration: by source of text, and by engine and model of speech."""
    text, speech = config.get("text", {}), config.get("speech", {})
    sources = {name: runtime_settings(text[name]) for name in ("openai", "transformers") if text.get(name)}
    models = {
        f"{engine}/{name}": runtime_settings(model)
        for engine, found in speech.get("models", {}).items()
        for name, model in found.items()
    }
    return {"text": sources, "speech": models}
