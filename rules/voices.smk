# Engines that say sentences in environments of their own, and what a person may compare of them.


rule train_voice:
    input:
        spec=spec("voice"),
        needed=inputs_of("voice"),
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
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} {params.python:q} "$SCRIPTS/train_voice.py" {input.spec} {threads} > {log} 2>&1'


rule speak:
    input:
        spec=f"{RESULTS}/plan/voiced/{{environment}}/{{id}}.json",
        needed=inputs_of("voiced", "{environment}/{id}"),
        environment=environment_of("{environment}"),
    output:
        voiced=f"{RESULTS}/voiced/{{environment}}/{{id}}.parquet",
        dropped=f"{RESULTS}/voiced/{{environment}}/{{id}}.dropped.tsv",
        receipt=f"{RESULTS}/voiced/{{environment}}/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/voiced/{{environment}}/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/voiced/{{environment}}/{{id}}.tsv"
    conda:
        "../envs/{environment}.yaml"
    threads: threads_of("voiced", pattern="{environment}/{id}")
    resources:
        gpu=gpus_of_speaking(),
    params:
        python=python_of("{environment}"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} {params.python:q} "$SCRIPTS/speak.py" {input.spec} {threads} > {log} 2>&1'


rule show_voices:
    input:
        spec=spec("showing"),
        needed=inputs_of("showing"),
    output:
        showing=f"{RESULTS}/showing/{{id}}.parquet",
        receipt=f"{RESULTS}/showing/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/showing/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/showing/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("showing")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/show_voices.py" {input.spec} {threads} > {log} 2>&1'
