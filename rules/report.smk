rule make_table:
    input:
        spec=spec("table"),
        needed=inputs_of("table"),
    output:
        table=f"{RESULTS}/tables/{{id}}.tsv",
        readable=f"{RESULTS}/tables/{{id}}.md",
        receipt=f"{RESULTS}/tables/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/table/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/table/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/make_table.py" {input.spec} {threads} > {log} 2>&1'


rule draw_figure:
    input:
        spec=spec("figure"),
        needed=inputs_of("figure"),
    output:
        svg=f"{RESULTS}/figures/{{id}}.svg",
        png=f"{RESULTS}/figures/{{id}}.png",
        receipt=f"{RESULTS}/figures/{{id}}.receipt.json",
    log:
        f"{RESULTS}/logs/figure/{{id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/figure/{{id}}.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/draw_figure.py" {input.spec} {threads} > {log} 2>&1'


rule check_claims:
    input:
        spec=f"{RESULTS}/plan/claims/claims.json",
        needed=inputs_of("claims"),
    output:
        claims=f"{RESULTS}/claims.tsv",
        receipt=f"{RESULTS}/claims.receipt.json",
    log:
        f"{RESULTS}/logs/claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/claims/claims.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/check_claims.py" {input.spec} {threads} > {log} 2>&1'


rule write_report:
    input:
        spec=f"{RESULTS}/plan/report/report.json",
        needed=inputs_of("report"),
    output:
        page=f"{RESULTS}/report.html",
        receipt=f"{RESULTS}/report.receipt.json",
    log:
        f"{RESULTS}/logs/report.log",
    benchmark:
        f"{RESULTS}/benchmarks/report/report.tsv"
    conda:
        "../envs/main.yaml"
    shell:
        'python "$SCRIPTS/write_report.py" {input.spec} {threads} > {log} 2>&1'
