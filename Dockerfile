# The default experiment in a container, on the CPU; README.md has the two commands:
#     docker build --tag tauspeech .
#     docker run --rm --volume "$PWD/results:/tauspeech/results" tauspeech
# The Python is that of envs/main.yaml. A test compares this file with the Makefile.
FROM python:3.11-slim-bookworm

RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*

WORKDIR /tauspeech

# The locked packages first, by the Makefile's commands: an edit of the code does not install them again.
COPY envs/requirements.txt envs/torch.txt envs/
RUN python3 -m venv .venv
RUN .venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r envs/requirements.txt
RUN .venv/bin/python -m pip install --no-cache-dir -r envs/torch.txt

COPY . .
RUN make .venv/.run

CMD ["make", "run"]
