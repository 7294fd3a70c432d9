rule choose_weight:
    input:
        spec=spec("weight"),
        needed=inputs_of("weight"),
    output:
        record("weight"),
    log:
        f"{RESULTS}/logs/weight/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/weight/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("weight")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/choose_weight.py" {input.spec} {threads} > {log} 2>&1'


rule merge_vectors:
    input:
        spec=spec("merge"),
        needed=inputs_of("merge"),
    output:
        record("merge"),
    log:
        f"{RESULTS}/logs/merge/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/merge/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/merge_vectors.py" {input.spec} {threads} > {log} 2>&1'


rule merge_one:
    input:
        **alone("merge"),
    output:
        model=f"{RESULTS}/merged/{{id}}/model.safetensors",
        receipt=f"{RESULTS}/merged/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/merge_one/{{id}}.log",
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/merge_vectors.py" {input.spec} {threads} > {log} 2>&1'
