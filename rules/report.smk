# Tables, figures, claims and the report.


rule make_table:
    """Make a table from scores, hypotheses, searches, sets, checks or vectors."""
    input:
        spec=spec_of("table"),
        receipts=receipts_of(
            "table",
            "scores",
            "hypotheses",
            "searches",
            "sets",
            "rarity",
            "vectors",
            "finetuned",
            "merged",
            "tables",
        ),
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
        run_script("make_table.py")


rule draw_figure:
    """Draw a table as a figure."""
    input:
        spec=spec_of("figure"),
        receipts=receipts_of("figure", "table"),
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
        run_script("draw_figure.py")


rule check_claims:
    """Test the paper's claims on the hypotheses of this run."""
    input:
        spec=f"{RESULTS}/plan/claims/claims.json",
        receipts=receipts_of("claims", "hypotheses", "searches", name="claims"),
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
        run_script("check_claims.py")


rule write_report:
    """Write the report: one page with tables, figures, claims and audio."""
    input:
        spec=f"{RESULTS}/plan/report/report.json",
        receipts=receipts_of(
            "report",
            "tables",
            "figures",
            "claims",
            "hypotheses",
            "sets",
            "voice_samples",
            name="report",
        ),
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
        run_script("write_report.py")
