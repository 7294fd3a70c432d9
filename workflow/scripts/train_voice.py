"""Stage voice: training of the mini voice (voices/mini/), in Coqui's environment."""

import shutil

from tauspeech.data.randomness import derive_rng
from tauspeech.data.tables import read_table
from tauspeech.runtime.files import write_folder
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.speech.mini.training import Line, train_voice

    speakers = job.settings["speakers"]
    lines = []
    for row in read_table(job.input("text")):
        for language in sorted({speaker["language"] for speaker in speakers.values()}):
            names = [name for name, speaker in speakers.items() if speaker["language"] == language]
            name = derive_rng(job.seed, "speaker", row["utterance"], language).choice(names)
            lines.append(Line(row[language], name, speakers[name]["voice"], language))
    work = job.checkpoints
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    folder = job.receipt.parent
    write_folder(folder, lambda part: train_voice(lines, speakers, job.settings["steps"], job.seed, work, part))
    shutil.rmtree(work)
    job.finish(*sorted(folder.glob("*.*")))


if __name__ == "__main__":
    run(main)
