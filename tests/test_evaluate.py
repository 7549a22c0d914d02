"""Evaluation, held against scikit-learn, statsmodels and SciPy; intervals held against simulated truth."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from scipy.special import expit, softmax
from sklearn import metrics
from sklearn.calibration import calibration_curve as sklearn_curve
from sklearn.linear_model import LogisticRegression
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from cnn_course import (
    DataError,
    ImageDataset,
    ModelError,
    build_logit,
    calibration_curve,
    choose_threshold,
    compare_models,
    compare_predictions,
    confident_errors,
    confusion_matrix,
    evaluate_model,
    evaluate_predictions,
    find_leaks,
    fit_temperature,
    load_dataset,
    load_images_from_folder,
    precision_recall,
    predict_probabilities,
    wilson_interval,
)

NAMES = ("cat", "dog", "eel", "fox")


def drawn(n=500, classes=4, seed=0, sure=2.0):
    """Labels and probabilities of a model that is somewhat right."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, n, p=np.arange(1, classes + 1) / sum(range(1, classes + 1)))
    return labels, softmax(rng.normal(size=(n, classes)) + sure * np.eye(classes)[labels], axis=1)


def binary(n=400, seed=0):
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(1.5, 2.5, n), 2)  # rounded, so that equal ones occur
    return (rng.random(n) < p).astype(int), p


class TestScores:
    def test_confusion_precision_recall_and_f1_are_scikit_learns(self):
        labels, p = drawn()
        report, said = evaluate_predictions(labels, p, NAMES), p.argmax(axis=1)
        np.testing.assert_array_equal(report.confusion.counts, metrics.confusion_matrix(labels, said))
        np.testing.assert_allclose(report.confusion.shares(), metrics.confusion_matrix(labels, said, normalize="true"))
        expected = metrics.precision_recall_fscore_support(labels, said)
        for score, values in zip(("precision", "recall", "f1"), expected, strict=False):
            np.testing.assert_allclose([getattr(s, score).value for s in report.per_class], values)
        assert [s.pictures for s in report.per_class] == expected[3].tolist()
        assert report.accuracy.value == pytest.approx(metrics.accuracy_score(labels, said))
        assert report.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(labels, said))
        assert report["eel"] is report[2] is report.per_class[2]

    def test_an_absent_class_and_one_never_predicted_have_dashes_not_zeros(self):
        labels, said = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
        report = evaluate_predictions(labels, said, NAMES)
        cat, _, eel, fox = report.per_class
        assert np.isnan(eel.precision.value) and (eel.recall.value, eel.f1.value) == (0, 0)
        assert np.isnan([fox.precision.value, fox.recall.value, fox.f1.value]).all()
        assert (fox.recall.low, fox.recall.high, fox.recall.n) == (0, 1, 0)
        assert report.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(labels, said))
        assert cat.precision.value == pytest.approx(1 / 2)
        assert "–" in repr(report) and "nan" not in repr(report) + report._repr_html_() + repr(report.confusion)

    def test_pictures_without_a_label_count_nowhere_and_rows_stay_those_of_the_set(self):
        labels, p = drawn(60)
        blind = np.where(np.arange(60) % 3 == 0, -1, labels)
        report, known = evaluate_predictions(blind, p, NAMES), np.arange(60) % 3 != 0
        alone = evaluate_predictions(labels[known], p[known], NAMES)
        assert repr(report.accuracy) == repr(alone.accuracy) and report.per_class == alone.per_class
        assert repr(report.calibration()) == repr(alone.calibration())
        assert repr(report.precision_recall("dog")) == repr(alone.precision_recall(1))
        np.testing.assert_array_equal(report.errors(), np.flatnonzero(known)[alone.errors()])
        assert "40 pictures, 4 classes" in repr(report) and "20 pictures without a label left out" in repr(report)

    def test_one_number_is_the_probability_of_the_second_class(self):
        labels, p = binary()
        forms = [p, p[:, None], np.stack([1 - p, p], axis=1), (p > 0.5).astype(int), p > 0.5, p.astype("float32")]
        reports = [evaluate_predictions(labels, form) for form in forms]
        assert len({str(report) for report in reports}) == 1
        assert reports[0].probabilities.shape == (400, 2)
        assert evaluate_predictions([0, 1], [0.5, 0.5]).predictions.tolist() == [0, 0]  # as Keras's accuracy has it

    def test_the_most_confident_errors_come_first_and_equal_ones_in_order(self):
        labels = np.array([0, 1, 2, 0, 1])
        p = np.array([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.9, 0.1, 0.0], [0.1, 0.1, 0.8], [0.6, 0.3, 0.1]])
        assert confident_errors(labels, p).tolist() == [2, 0, 3, 4]
        assert confident_errors(labels, p, n=2).tolist() == [2, 0]
        assert evaluate_predictions(labels, p).errors(1).tolist() == [2]

    def test_it_prints_the_essential_as_text_and_as_html(self):
        report = evaluate_predictions(*drawn(), NAMES)
        text, html = repr(report), report._repr_html_()
        for part in ("500 pictures, 4 classes", str(report.accuracy), str(report["fox"].f1), "95 %"):
            assert part in text and part in html
        assert len(text.splitlines()) == 4 + len(NAMES) and max(map(len, text.splitlines())) <= 120
        assert "&lt;b&gt;" in evaluate_predictions([0, 1], [0, 1], ("<b>", "c"))._repr_html_()
        frame = report.to_dataframe()
        assert frame["recall_low"].tolist() == [s.recall.low for s in report.per_class]

    def test_of_many_classes_the_largest_confusions_are_printed(self):
        labels = np.repeat(np.arange(20), 5)
        said = np.where(labels == 7, 8, labels)
        matrix = confusion_matrix(labels, said)
        assert matrix.largest() == [("7", "8", 5)] and "7 taken for 8" in repr(matrix)
        assert len(repr(matrix).splitlines()) == 2


class TestIntervals:
    def test_wilsons_interval_is_statsmodels(self):
        for n in (1, 2, 10, 1000):
            for k in range(0, n + 1, max(1, n // 10)):
                for confidence in (0.5, 0.95, 0.999):
                    got = wilson_interval(k, n, confidence)
                    expected = proportion_confint(k, n, 1 - confidence, method="wilson")
                    np.testing.assert_allclose((got.low, got.high), expected, atol=1e-12)
                    assert got.low <= got.value <= got.high
        nothing = wilson_interval(0, 0)
        assert (nothing.low, nothing.high) == (0, 1) and np.isnan(nothing.value)

    def test_of_a_report_accuracy_precision_and_recall_are_wilsons(self):
        labels, p = drawn()
        said = p.argmax(axis=1)
        report = evaluate_predictions(labels, p, confidence=0.9)
        pairs = [(report.accuracy, labels == said)]
        pairs += [(report[k].precision, (labels == k)[said == k]) for k in range(4)]
        pairs += [(report[k].recall, (said == k)[labels == k]) for k in range(4)]
        for estimate, right in pairs:
            expected = proportion_confint(right.sum(), len(right), 0.1, method="wilson")
            np.testing.assert_allclose((estimate.low, estimate.high), expected)

    def test_they_hold_the_truth_as_often_as_they_say(self):
        """2,000 samples of 120 pictures; 95 % with a standard error of half a point."""
        joint = np.array([[0.45, 0.04, 0.01], [0.06, 0.20, 0.04], [0.0, 0.05, 0.15]])
        recalls, precisions = np.diag(joint) / joint.sum(axis=1), np.diag(joint) / joint.sum(axis=0)
        truth = {
            "accuracy": np.trace(joint),
            "balanced_accuracy": recalls.mean(),
            "precision": precisions[1],
            "recall": recalls[1],
            "f1": 2 * precisions[1] * recalls[1] / (precisions[1] + recalls[1]),
        }
        rng, inside = np.random.default_rng(0), dict.fromkeys(truth, 0)
        for _ in range(2000):
            cells = rng.choice(9, 120, p=joint.ravel())
            report = evaluate_predictions(cells // 3, cells % 3)
            for name, value in truth.items():
                estimate = getattr(report if "accuracy" in name else report[1], name)
                inside[name] += estimate.low <= value <= estimate.high
        assert all(0.93 <= n / 2000 <= 0.975 for n in inside.values()), inside

    @pytest.mark.parametrize(
        "recalls, sizes", [([0.97] * 10, 60), ([0.9, 0.95] * 25, 4), ([0.99, 0.9, 0.6, 0.3], [200, 50, 20, 10])]
    )
    def test_that_of_the_balanced_accuracy_holds_with_many_classes_and_with_small_ones(self, recalls, sizes):
        rng, inside, labels = np.random.default_rng(2), 0, np.repeat(np.arange(len(recalls)), sizes)
        for _ in range(1000):
            said = np.where(rng.random(len(labels)) < np.array(recalls)[labels], labels, (labels + 1) % len(recalls))
            estimate = evaluate_predictions(labels, said).balanced_accuracy
            inside += estimate.low <= np.mean(recalls) <= estimate.high
        assert 0.92 <= inside / 1000 <= 0.98

    def test_that_of_the_balanced_accuracy_is_wilsons_for_one_class(self):
        for right in (0, 3, 9, 10):
            got = evaluate_predictions(np.zeros(10, int), (np.arange(10) >= right).astype(int))
            assert str(got.balanced_accuracy) == str(got.accuracy) == str(wilson_interval(right, 10))

    def test_pictures_that_belong_together_widen_them_as_far_as_needed(self):
        """Groups of one to five equal pictures: intervals with groups hold the truth, those without do not."""
        rng, inside, alone = np.random.default_rng(1), 0, 0
        for _ in range(1000):
            groups = np.repeat(np.arange(60), rng.integers(1, 6, 60))
            right = (rng.random(60) < 0.85)[groups]
            labels = np.zeros(len(groups), int)
            known = evaluate_predictions(labels, 1 - right, groups=groups).accuracy
            unknown = evaluate_predictions(labels, 1 - right).accuracy
            inside += known.low <= 0.85 <= known.high
            alone += unknown.low <= 0.85 <= unknown.high
        assert 0.92 <= inside / 1000 <= 0.98 and alone / 1000 < 0.85

    def test_groups_of_one_change_nothing_and_copies_of_all_change_little(self):
        labels, p = drawn(200)
        alone = evaluate_predictions(labels, p)
        assert str(evaluate_predictions(labels, p, groups=np.arange(200)[::-1])) == str(alone)
        twice = evaluate_predictions(np.tile(labels, 2), np.tile(p, (2, 1)), groups=np.tile(np.arange(200), 2))
        np.testing.assert_allclose(twice.accuracy.low, alone.accuracy.low, atol=0.002)
        assert "the pictures lie in 200 groups" in repr(twice)

    def test_all_right_with_groups_counts_a_group_as_one_picture(self):
        estimate = evaluate_predictions(np.zeros(30, int), np.zeros(30, int), groups=np.arange(30) // 3).accuracy
        assert estimate.low == pytest.approx(wilson_interval(10, 10).low)
        alone = evaluate_predictions([0, 0, 0], [0, 1, 0], groups=[7, 7, 7]).accuracy
        assert alone.low < 0.1 and alone.high > 0.9


class TestCalibration:
    @pytest.mark.parametrize("strategy", ["uniform", "quantile"])
    @pytest.mark.parametrize("bins", [4, 10])
    def test_bins_are_scikit_learns(self, strategy, bins):
        rng = np.random.default_rng(3)
        p = rng.beta(1.5, 2.5, 400)
        labels = (rng.random(400) < p).astype(int)
        got = calibration_curve(labels, p, bins, strategy, positive=1)
        frequency, probability = sklearn_curve(labels, p, n_bins=bins, strategy=strategy)
        there = got.counts > 0
        np.testing.assert_allclose(got.frequency[there], frequency)
        np.testing.assert_allclose(got.probability[there], probability)
        weights = got.counts[there] / 400
        assert got.error == pytest.approx(np.sum(weights * np.abs(frequency - probability)))
        expected = proportion_confint(got.frequency * got.counts, got.counts, method="wilson")
        np.testing.assert_allclose(got.low[there], expected[0][there], atol=1e-12)

    def test_the_confidence_is_of_the_predicted_class_and_no_picture_is_lost(self):
        labels, p = drawn()
        got = evaluate_predictions(labels, p, NAMES).calibration(5)
        frequency = sklearn_curve(labels == p.argmax(axis=1), p.max(axis=1), n_bins=5)[0]
        np.testing.assert_allclose(got.frequency[got.counts > 0], frequency)
        assert got.counts.sum() == 500 and "the predicted class" in repr(got)
        assert "fox" in repr(evaluate_predictions(labels, p, NAMES).calibration(positive="fox"))

    def test_equal_probabilities_share_a_bin(self):
        got = calibration_curve([0, 1, 0, 1, 1], [0.2] * 4 + [0.9], bins=4, strategy="quantile", positive=1)
        assert got.counts.tolist() == [4, 1]
        got = calibration_curve([0, 1, 0, 1, 1], [0.2] + [1.0] * 4, bins=4, strategy="quantile", positive=1)
        assert got.counts.tolist() == [1, 4]
        assert calibration_curve([0, 1], [0.3, 0.3], strategy="quantile", positive=1).counts.tolist() == [2]

    def test_chance_alone_explains_the_error_of_probabilities_that_are_right(self):
        p_values, errors, by_chance = [], [], []
        for seed in range(200):
            rng = np.random.default_rng(seed)
            p = rng.random(300)
            got = calibration_curve((rng.random(300) < p).astype(int), p, positive=1)
            p_values.append(got.p_value)
            errors.append(got.error)
            by_chance.append(got.error_by_chance)
        assert stats.kstest(p_values, "uniform").pvalue > 0.01
        assert np.mean(errors) == pytest.approx(np.mean(by_chance), rel=0.05)
        wrong = calibration_curve((rng.random(300) < p**3).astype(int), p, positive=1)
        assert wrong.p_value < 0.01 and wrong.error > 3 * wrong.error_by_chance


class TestTemperature:
    def test_it_is_what_a_general_optimiser_finds(self):
        labels, p = drawn(300, sure=1.5)
        for sharper in (0.4, 1.0, 3.0):
            logits = sharper * np.log(p)
            got = fit_temperature(labels, logits, from_logits=True)
            model = LogisticRegression(C=np.inf, fit_intercept=False)  # of the differences, for two classes
            near = got.value * np.array([0.999, 1, 1.001])
            losses = [metrics.log_loss(labels, softmax(logits / t, axis=1)) for t in near]
            assert losses[1] == min(losses) == pytest.approx(got.loss_after)
            assert got.loss_before == pytest.approx(metrics.log_loss(labels, softmax(logits, axis=1)))
            two = np.argsort(-np.bincount(labels))[:2]
            rows = np.isin(labels, two)
            gap = logits[rows][:, two[1]] - logits[rows][:, two[0]]
            slope = model.fit(gap[:, None], labels[rows] == two[1]).coef_[0, 0]
            binary_one = fit_temperature((labels[rows] == two[1]).astype(int), gap, from_logits=True)
            assert binary_one.value == pytest.approx(1 / slope, rel=1e-3)

    def test_the_truth_comes_back_and_lies_in_the_interval(self):
        inside = 0
        for seed in range(300):
            rng = np.random.default_rng(seed)
            logits = rng.normal(size=(200, 3)) * 2
            labels = np.array([rng.choice(3, p=row) for row in softmax(logits, axis=1)])
            got = fit_temperature(labels, 2.5 * logits, from_logits=True)
            inside += got.low <= 2.5 <= got.high
        assert 0.91 <= inside / 300 <= 0.985

    def test_logits_and_probabilities_of_every_form_agree(self):
        labels, p = binary()
        p = np.clip(p, 0.01, 0.99)
        z = np.log(p / (1 - p))
        forms = [(p, False), (p[:, None], False), (np.stack([1 - p, p], axis=1), False), (z, True), (z[:, None], True)]
        found = [fit_temperature(labels, form, from_logits) for form, from_logits in forms]
        np.testing.assert_allclose([one.value for one in found], found[0].value)
        for one, (form, from_logits) in zip(found, forms, strict=True):
            applied = one.apply(form, from_logits)
            assert applied.shape == form.shape
            expected = expit(z / one.value)
            np.testing.assert_allclose(applied[:, 1] if applied.shape[1:] == (2,) else applied.ravel(), expected)

    def test_predictions_stay_and_the_error_falls(self):
        labels, p = drawn(1000)
        sure = softmax(4 * np.log(p), axis=1)
        mended = fit_temperature(labels[:500], sure[:500]).apply(sure[500:])
        np.testing.assert_array_equal(mended.argmax(axis=1), sure[500:].argmax(axis=1))
        before, after = (calibration_curve(labels[500:], q).error for q in (sure[500:], mended))
        assert after < before / 2

    def test_probabilities_of_zero_and_one_are_survived(self):
        labels, sure = np.array([0, 1, 1, 0, 1]), np.array([0.0, 1.0, 0.0, 0.3, 0.8])
        for form in (sure, np.stack([1 - sure, sure], axis=1)):
            got = fit_temperature(labels, form)
            assert np.isfinite(got.value) and got.value > 1 and np.isfinite(got.apply(form)).all()

    def test_where_no_temperature_is_best_it_says_why(self):
        with pytest.raises(DataError, match="all 2 pictures are right"):
            fit_temperature([0, 1], [0.3, 0.8])
        with pytest.raises(DataError, match="no better than guessing"):
            fit_temperature([0, 1, 1], [0.9, 0.2, 0.1])


class TestThresholds:
    def test_the_curve_is_scikit_learns(self):
        labels, p = binary()
        got = precision_recall(labels, p)
        precision, recall, thresholds = metrics.precision_recall_curve(labels, p)
        np.testing.assert_allclose(got.thresholds, thresholds)
        np.testing.assert_allclose(got.precision, precision[:-1])
        np.testing.assert_allclose(got.recall, recall[:-1])
        assert got.average_precision == pytest.approx(metrics.average_precision_score(labels, p))
        labels, p = drawn()
        for k, name in enumerate(NAMES):
            got = evaluate_predictions(labels, p, NAMES).precision_recall(name)
            assert got.average_precision == pytest.approx(metrics.average_precision_score(labels == k, p[:, k]))

    def test_the_threshold_is_the_lowest_that_reaches_the_precision(self):
        labels, p = binary()
        for wanted in (0.4, 0.55, 0.7):
            got = choose_threshold(labels, p, wanted)
            shares = {t: labels[p >= t].mean() for t in np.unique(p)}
            assert got.value == min(t for t, share in shares.items() if share >= wanted)
            assert got.precision.value == labels[p >= got.value].mean() and got.precision.n == (p >= got.value).sum()
            assert got.recall.value == (p[labels == 1] >= got.value).mean()

    def test_surely_the_lower_end_of_the_interval_reaches_it(self):
        labels, p = binary()
        got, sure = (choose_threshold(labels, p, 0.55, surely=surely) for surely in (False, True))
        assert sure.value > got.value and sure.precision.low >= 0.55
        lower = {t: labels[p >= t].sum() for t in np.unique(p) if t < sure.value}
        assert all(wilson_interval(hits, int((p >= t).sum())).low < 0.55 for t, hits in lower.items())

    def test_a_threshold_of_ones_own_is_measured_too(self):
        labels, p = binary()
        got = precision_recall(labels, p).at(0.505)
        assert got.precision.value == labels[p >= 0.505].mean()
        nothing = precision_recall(labels, p).at(2)
        assert nothing.precision.n == 0 and np.isnan(nothing.precision.value) and nothing.recall.value == 0

    def test_what_cannot_be_reached_names_the_best(self):
        labels, p = [1, 0, 1, 0], [0.1, 0.4, 0.35, 0.8]
        with pytest.raises(
            DataError, match=r"No threshold reaches precision=0.9 for 1. The highest precision is 0.500"
        ):
            choose_threshold(labels, p, 0.9)
        with pytest.raises(DataError, match="lower end of its interval of 95 % is"):
            choose_threshold([0, 1], [0.1, 0.9], 0.9, surely=True)
        assert choose_threshold([0, 1], [0.1, 0.9], 1).value == 0.9
        with pytest.raises(DataError, match="precision must be a number between 0 and 1"):
            choose_threshold([0, 1], [0.1, 0.9], 1.5)
        with pytest.raises(DataError, match=r"of the class cat\. Received: none of 2"):
            evaluate_predictions([1, 1], [0.2, 0.3], ("cat", "dog")).precision_recall("cat")


def two_models(n=300, classes=3, seed=0, better=0.1):
    """Labels and the answers of two models, the first right more often."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(classes, n, p=[0.6, 0.3, 0.1][:classes])
    hard, other = rng.random(n), rng.integers(1, classes, n)
    answers = {
        name: np.where(hard + rng.normal(0, 0.1, n) < share, labels, (labels + other) % classes)
        for name, share in (("large", 0.7 + better), ("small", 0.7))
    }
    return labels, answers


class TestComparison:
    def test_without_groups_it_is_mcnemars_exact_test(self):
        for seed in range(5):
            labels, answers = two_models(seed=seed, better=0.03)
            got = compare_predictions(labels, answers)
            a, b = (said == labels for said in answers.values())
            table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
            assert got.p_value == pytest.approx(mcnemar(table, exact=True).pvalue) and "McNemar" in repr(got)
            assert (got.only_first, got.only_second) == (table[0][1], table[1][0])
            assert got.difference == pytest.approx(a.mean() - b.mean())

    @pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
    def test_the_interval_is_scipys_bootstrap(self, metric):
        labels, answers = two_models()
        got = compare_predictions(labels, answers, metric, draws=20_000)
        score = metrics.accuracy_score if metric == "accuracy" else metrics.balanced_accuracy_score
        said = list(answers.values())
        assert got.values == pytest.approx([score(labels, one) for one in said])

        def difference(rows):
            return score(labels[rows], said[0][rows]) - score(labels[rows], said[1][rows])

        rows = (np.arange(len(labels)),)
        rng = np.random.default_rng(0)
        expected = stats.bootstrap(
            rows, difference, vectorized=False, n_resamples=1500, method="percentile", rng=rng
        ).confidence_interval
        np.testing.assert_allclose((got.low, got.high), expected, atol=0.006)

    @pytest.mark.parametrize("grouped", [False, True])
    def test_the_permutation_test_is_scipys(self, grouped):
        labels, answers = two_models(n=240, better=0.05)
        groups = np.arange(240) // 3 if grouped else None
        got = compare_predictions(labels, answers, "balanced_accuracy", groups, draws=20_000)
        sizes = np.bincount(labels)
        a, b = ((said == labels) / sizes[labels] / 3 for said in answers.values())
        if grouped:
            a, b = a.reshape(-1, 3).sum(axis=1), b.reshape(-1, 3).sum(axis=1)
        rng = np.random.default_rng(0)
        expected = stats.permutation_test(
            (a, b),
            lambda x, y, axis: (x - y).sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=20_000,
            rng=rng,
        )
        assert got.difference == pytest.approx(expected.statistic) and "20,000 draws" in got.test
        assert got.p_value == pytest.approx(expected.pvalue, abs=0.015)

    def test_few_disagreements_are_counted_out_exactly(self):
        labels, answers = np.zeros(40, int), {"a": np.zeros(40, int), "b": (np.arange(40) < 6).astype(int)}
        got = compare_predictions(labels, answers, groups=np.arange(40) // 2)
        assert got.p_value == 2 * 0.5**3 and got.test == "exact permutation test" and got.units == 20
        alone = compare_predictions(labels, answers)
        assert alone.p_value == 2 * 0.5**6
        swapped = compare_predictions(labels, dict(reversed(answers.items())))
        assert swapped.p_value == alone.p_value and swapped.difference == -alone.difference

    def test_groups_are_drawn_as_a_whole(self):
        """Each picture three times over tells no more than once."""
        labels, answers = two_models(100)
        thrice = {name: np.repeat(said, 3) for name, said in answers.items()}
        once = compare_predictions(labels, answers, "balanced_accuracy")
        grouped = compare_predictions(np.repeat(labels, 3), thrice, "balanced_accuracy", np.repeat(np.arange(100), 3))
        alone = compare_predictions(np.repeat(labels, 3), thrice, "balanced_accuracy")
        assert (grouped.low, grouped.high) == pytest.approx((once.low, once.high))
        assert grouped.p_value == pytest.approx(once.p_value, abs=0.01)
        assert alone.high - alone.low < 0.7 * (once.high - once.low)
        assert "300 pictures in 100 groups" in repr(grouped)

    def test_interval_and_test_keep_their_promise(self):
        inside = rejected = 0
        for seed in range(400):
            labels, answers = two_models(200, seed=seed, better=0.1)
            got = compare_predictions(labels, answers, draws=1000)
            inside += got.low <= 0.1 <= got.high  # the truth, as is seen below
            labels, answers = two_models(200, seed=1000 + seed, better=0.0)
            rejected += compare_predictions(labels, answers, "balanced_accuracy", draws=500).p_value <= 0.05
        labels, answers = two_models(1_000_000, seed=7)
        assert compare_predictions(labels, answers, draws=100).difference == pytest.approx(0.1, abs=0.001)
        assert 0.91 <= inside / 400 <= 0.98 and rejected / 400 <= 0.085

    def test_models_that_never_differ_and_the_same_seed(self):
        labels, answers = two_models()
        same = compare_predictions(labels, {"a": answers["large"], "b": answers["large"]})
        assert (same.p_value, same.low, same.high) == (1, 0, 0)
        same = compare_predictions(labels, {"a": labels, "b": labels}, "balanced_accuracy")
        assert same.p_value == 1
        first, again, other = (compare_predictions(labels, answers, seed=seed, draws=500) for seed in (1, 1, 2))
        assert first == again != other

    def test_two_models_of_a_data_set_are_compared_by_its_groups(self):
        data = load_dataset("digits", n=60)
        grouped = ImageDataset(data.images, data.labels, data.class_names, groups=np.arange(60) // 2)
        right = dict(zip([x.tobytes() for x in data.images], np.eye(10)[data.labels], strict=True))
        models = {
            "good": lambda x: np.stack([right[one.tobytes()] for one in x]),
            "poor": lambda x: np.full((len(x), 10), 0.1),
        }
        got = compare_models(models, grouped, "balanced_accuracy")
        assert got.values == pytest.approx((1, 0.1)) and got.units == 30 and got.names == ("good", "poor")

    @pytest.mark.parametrize(
        "change, message",
        [
            ({"answers": {"a": [0, 1]}}, "answers must be two, by name"),
            ({"answers": [[0, 1], [0, 1]]}, "answers must be two, by name.*Received: list"),
            ({"metric": "f1"}, "metric must be 'accuracy' or 'balanced_accuracy'"),
            ({"groups": [1]}, "groups must be one number for each of 2 pictures"),
            ({"draws": 10}, "draws must be an integer of at least 100"),
            ({"seed": -1}, "seed must be an integer of at least 0"),
        ],
    )
    def test_what_cannot_be_compared_is_said(self, change, message):
        with pytest.raises(DataError, match=message):
            compare_predictions(**{"labels": [0, 1], "answers": {"a": [0, 1], "b": [1, 1]}, **change})
        with pytest.raises(DataError, match="models must be two, by name"):
            compare_models({"a": None}, load_dataset("digits", n=10))


class TestModels:
    def test_a_model_of_two_classes_ends_in_one_number(self):
        data = load_dataset("rings", n=200)
        model = build_logit((2,), classes=2, seed=0)
        report = evaluate_model(model, data, batch_size=64)
        p = np.asarray(model(data.x))[:, 0]
        np.testing.assert_allclose(report.probabilities[:, 1], p, atol=1e-6)
        assert report.accuracy.value == pytest.approx(model.evaluate(data.x, data.labels, verbose=0)[1])
        assert evaluate_model(model, (data.x, data.labels)).class_names == ("0", "1")

    def test_pictures_in_memory_and_on_disk_give_the_same(self, tmp_path):
        shown = load_dataset("hashtag", n=24)
        for k, (image, label) in enumerate(zip(shown.images, shown.labels, strict=True)):
            folder = tmp_path / shown.class_names[label]
            folder.mkdir(exist_ok=True)
            Image.fromarray(image).save(folder / f"{k:02d}.png")
        held, lazy = (load_images_from_folder(tmp_path, 32, batch_size=size) for size in (None, 7))
        model = build_logit(held.shape, held.classes, seed=0)
        one, two = evaluate_model(model, held), evaluate_model(model, lazy, batch_size=5)
        np.testing.assert_allclose(one.probabilities, two.probabilities, atol=1e-6)
        assert str(one) == str(two) and two.class_names == held.class_names and two.groups is not None

    def test_a_classifier_of_scikit_learn_and_a_function_are_taken_too(self):
        data = load_dataset("three_classes", n=90)
        model = LogisticRegression().fit(data.x, data.labels)
        report = evaluate_model(model, data)
        assert report.accuracy.value == pytest.approx(model.score(data.x, data.labels))
        assert str(evaluate_model(model.predict_proba, data)) == str(report)
        assert predict_probabilities(model, data.x).shape == (90, 3)

    def test_a_model_of_other_classes_or_none_is_named(self):
        data = load_dataset("three_classes", n=30)
        with pytest.raises(ModelError, match=r"the classes of the data: 3\. Received: a model with 2 classes"):
            evaluate_model(lambda x: np.full(len(x), 0.5), data)
        with pytest.raises(ModelError, match=r"answers of shape \(\) for 30"):
            evaluate_model(lambda x: 1.0, data)
        with pytest.raises(DataError, match="data must be a data set of the course or a pair"):
            evaluate_model(lambda x: x, "digits")
        with pytest.raises(DataError, match="Are they logits"):
            evaluate_model(build_logit((2,), classes=None, seed=0), (10 * data.x, np.arange(30) % 2))

    def test_the_code_of_the_page_runs(self):
        page = (Path(__file__).resolve().parents[1] / "docs" / "evaluation.md").read_text(encoding="utf-8")
        names = {}
        exec(page.split("```python\n")[1].split("```")[0], names)
        assert names["report"].accuracy.low > 0.5 and names["temperature"].n == len(names["held_out"])


class TestLeaks:
    @pytest.fixture(scope="class")
    def shown(self):
        return load_dataset("hashtag")

    @pytest.fixture
    def parts(self, shown):
        """Rows 1, 3 and 4 of the second part are in the first: as they were, darker, and with noise."""
        single = np.flatnonzero(np.bincount(shown.groups)[shown.groups] == 1)
        images, labels = shown.images[single[:30]], shown.labels[single[:30]]
        rng = np.random.default_rng(0)
        second = images[20:25].copy()
        second[1], second[3] = images[4], images[9] // 2
        second[4] = np.clip(images[2] + rng.normal(0, 4, images[2].shape), 0, 255).astype("uint8")
        given = labels[20:25].copy()
        given[[1, 3, 4]] = labels[[4, 9, 2]]
        given[3] = (given[3] + 1) % shown.classes
        return [ImageDataset(x, y, shown.class_names) for x, y in ((images[:20], labels[:20]), (second, given))]

    def test_exact_and_near_copies_are_paired_with_their_origin(self, parts):
        first, second = parts
        leaks = find_leaks(first, second)
        assert leaks.pairs.tolist() == [[4, 1], [9, 3], [2, 4]]
        assert leaks.exact.tolist() == [True, False, False] and leaks.relabelled.tolist() == [False, True, False]
        assert leaks.distances[0] == 0 < leaks.distances[2] <= 50 and len(leaks) == 3
        assert leaks.clean().tolist() == [0, 2]
        assert "3 of 5 pictures of the second part are also in the first (20 pictures), 1 of them" in repr(leaks)
        assert "row 9  =  row 3" in repr(leaks) and "another label" in repr(leaks)
        bare = find_leaks(first.images, second.images)
        assert bare.pairs.tolist() == leaks.pairs.tolist() and not bare.relabelled.any()

    def test_each_of_several_copies_is_found_with_the_equal_one(self, parts):
        first, second = parts
        near = np.clip(first.images[5].astype(int) + 1, 0, 255).astype("uint8")
        leaks = find_leaks(np.stack([near, first.images[5]]), np.stack([second.images[0], *[first.images[5]] * 3]))
        assert leaks.pairs.tolist() == [[1, 1], [1, 2], [1, 3]] and leaks.exact.all()
        assert leaks.clean().tolist() == [0]

    def test_copies_within_one_part_are_no_leak(self, parts):
        first, second = parts
        none = find_leaks(np.repeat(first.images[:2], 3, axis=0), np.repeat(second.images[[0, 2]], 2, axis=0))
        assert len(none) == 0 and none.clean().tolist() == [0, 1, 2, 3] and "0 of 4" in repr(none)

    def test_pictures_of_one_colour_leak_only_to_their_equals(self):
        flat = [np.full((2, 16, 16, 3), value, "uint8") for value in (10, 200)]
        flat[1][1] = 10
        leaks = find_leaks(*flat)
        assert leaks.pairs.tolist() == [[0, 1]] and leaks.exact.all()

    def test_split_leaks_nothing_and_files_are_named(self, shown, parts, tmp_path):
        assert len(find_leaks(*shown.subset(slice(300)).split(0.3))) == 0
        first, _ = parts
        for part in ("a", "b"):
            (tmp_path / part / "one").mkdir(parents=True)
            Image.fromarray(first.images[0]).save(tmp_path / part / "one" / f"{part}.png")
        held = load_images_from_folder(tmp_path / "a", 64)
        lazy = load_images_from_folder(tmp_path / "b", 64, batch_size=1)
        assert "one/a.png  =  one/b.png  (every pixel)" in repr(find_leaks(held, lazy))

    def test_classes_are_compared_by_their_names(self):
        pictures = load_dataset("hashtag", n=3, image_size=64).images
        first = ImageDataset(pictures, [0, 1, 2], ("blue", "green", "red"))
        assert find_leaks(first, ImageDataset(pictures, [0, -1, 1], ("blue", "red"))).relabelled.tolist() == [False] * 3
        other = ImageDataset(pictures, [0, 1, 2], ("blue", "red", "green"))
        assert find_leaks(first, other).relabelled.tolist() == [False, True, True]

    def test_each_picture_stands_with_the_nearest_of_its_duplicates(self):
        """A row of hashes, 30 bits from one to the next: two neighbours are a pair, and no chain is followed."""
        from cnn_course.datasets import duplicates
        from cnn_course.evaluate import leakage

        prints = np.zeros((5, duplicates.BITS), bool)
        for row in range(1, 5):
            prints[row] = prints[row - 1]
            prints[row, 30 * row - 30 : 30 * row] = True
        prints = [prints[0], prints[3], prints[3], prints[1], prints[2], prints[3], prints[4]]
        pairs, distances = duplicates._near_pairs(prints, 50)
        found = duplicates.Duplicates(np.arange(7), np.array([0, 1, 5, 3, 4, 5, 6]), pairs, distances, np.zeros(0))
        assert leakage._nearest(found, 3) == {3: (0, 30), 4: (1, 30), 5: (2, 0), 6: (1, 30)}

    def test_parts_that_do_not_fit_are_named(self):
        with pytest.raises(DataError, match=r"the same height.*\(8, 8, 3\) and \(9, 8, 3\)"):
            find_leaks(np.zeros((1, 8, 8, 3), "uint8"), np.zeros((1, 9, 8, 3), "uint8"))
        with pytest.raises(DataError, match=r"first must be a data set of pictures.* float64 of shape \(1, 8, 8\)"):
            find_leaks(np.zeros((1, 8, 8)), np.zeros((1, 8, 8)))
        with pytest.raises(DataError, match=r"Received: float64 of shape \(16, 2\)"):
            find_leaks(*load_dataset("rings", n=20).split())


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "labels, answers, message",
        [
            ([0, 1], [0.1, 0.2, 0.3], r"2 labels, answers of shape \(3,\)"),
            ([0, 1], 0.5, r"answers of shape \(\)"),
            ([0.0, 1.0], [0, 1], "labels must be one integer for each picture.*dtype float64"),
            (np.array([[1, 1], [0, 1]]), [0, 1], r"labels.argmax\(axis=1\)"),
            ([0, 1], [0.2, np.nan], "NaN or infinity in 1 of 2 rows, first in row 1. Did the loss become NaN"),
            ([0, 1], [[0.5, 0.5], [0.9, 0.9]], "must sum to 1. Received: a sum of 1.8 in row 1"),
            ([0, 1], [[3.0, -2.0], [0.5, 0.5]], "between 0 and 1. Received: 3 in row 0. Are they logits"),
            ([0, 3], [[0.5, 0.5], [0.5, 0.5]], "labels must be integers from -1 to 1.*from 0 to 3"),
            ([0, -2], [0, 1], "labels must be integers from -1"),
            ([0, 1], [0, -1], "predictions must be integers from 0"),
            ([-1, -1], [0, 1], "none with a label"),
            ([], np.zeros((0, 2)), "labels must be one integer|none with a label"),
            ([0, 1], ["a", "b"], "must be numbers of shape"),
            ([0, 1], np.zeros((2, 2, 2)), "must be numbers of shape"),
        ],
    )
    def test_labels_and_answers_that_do_not_fit(self, labels, answers, message):
        with pytest.raises(DataError, match=message):
            evaluate_predictions(labels, answers)

    @pytest.mark.parametrize(
        "call, message",
        [
            (lambda: evaluate_predictions([0], [[0.5, 0.5]], NAMES), "4 class names, probabilities of 2 classes"),
            (lambda: evaluate_predictions([0], [0], confidence=95), "confidence must be a number between 0 and 1"),
            (lambda: evaluate_predictions([0], [0], groups=[1, 2]), "groups must be one number for each of 1"),
            (lambda: evaluate_predictions([0], [0]).errors(), "needs probabilities"),
            (lambda: evaluate_predictions([0], [0])["cat"], "name must be one of the classes '0', '1', or its number"),
            (lambda: precision_recall([0], [[0.2, 0.3, 0.5]]), "positive must be one of the classes"),
            (lambda: calibration_curve([0], [0.1], strategy="even"), "'uniform' or 'quantile'"),
            (lambda: calibration_curve([0], [0.1], bins=0), "bins must be an integer of at least 1"),
            (lambda: wilson_interval(3, 2), "0 <= successes <= n"),
            (lambda: wilson_interval(0.5, 2), "must be integers"),
        ],
    )
    def test_arguments_that_do_not_fit(self, call, message):
        with pytest.raises(DataError, match=message):
            call()

    def test_nothing_warns(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            labels, p = drawn(4000)
            report = evaluate_predictions(np.zeros(4000, int), p, NAMES)
            assert repr(report) and repr(report.calibration()) and repr(report.confusion)
            assert repr(fit_temperature(labels, p)) and repr(report.precision_recall("cat"))
            assert compare_predictions(labels, {"a": p, "b": p[::-1]}, "balanced_accuracy", draws=100).p_value <= 0.01


def test_pictures_without_labels_are_no_evaluation():
    with pytest.raises(DataError, match=r"evaluate_model needs labels.*predict_probabilities"):
        evaluate_model(lambda x: x.mean(axis=(1, 2, 3)) / 255, np.zeros((3, 8, 8, 1), "uint8"))
