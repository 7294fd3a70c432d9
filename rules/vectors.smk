rule extract_vector:
    input:
        spec=spec("vector"),
        needed=inputs_of("vector"),
    output:
        vector=f"{RESULTS}/vectors/{{id}}.safetensors",
        receipt=f"{RESULTS}/vectors/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/vector/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/vector/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/extract_vector.py" {input.spec} {threads} > {log} 2>&1'
