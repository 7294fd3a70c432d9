"""Rules of scoring that a configuration sets. Imports nothing heavy, since plans use it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_SECTION = "scoring"  # of a configuration and of a specification


@dataclass(frozen=True)
class ScoringRules:
    """How texts are changed before they are compared, in tables, in claims and in choices on validation alike."""

    normaliser: str = "project"  # of transcripts: project, whisper or whisper_basic
    bleu_case: str = "lower"  # of translations, for chrF as well: lower or cased
    script: str = "as_is"  # of Chinese: as_is or simplified
    numbers: str = "as_is"  # in Chinese: as_is or spelled

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> "ScoringRules":
        """Rules of a complete configuration; the defaults if its experiment has no such section."""
        section = {key: value for key, value in config.get(_SECTION, {}).items() if key in ("normaliser", "bleu_case")}
        return cls(**section, **config.get(_SECTION, {}).get("chinese", {}))

    @classmethod
    def of_job(cls, settings: Mapping[str, Any]) -> "ScoringRules":
        """Rules in the settings of a job."""
        return cls(**settings.get(_SECTION, {}))

    @property
    def for_chinese(self) -> "ScoringRules":
        """The options for Chinese alone, for a check that has a normalisation of its own."""
        return ScoringRules(script=self.script, numbers=self.numbers)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of a job that follows these rules: only what differs from the defaults, and none if nothing does."""
        changed = {key: value for key, value in asdict(self).items() if value != getattr(DEFAULT_RULES, key)}
        return {_SECTION: changed} if changed else {}


DEFAULT_RULES = ScoringRules()
