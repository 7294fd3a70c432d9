"""Merges depend on the code of their methods, which the engine imports by name."""

from tauspeech.plan.fingerprint import fingerprint
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.merges import MergeSpec, Term
from tauspeech.vectors import methods


def test_a_merge_depends_on_its_methods_and_those_nested_in_it():
    vector = PlannedJob("vector", "a", {}, {})
    nested = MergeSpec("svd", (Term(vector),), {"rank": 0.1})
    merge = MergeSpec("ties", (Term(nested), Term(vector)), {"keep": 0.5})
    assert merge.modules == ("tauspeech.vectors.methods.svd", "tauspeech.vectors.methods.ties")


def test_the_code_of_each_method_counts():
    prints = {name: fingerprint("merge_vectors.py", (methods.module_of(name),)) for name in methods.names()}
    assert len(set(prints.values())) == len(prints)
    assert fingerprint("merge_vectors.py") not in prints.values()
