"""What a run says of having done less than the settings as shipped."""

from __future__ import annotations

from naturalistic.release.reduced import (
    left_out_sentence,
    reduced_in_services,
    reduced_resampling,
)

FEWER = {"resampling": {"bootstrap_draws": 200, "imputations": 50}}
SHIPPED = {"resampling": {"bootstrap_draws": 2000, "imputations": 50}}


def test_only_what_is_below_the_shipped_settings_is_told():
    assert reduced_resampling(FEWER) == "200 bootstrap draws in place of 2,000"
    assert reduced_resampling(SHIPPED) == ""
    assert reduced_resampling({"resampling": {"bootstrap_draws": 9000, "imputations": 80}}) == ""
    assert reduced_resampling({}) == ""


def test_services_are_counted_by_how_they_resampled():
    (said,) = reduced_in_services([FEWER, SHIPPED, FEWER])
    assert said.startswith("Resampling was reduced in 2 of 3 services (200 bootstrap draws")
    assert reduced_in_services([SHIPPED]) == ()


def test_what_was_left_out_is_named_and_never_called_not_measured():
    said = left_out_sentence({"analyses_left_out": ["nice_alignment", "bias"]})
    assert "leave out: NICE, other explanations of the change." in said
    assert "leave out: equity." in left_out_sentence({"analyses_left_out": ["equity"]})
    assert "it was not looked at" in said
    assert left_out_sentence(SHIPPED) == ""
