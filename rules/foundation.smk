rule prepare_base:
    input:
        spec=f"{RESULTS}/plan/base/base.json",
        needed=inputs_of("base"),
    output:
        config=f"{RESULTS}/models/base/config.json",
        receipt=f"{RESULTS}/models/base/receipt.json",
    log:
        f"{RESULTS}/logs/base.log",
    benchmark:
        f"{RESULTS}/benchmarks/base/base.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("base")
    resources:
        gpu=gpus_of("training"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/prepare_base.py" {input.spec} {threads} > {log} 2>&1'


rule check_rarity:
    input:
        spec=spec("rarity"),
        needed=inputs_of("rarity"),
    output:
        check=f"{RESULTS}/rarity/{{id}}.json",
        receipt=f"{RESULTS}/rarity/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/rarity/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rarity/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    threads: threads_of("rarity")
    resources:
        gpu=gpus_of("decoding"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} python "$SCRIPTS/check_rarity.py" {input.spec} {threads} > {log} 2>&1'
