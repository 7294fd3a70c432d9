"""The mini voice: voices/mini/, in Coqui's environment."""

import shutil

from tauspeech.runtime.files import write_folder
from tauspeech.runtime.job import Task, run
from tauspeech.data.randomness import derive_rng
from tauspeech.data.tables import read_table


def main(task: Task) -> None:
    import torch

    from tauspeech.speech.mini.training import Line, train_voice

    torch.set_num_threads(task.threads)
    speakers = task.settings["speakers"]
    lines = []
    for row in read_table(task.input("text")):
        for language in sorted({speaker["language"] for speaker in speakers.values()}):
            able = [name for name, speaker in speakers.items() if speaker["language"] == language]
            name = derive_rng(task.seed, "speaker", row["utterance"], language).choice(able)
            lines.append(Line(row[language], name, speakers[name]["voice"], language))
    work = task.checkpoints
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    folder = task.receipt.parent
    write_folder(folder, lambda part: train_voice(lines, speakers, task.settings["steps"], task.seed, work, part))
    shutil.rmtree(work)
    task.finish(*sorted(folder.glob("*.*")))


if __name__ == "__main__":
    run(main)
