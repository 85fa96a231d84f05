"""The rule of every experiment's verdict: numbers of the finding, their bars, the fitting answers.

The answers are those of the registry. An experiment runs; its rule is applied to what it recorded,
so that a stored finding gets its verdict anew from its own numbers.
"""

from collections.abc import Mapping

from resnet_viz.records import Bar

#: Wide layers multiply the gradient by 1.00 to 1.65 a layer; 3 % is four times the spread of seeds.
_STEADY = 0.97, 1.03
#: A correlation below this is treated as noise: 256 points of white noise stay below 0.13.
_NOISE = 0.2
#: Points of accuracy; 200 images have a standard error of up to 3.5.
_LOSS = 10.0
#: Share by which responses must differ.
_RESPONSE = 0.05
#: CKA of neighbouring blocks is near 1 everywhere.
_SIMILARITY = 0.01
#: Ratio of two rises of the loss.
_RISE = 0.8, 1.25
#: Ratio of two gradient ratios, or of two errors.
_TWICE = 0.5, 2.0
#: Spearman's rank correlation of two maps.
_ALIKE = 0.5
#: Points of error; twins of other seeds differ by up to 0.5.
_ERROR = 1.0
#: Last loss over that of guessing: of a network that trains, and of one that does not.
_TRAINS = 0.9, 1.0

_STAGES_BEFORE_LAST = (1, 2)
_FORMS_WITHOUT_NORM = ("skipinit", "fixup")

#: The bars of each experiment; all must admit an answer.
RULES: Mapping[str, tuple[Bar, ...]] = {
    "shattered-gradients": (
        Bar("plain-50", _NOISE, _NOISE, below=("plain", "both"), above=("residual", "neither")),
        Bar("residual-50", _NOISE, _NOISE, below=("residual", "both"), above=("plain", "neither")),
    ),
    "gradient-growth": (
        Bar("plain_bn", *_STEADY, below=("vanishes",), between=("steady",), above=("explodes",)),
    ),
    "paths": tuple(
        Bar(name, -0.05, 0.05, below=("short",), between=("middle",), above=("long",))
        for name in ("mean_shift", "median_shift")
    ),
    "lesion": (
        *(
            Bar(
                name, -_LOSS, _LOSS, below=("residual",), between=("both_little", "both_much"),
                above=("plain",),
            )
            for name in ("median_gap", "mean_gap")
        ),
        Bar(
            "larger_median", _LOSS, _LOSS, below=("both_little",),
            above=("residual", "both_much", "plain"),
        ),
    ),
    "layer-responses": tuple(
        Bar(name, -_RESPONSE, _RESPONSE, below=("plain",), between=("equal",), above=("residual",))
        for name in ("mean_change", "median_change")
    ),
    "refinement": (
        *(
            Bar(
                f"stage{stage}_{statistic}", -1, 1, below=("away",), between=("last", "nowhere"),
                above=("everywhere",),
            )
            for stage in _STAGES_BEFORE_LAST
            for statistic in ("mean", "median")
        ),
        *(
            Bar(
                f"stage3_{statistic}", -1, 1, below=("away",), between=("nowhere",),
                above=("everywhere", "last"),
            )
            for statistic in ("mean", "median")
        ),
    ),
    "cka": tuple(
        Bar(
            name, -_SIMILARITY, _SIMILARITY, below=("plain",), between=("equal",),
            above=("residual",),
        )
        for name in ("mean_gap", "median_gap")
    ),
    "loss-landscape": tuple(
        Bar(name, *_RISE, below=("residual",), between=("equal",), above=("plain",))
        for name in ("rise_ratio", "centre_ratio")
    ),
    "shortcut-strength": (
        Bar("fall", *_TWICE, below=("rises",), between=("same",), above=("falls", "jumps")),
        Bar(
            "fall_of_weak", 2.0, 2.0, below=("rises", "same", "jumps"),
            above=("rises", "same", "falls"),
        ),
    ),
    "zero-means-identity": (
        Bar("error_ratio", *_TWICE, below=("plain",), between=("equal",), above=("residual",)),
    ),
    "grad-cam-sanity": (
        *(
            Bar(f"{kind}_head", _ALIKE, _ALIKE, below=("noise",), above=("gradual", "never"))
            for kind in ("residual", "plain")
        ),
        *(
            Bar(f"{kind}_random", _ALIKE, _ALIKE, below=("noise", "gradual"), above=("never",))
            for kind in ("residual", "plain")
        ),
    ),
    "degradation": (
        Bar("epochs_gap", 0, 0, between=("rises", "overfits", "falls")),
        Bar("train_change", -_ERROR, _ERROR, below=("overfits", "falls"), above=("rises",)),
        Bar("test_change", -_ERROR, _ERROR, below=("falls",), above=("rises", "overfits")),
        Bar(
            "excess_change", 0, 0, below=("overfits", "falls"),
            above=("rises", "overfits", "falls"),
        ),
    ),
    "normalisation-free": (
        Bar(
            "none_ratio", *_TRAINS, below=("none_trains",),
            above=("zero_trains", "nothing_trains"),
        ),
        *(
            Bar(
                f"{form}_ratio", *_TRAINS, below=("zero_trains", "none_trains"),
                above=("nothing_trains", "none_trains"),
            )
            for form in _FORMS_WITHOUT_NORM
        ),
    ),
}  # fmt: skip
