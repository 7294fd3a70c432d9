rule make_speech:
    input:
        spec=spec("speech"),
        needed=inputs_of("speech"),
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
        gpu=gpus_of_listening("speech"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/make_speech.py" {input.spec} {threads} > {log} 2>&1'
