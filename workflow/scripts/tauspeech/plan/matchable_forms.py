"""Check that the configuration's normaliser leaves something of each word, since nothing else can be looked for in texts."""

from collections.abc import Iterable

from tauspeech.runtime.errors import UserError, one_line
from tauspeech.scoring.rules import ScoringRules


def require_matchable(forms: Iterable[str], language: str, rules: ScoringRules, where: str) -> None:
    if rules.normaliser == "project":  # keeps letters and digits, which every form has
        return
    from tauspeech.scoring.normalise import for_cer

    for form in forms:
        if not for_cer(form, language, rules):
            raise UserError(
                f"{where}: scoring.normaliser {rules.normaliser} deletes '{one_line(form, 30)}', so that no score would find it: give "
                "another form, or set scoring.normaliser to project."
            )
