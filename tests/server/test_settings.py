"""Settings: read once, refused in one clear line that names the variable."""

import pytest

from server.errors import Misconfigured
from server.settings import read_settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEARTH_PORT", "eight thousand"),
        ("HEARTH_PORT", "70000"),
        ("HEARTH_CLASSIFIER", "magic"),
        ("HEARTH_PUBLIC_URL", "hearth.example.org"),
        ("HEARTH_PUBLIC_URL", "https://hearth.example.org/path"),
        ("HEARTH_PUBLIC_URL", "https://[hearth.example.org"),
        ("HEARTH_TRACES_URL", "http://["),
        ("HEARTH_DATABASE_URL", "mysql://x"),
        ("HEARTH_ASSESS_DEADLINE_MS", "0"),
        ("HEARTH_LIMITS", "none"),
        ("HEARTH_CLASSIFIERS", "unix:/run/a,http://reader:9470"),
        ("HEARTH_TRUSTED_NETWORKS", "10.20.0.0/16"),
        ("HEARTH_TRUSTED_NETWORKS", "10.20.0.0/16*0"),
        ("HEARTH_TRUSTED_NETWORKS", "10.20.0.0/16*2000"),
        ("HEARTH_TRUSTED_NETWORKS", "10.20.0.1/16*20"),
        ("HEARTH_TRUSTED_NETWORKS", "10.20.0.0/16*20,ward*5"),
        ("HEARTH_PROT", "8000"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({name: value})
    assert name in refused.value.detail
    assert "\n" not in refused.value.detail


def test_detoxify_needs_to_know_where_its_weights_lie() -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({"HEARTH_CLASSIFIER": "detoxify"})
    assert "HEARTH_MODELS_DIR" in refused.value.detail


def test_a_refused_setting_does_not_repeat_its_value() -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({"HEARTH_PORT": "secret-value"})
    assert "secret-value" not in refused.value.detail


def test_limits_are_loose_on_loopback_alone() -> None:
    assert read_settings({}).limits_profile == "bench"
    assert (
        read_settings({"HEARTH_PUBLIC_URL": "https://hearth.example.org"}).limits_profile
        == "normal"
    )
    assert read_settings({"HEARTH_HOST": "0.0.0.0"}).limits_profile == "normal"  # noqa: S104
    assert read_settings({"HEARTH_LIMITS": "normal"}).limits_profile == "normal"


def test_other_variables_are_none_of_our_business() -> None:
    assert read_settings({"PATH": "/bin", "HEARTHSTONE": "1"}).port == 8000
