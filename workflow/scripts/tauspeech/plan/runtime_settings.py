"""Settings that change how a server is reached or what is told of it, and no result.

They stay out of specifications, so that a new address, a longer wait or a higher limit runs nothing again, and lie in
a file of their own beside the plan.
"""

from typing import Any

RUNTIME_SETTINGS = "plan/runtime_settings.json"
KEYS = ("url", "key_variable", "concurrency", "timeout", "retries", "price", "most_requests", "accept_licence")


def result_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in KEYS}


def runtime_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key in KEYS}


def reported_settings(config: dict[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """Sections of a configuration as a report tells them."""
    told = {key: config[key] for key in sections}
    # Where a training ran is no part of it; more than one GPU stands in its specification.
    told["training"] = {key: value for key, value in told["training"].items() if key != "gpus"}
    if "text" in told:
        told["text"] = {
            key: result_settings(each) if isinstance(each, dict) else each for key, each in told["text"].items()
        }
    if "speech" in told:
        models = {
            engine: {name: result_settings(model) for name, model in found.items()}
            for engine, found in told["speech"]["models"].items()
        }
        told["speech"] = told["speech"] | {"models": models}
    return told


def runtime_settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """By source of text, and by engine and model of speech."""
    text, speech = config.get("text", {}), config.get("speech", {})
    sources = {name: runtime_settings(text[name]) for name in ("openai", "transformers") if text.get(name)}
    models = {
        f"{engine}/{name}": runtime_settings(model)
        for engine, found in speech.get("models", {}).items()
        for name, model in found.items()
    }
    return {"text": sources, "speech": models}
