"""What is kept of a large style sheet."""

import pytest

from app.web.css_subset import subset, without_unread_properties


def kept(sheet: str, *words: str) -> str:
    return subset(sheet, set(words))


def test_only_rules_whose_classes_are_all_named_are_kept() -> None:
    sheet = ".card{a:b}.card .card-body{c:d}.carousel{e:f}.btn.btn-lg>i{g:h}"
    assert kept(sheet, "card", "carousel", "btn") == ".card{a:b}.carousel{e:f}"
    assert kept(sheet, "btn", "btn-lg") == ".btn.btn-lg>i{g:h}"


def test_a_list_of_selectors_loses_what_is_not_used() -> None:
    assert kept(".btn,.navbar,a:is(.btn,.x){a:b}", "btn") == ".btn{a:b}"
    assert kept(".navbar,.toast{a:b}", "btn") == ""


def test_selectors_without_a_class_stay() -> None:
    sheet = "body{a:b}[data-theme=dark] h1,:root{c:d}"
    assert kept(sheet) == sheet


def test_the_fixed_half_of_a_name_that_is_put_together_keeps_every_end() -> None:
    sheet = ".text-red{a:b}.text-blue{a:c}.bg-red{a:d}"
    assert kept(sheet, "text-") == ".text-red{a:b}.text-blue{a:c}"


def test_rules_inside_conditions_are_looked_at_and_empty_conditions_go() -> None:
    sheet = "@media print{.navbar{a:b}.btn{a:c}}@media (width>1px){.navbar{a:b}}"
    assert kept(sheet, "btn") == "@media print{.btn{a:c}}"


def test_statements_fonts_and_animations_stay() -> None:
    sheet = '@charset "UTF-8";@font-face{src:url(x)}@keyframes spin{to{rotate:1turn}}'
    assert kept(sheet) == sheet


def test_comments_go_and_an_open_brace_is_told() -> None:
    assert kept("/* .btn{a:b} */.btn{c:d}", "btn") == ".btn{c:d}"
    with pytest.raises(ValueError, match="never closed"):
        kept(".btn{a:b", "btn")


def test_custom_properties_that_nothing_reads_go_with_those_that_only_they_read() -> None:
    sheet = ":root{--a:1;--b:var(--a);--c:2;--d:3}p{color:var(--c)}"
    assert without_unread_properties(sheet, "i{width:var(--d)}") == (
        ":root{--c:2;--d:3}p{color:var(--c)}"
    )
