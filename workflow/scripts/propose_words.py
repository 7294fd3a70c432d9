"""Candidates for rare words, asked of a language model: candidates.tsv, in the format of a table of words.

A person looks through it and makes it the table of words; the rarity check then tells which ones the base knows.
"""

from importlib import import_module

from tauspeech.data.tables import write_table
from tauspeech.runtime.job import Job, run
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.asking import Asking
from tauspeech.text.llm.candidates import propose


def main(job: Job) -> None:
    settings = job.settings
    source = settings["source"] | job.runtime_settings("text", settings["source"]["kind"])
    model = import_module(f"tauspeech.text.sources.{source['kind']}").chat_model(source)
    answers = Answers(job.results / "answers" / "candidates.jsonl")
    known, rows = set(settings["known"]), []
    for domain, count in settings["domains"].items():
        name = f"candidates-{domain}"
        asking = Asking(model, answers, job.seed, name, source["batch"], source["most_requests"])
        found = propose(asking, domain, count, settings["languages"], known)
        known |= {value for word in found for key, value in word.items() if key != "domain"}
        rows += found
    columns = ["word_id", *settings["languages"], "domain"]
    path = job.path("candidates.tsv")
    write_table(path, columns, [[word[column] for column in columns] for word in rows])
    print(f"{len(rows)} candidates in {path}")
    job.finish(path)


if __name__ == "__main__":
    run(main)
