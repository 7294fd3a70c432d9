"""Stage candidates: rare words proposed by a language model (candidates.tsv, in the format of a table of words).

The user reviews the file and uses it as the table of words; the rarity check then finds words that the base transcribes
correctly.
"""

from importlib import import_module

from tauspeech.data.tables import write_table
from tauspeech.runtime.job import Job, run
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.candidates import propose
from tauspeech.text.llm.request_loop import RequestLoop


def main(job: Job) -> None:
    settings = job.settings
    source = settings["source"] | job.runtime_settings("text", settings["source"]["kind"])
    model = import_module(f"tauspeech.text.sources.{source['kind']}").chat_model(source)
    answers = Answers(job.results / "answers" / "candidates.jsonl")
    known, rows = set(settings["known"]), []
    for domain, count in settings["domains"].items():
        name = f"candidates-{domain}"
        loop = RequestLoop(model, answers, job.seed, name, source["batch"], source["most_requests"])
        found = propose(loop, domain, count, settings["languages"], known)
        known |= {value for word in found for key, value in word.items() if key != "domain"}
        rows += found
    columns = ["word_id", *settings["languages"], "domain"]
    path = job.path("candidates.tsv")
    write_table(path, columns, [[word[column] for column in columns] for word in rows])
    print(f"{len(rows)} candidates in {path}")
    job.finish(path)


if __name__ == "__main__":
    run(main)
