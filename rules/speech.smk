# Speech of the sets: synthesised, recorded, or from a corpus.


rule make_speech:
    """Make the speech of a set: synthesise its sentences by espeak-ng, gather the shares of other engines, or read recordings."""
    input:
        spec=spec_of("speech"),
        receipts=receipts_of("speech", "text", "tts", "base"),
    output:
        speech=f"{RESULTS}/speech/{{id}}.parquet",
        dropped=f"{RESULTS}/speech/{{id}}.dropped.tsv",
        receipt=f"{RESULTS}/speech/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/speech/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/speech/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("speech", most=2)
    resources:
        gpu=gpus_where_input("speech", "base"),
    shell:
        run_script("make_speech.py", on_gpu=True)


rule apply_channel:
    """Make simulated recordings of a set of clean speech: rooms, noise, microphones and telephones."""
    input:
        spec=spec_of("channel"),
        receipts=receipts_of("channel", "speech"),
    output:
        speech=f"{RESULTS}/recordings/{{id}}.parquet",
        receipt=f"{RESULTS}/recordings/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/channel/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/channel/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        run_script("apply_channel.py")


rule synthesise:
    """Synthesise one engine's share of a set, in the environment of the engine."""
    input:
        spec=f"{RESULTS}/plan/tts/{{environment}}/{{id}}.json",
        receipts=receipts_of("tts", "text", "voice", name="{environment}/{id}"),
        environment=environment_of("{environment}"),
    output:
        speech=f"{RESULTS}/tts/{{environment}}/{{id}}.parquet",
        dropped=f"{RESULTS}/tts/{{environment}}/{{id}}.dropped.tsv",
        receipt=f"{RESULTS}/tts/{{environment}}/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/tts/{{environment}}/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/tts/{{environment}}/{{id}}.tsv"
    conda:
        "../envs/{environment}.yaml"
    threads: threads_of("tts", name="{environment}/{id}")
    resources:
        gpu=gpus_of_synthesis(),
    params:
        python=python_of("{environment}"),
    shell:
        run_script("synthesise.py", on_gpu=True, python="{params.python:q}")


rule train_voice:
    """Train the small neural voice coqui/mini on speech of espeak-ng."""
    input:
        spec=spec_of("voice"),
        receipts=receipts_of("voice", "text"),
        environment=environment_of("coqui"),
    output:
        config=f"{RESULTS}/voices/{{id}}/config.json",
        model=f"{RESULTS}/voices/{{id}}/model.pth",
        voice=f"{RESULTS}/voices/{{id}}/voice.json",
        receipt=f"{RESULTS}/voices/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/voice/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/voice/{{id}}.tsv"
    conda:
        "../envs/coqui.yaml"
    threads: threads_of("voice")
    resources:
        gpu=gpus_of("training"),
    params:
        python=python_of("coqui"),
    shell:
        run_script("train_voice.py", on_gpu=True, python="{params.python:q}")


rule sample_voices:
    """Synthesise the same sentences in every voice and transcribe them with the base, for the report."""
    input:
        spec=spec_of("voice_samples"),
        receipts=receipts_of("voice_samples", "base", "tts"),
    output:
        samples=f"{RESULTS}/voice_samples/{{id}}.parquet",
        receipt=f"{RESULTS}/voice_samples/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/voice_samples/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/voice_samples/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("voice_samples")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        run_script("sample_voices.py", on_gpu=True)


rule fit_units:
    """Fit the centres by which speech becomes units, on frames of an encoder."""
    input:
        spec=spec_of("unit_centres"),
        receipts=receipts_of("unit_centres", "sets"),
    output:
        centres=f"{RESULTS}/unit_centres/{{id}}/unit_centres.npy",
        receipt=f"{RESULTS}/unit_centres/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/unit_centres/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/unit_centres/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("unit_centres", most=2)
    resources:
        gpu=gpus_of("training"),
    shell:
        run_script("fit_units.py", on_gpu=True)


rule encode_units:
    """Replace the audio of a set by its units."""
    input:
        spec=spec_of("units"),
        receipts=receipts_of("units", "speech", "extractor"),
    output:
        units=f"{RESULTS}/units/{{id}}.parquet",
        receipt=f"{RESULTS}/units/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/units/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/units/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("units")
    resources:
        gpu=gpus_of("training"),
    shell:
        run_script("encode_units.py", on_gpu=True)


rule make_corpus:
    """Read the recorded speech of a language from a corpus on disk or on the hub."""
    input:
        spec=spec_of("corpus"),
    output:
        speech=f"{RESULTS}/corpora/{{id}}.parquet",
        receipt=f"{RESULTS}/corpora/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/corpus/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/corpus/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        run_script("make_corpus.py")
