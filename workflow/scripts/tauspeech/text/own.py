"""A user's own sentences in place of generated ones."""

from tauspeech.errors import UserError
from tauspeech.randomness import derive_rng
from tauspeech.text.checks import Checker, Sentence


def distribute(
    own: list[tuple[str, Sentence]], counts: dict[str, int], checker: Checker, seed: int, origin: str
) -> dict[str, list[Sentence]]:
    """Sentences by split: as the table says, the others by lot; test and validation get theirs first."""
    fixed = {
        split: [sentence for own_split, sentence in own if own_split == split]
        for split in ("test", "validation", "train")
    }
    free = [sentence for split, sentence in own if not split]
    derive_rng(seed, "own", origin).shuffle(free)
    accepted: dict[str, list[Sentence]] = {}
    for split in ("test", "validation", "train"):
        wanted = counts.get(split, 0)
        accepted[split] = [sentence for sentence in fixed[split] if checker.accept(sentence, split)]
        while free and len(accepted[split]) < wanted:
            sentence = free.pop()
            if checker.accept(sentence, split):
                accepted[split].append(sentence)
        if wanted and not accepted[split]:
            reasons = (
                ", ".join(f"{count} {reason}" for reason, count in checker.rejected.most_common(3))
                or "the file is too short"
            )
            raise UserError(f"{origin} leaves no {split} sentences ({reasons}): add sentences, or ask for fewer.")
    return accepted
