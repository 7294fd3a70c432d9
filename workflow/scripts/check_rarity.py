"""Rarity of a word for the base model: rarity/<word>.json.

The base decodes carrier sentences with the word, in several voices. Where it does not recognise the speech around the
word either, the speech is unintelligible rather than the word rare.
"""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run
from tauspeech.scoring.decoded_sentences import SHOWN
from tauspeech.scoring.intelligibility import measures_of, verdict_on


def main(job: Job) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.family import open_model
    from tauspeech.models.rarity import CarrierSentences, WordChecker
    from tauspeech.models.tasks import SpeechTask
    from tauspeech.scoring.rules import ScoringRules

    settings, rules = job.settings, ScoringRules.of_job(job.settings)
    decoder = Decoder(open_model(job.input("base", "."), settings.get("base_window")), settings)
    checker = WordChecker(decoder, SpeechTask(**settings["task"]), settings["forms"], rules)
    sentences = CarrierSentences.of_set(manifest.read(job.input("speech")))
    found = checker.check(job.id, sentences, settings["errors"])
    shown = {name: [each._asdict() for each in found.examples[name]] for name in found.examples}
    measured = {"control": None, "round_trip": None} | found.shares | {"examples": shown}
    verdict = verdict_on(found.recall, settings["threshold"], measures_of(measured, settings["least"]))
    content = {
        "word_id": job.id,
        "verdict": verdict,
        "carriers": len(sentences.carriers),
        "recall": found.recall,
        **measured,
        "least": settings["least"],
        "hypotheses": found.hypotheses[:SHOWN],
    }
    path = job.path(f"{job.id}.json")
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    print(f"{job.id}: {verdict}, recall {found.recall:.2f}, {found.shares}")
    job.finish(path)


if __name__ == "__main__":
    run(main)
