"""Candidates for rare words, proposed by a language model for a domain.

The rarity check then finds out which of them the base model transcribes wrongly.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from tauspeech.data.reserved_names import TAKEN
from tauspeech.text.characters import has_control_or_markup
from tauspeech.text.checks import folded
from tauspeech.text.llm.chat import Reply
from tauspeech.text.llm.prompts import WordPrompts, schema_of
from tauspeech.text.llm.request_loop import RequestLoop, ranked
from tauspeech.text.llm.sentences import ROOM, parse_reply

LONGEST = 80  # characters, as in a table of words
_LETTERS = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def propose(
    loop: RequestLoop, domain: str, count: int, languages: Sequence[str], known: Iterable[str]
) -> list[dict[str, str]]:
    """``count`` words as rows of a table of words: ``word_id``, ``domain`` and one key for each language.

    ``loop`` needs a name for each domain, e.g. "candidates-landmark", so that each domain has its own seeds. ``known``
    are existing words and word_ids, in any language. Raises UserError if the limit of requests is reached.
    """
    goal = Words(WordPrompts(languages, domain, loop.batch, loop.seed, loop.name), count, known)
    loop.run(goal)
    return goal.rows


class Words:
    """Goal of a request loop: names that passed the checks."""

    what = "words"

    def __init__(self, prompts: WordPrompts, count: int, known: Iterable[str]):
        self.rows: list[dict[str, str]] = []
        self.schema = schema_of(self.what, prompts.languages)
        self.wanted = count
        self.rejected: Counter[str] = Counter()
        self._prompts = prompts
        self._names = sorted(set(known))
        self._known = {folded(name) for name in self._names}
        self._ids = set(self._names)
        self._reported: Counter[str] = Counter()

    def collected(self) -> int:
        return len(self.rows)

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        known = [*self._names, *(row[self._prompts.languages[0]] for row in self.rows)]
        reasons = ranked(self.rejected - self._reported)
        self._reported = Counter(self.rejected)
        return [self._prompts.write(number, known, reasons) for number in numbers]

    def add_reply(self, reply: Reply) -> None:
        found, reasons = parse_reply(reply, self._prompts.languages, ROOM * self._prompts.batch)
        self.rejected.update(reasons)
        for word in found:
            if self.collected() == self.wanted:
                return
            if reason := self._reason(word):
                self.rejected[reason] += 1
                continue
            word_id = self._id(word)
            self._ids.add(word_id)
            self._known |= {folded(name) for name in word.values()}
            self.rows.append({"word_id": word_id, "domain": self._prompts.domain, **word})

    def _reason(self, word: dict[str, str]) -> str | None:
        for language, name in word.items():
            if not folded(name):
                return f"empty ({language})"
            if len(name) > LONGEST:
                return f"longer than {LONGEST} characters ({language})"
            if not name.isprintable() or has_control_or_markup(name):
                return f"control characters or markup ({language})"
            if folded(name) in self._known:
                return "known already"
        return None

    def _id(self, word: dict[str, str]) -> str:
        """Identifier from the first form in Latin letters, else from the domain and a number."""
        slug = next(filter(None, (slug_of(word[language]) for language in self._prompts.languages)), "")
        if slug and slug not in self._ids and not TAKEN.fullmatch(slug):
            return slug
        stem = (slug_of(self._prompts.domain) or "word") if not slug or TAKEN.fullmatch(slug) else slug
        stem = "word" if TAKEN.fullmatch(f"{stem}-1") else stem
        number = 2 if stem == slug else 1
        while f"{stem}-{number}" in self._ids:
            number += 1
        return f"{stem}-{number}"


def slug_of(name: str) -> str:
    """Identifier of lower-case letters, digits and single hyphens; empty if the name is not in Latin letters."""
    if any(char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in name):
        return ""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")
