rule finetune:
    input:
        spec=spec("finetune"),
        needed=inputs_of("finetune"),
    output:
        model=f"{RESULTS}/models/{{id}}/model.safetensors",
        receipt=f"{RESULTS}/models/{{id}}/receipt.json",
    log:
        f"{RESULTS}/logs/finetune/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/finetune/{{id}}.tsv"
    wildcard_constraints:
        id="(?!base/)[a-z0-9][a-z0-9_-]*",
    conda:
        "../envs/main.yaml"
    threads: threads_of("finetune")
    resources:
        gpu=gpus_of("training"),
    params:
        launch=launcher("training"),
    shell:
        'python "$SCRIPTS/on_gpus.py" {resources.gpu} {params.launch} "$SCRIPTS/finetune.py" {input.spec} {threads} > {log} 2>&1'
