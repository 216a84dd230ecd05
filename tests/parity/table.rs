//! The text of `docs/parity.md`: the difference between every optimizer, schedule and clipping function and PyTorch's,
//! option by option, and a line for every layer, loss, operation, metric and network.

use std::fmt::Write;

use super::ledger::{self, Line, Quantity};
use super::{
    Row, attention, clip, convolutions, layers, lbfgs, losses, metrics, networks, norms, operations, optimizers,
    parametrizations, plateau, schedules,
};

/// The whole file, the number of records, and the number of records that exceed their tolerance.
pub fn text() -> (String, usize, usize) {
    let mut text = HEAD.trim_start().to_owned();
    let sections = [
        ("Rules", RULES, optimizers::rows()),
        ("L-BFGS", LBFGS, lbfgs::rows()),
        ("Schedules", SCHEDULES, schedules::rows()),
        ("Plateaus and averages", PLATEAUS, plateau::rows()),
        ("Clipping", CLIPPING, clip::rows()),
    ];
    for (title, remark, rows) in &sections {
        write!(text, "\n## {title}\n\n{}\n\n", remark.trim()).expect("writing to a string cannot fail");
        table(&mut text, rows);
    }
    text.push_str(OTHERS);
    let several = [layers::CHECKS, convolutions::CHECKS, norms::CHECKS, parametrizations::CHECKS, attention::CHECKS];
    let (in_training, layers): (Vec<Line>, Vec<Line>) =
        ledger::lines(&several.concat()).into_iter().partition(Line::is_of_training);
    let lines = [
        ("Layers", LAYERS, layers),
        ("Losses", LOSSES, ledger::lines(losses::CHECKS)),
        ("Metrics", METRICS, ledger::lines(metrics::CHECKS)),
        ("Operations", OPERATIONS, ledger::lines(operations::CHECKS)),
        ("Networks in training", NETWORKS, [ledger::lines(networks::CHECKS), in_training].concat()),
    ];
    for (title, remark, lines) in &lines {
        write!(text, "\n## {title}\n\n{}\n\n", remark.trim()).expect("writing to a string cannot fail");
        line_by_line(&mut text, lines);
    }
    let rows = || sections.iter().flat_map(|(.., rows)| rows);
    let records = lines.iter().flat_map(|(.., lines)| lines).map(|line| line.records).sum::<usize>();
    (text, rows().count() + records, rows().filter(|row| !row.holds()).count())
}

/// The lines of a section.
fn line_by_line(text: &mut String, lines: &[Line]) {
    text.push_str("| | records: options | tolerance | largest difference |\n|---|---|---|---|\n");
    for Line { name, records, options, quantities } in lines {
        let options = options.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let separator = if options.is_empty() { "" } else { ": " };
        let mut tolerances: Vec<String> = Vec::new();
        for Quantity { tolerance, .. } in quantities {
            let tolerance = format!("{tolerance:.0e}");
            if !tolerances.contains(&tolerance) {
                tolerances.push(tolerance);
            }
        }
        let differences = quantities.iter().map(|found| format!("{}: {}", found.what, digits(found.difference)));
        let (tolerances, differences) = (tolerances.join(", "), differences.collect::<Vec<_>>().join("; "));
        writeln!(text, "| {name} | {records}{separator}{options} | {tolerances} | {differences} |")
            .expect("writing to a string cannot fail");
    }
}

/// One line per rule and options; of several records of the same kind, the largest difference.
fn table(text: &mut String, rows: &[Row]) {
    let mut lines: Vec<(&str, &str, Vec<&Row>)> = Vec::new();
    for row in rows {
        let line = lines.iter().position(|(name, options, _)| *name == row.name && *options == row.options);
        let line = line.unwrap_or_else(|| {
            lines.push((&row.name, &row.options, Vec::new()));
            lines.len() - 1
        });
        let cells = &mut lines[line].2;
        match cells.iter_mut().find(|cell| cell.what == row.what) {
            Some(cell) if cell.difference < row.difference => *cell = row,
            Some(_) => {}
            None => cells.push(row),
        }
    }
    text.push_str("| | options | largest difference |\n|---|---|---|\n");
    for (name, options, cells) in lines {
        let cells: Vec<String> = cells.into_iter().map(|row| format!("{}: {}", row.what, number(row))).collect();
        let options = if options.is_empty() { "defaults" } else { options };
        writeln!(text, "| {name} | {options} | {} |", cells.join("; ")).expect("writing to a string cannot fail");
    }
}

fn number(row: &Row) -> String {
    match row.difference {
        _ if row.tolerance.is_infinite() => "differs on purpose".to_owned(),
        difference => digits(difference),
    }
}

fn digits(difference: f64) -> String {
    if difference == 0.0 { "0".to_owned() } else { format!("{difference:.0e}") }
}

const HEAD: &str = "
# Parity with PyTorch

Every rule, schedule and clipping function of `downhill-optim`, under every option, and every layer, loss, metric and operation,
compared with the values from PyTorch 2.15.0 in `data/golden` (metrics: scikit-learn 1.9.1). The tests `parity_*` bound these
differences in every run. This file is written by

    cargo run --release -p downhill-tests --example parity_table

The last digits may differ on a machine with a different math library. Option names are PyTorch's.

Deliberate differences of rules and schedules (those of layers, losses and operations are [below](#layers-losses-and-operations)):

| | PyTorch | downhill |
|---|---|---|
| `Muon` | orthogonalizes in bfloat16 | in the parameter's own type |
| `ConstantLr`, factor 0 | division by zero at `total_iters` | continues with the base learning rate |
| `ConstantLr`, `total_iters` 0 | applies the factor and never removes it | does nothing |
| `OneCycleLr`, step N | continues past the end: up, or below 0 | keeps the last learning rate |
| a sequence past the end of one of its schedules | fails | keeps that schedule's last learning rate |
| L-BFGS, a trial that is NaN or infinite | accepts it | shortens the step to a tenth |
| a parameter without a gradient | silently skipped | an error that names it; `MissingGradient::Skip` skips it |
| state too small to affect any step | kept, down to the subnormal numbers | set to 0 |
| an ε of 0, or too small for the type | 0/0 where the gradient is 0 | treated as the smallest positive normal number |
| `Rprop`: product of gradients underflows; NaN | the sign is 0; NaN moves nothing | the product of the signs; NaN propagates |
| `RmsProp`, centered: a variance that is negative due to rounding | NaN | treated as 0 |
| `Adafactor`: squares of squares that overflow or underflow | inf or 0 | multiplied in a different order |
| `clip_grad_norm` in f32 | norm accumulated in f32 | in f64 |
| `clip_grad_norm`: squares that overflow or underflow | a norm of inf or 0 | scaled first |

PyTorch's traps are kept, and each has an option that avoids it: `ReduceLrOnPlateau { relative_to_magnitude }` for negative
metrics, `OneCycleLr { hold }` for steps past the end, `CosineAnnealingLr { hold }` for the rise after `t_max`,
`CyclicLr { spare_zero_momentum }` for a momentum that was never set. `Lion`, `Lamb`, `SignSgd` and `ClassicalMomentum`, which
PyTorch does not have, are tested against values worked out by hand.
";

const RULES: &str = "
120 steps of each. *replay*: PyTorch and downhill get the same gradients, so that only the rule is compared; the final state
is compared, too. *function*: the gradient of a nonconvex function, where differences grow; they are divided by the growth of a
small perturbation of the initial values. *quadratic*: eight steps on a quadratic bowl. Differences of parameters are relative to
max(1, |p|), those of state to the largest element. Tolerance: 1e-12 (function: 1e-11, f32: 1e-5, bfloat16: 5e-3).
";

const LBFGS: &str = "
Several calls of `step_with` on each function: the returned loss and the point, divided by the growth of a small perturbation of
the start. The numbers of evaluations, iterations and kept pairs equal PyTorch's in every call. Tolerance: 1e-12.
";

const SCHEDULES: &str = "
The learning rate at every step, for every group, both as set in an optimizer and as a function of the step; the momentum where it
is cycled. Relative differences; for rates below 1e-4, relative to 1e-4. Tolerance: 1e-12.
";

const PLATEAUS: &str = "
The learning rate after every metric (relative difference); the best metric and the counts of bad and cooldown epochs equal
PyTorch's in every call. Averages are relative to max(1, |a|). Tolerance: 1e-12.
";

const CLIPPING: &str = "
The returned norm and every clipped element, relative to max(1, |g|). Tolerance: 1e-12 (f32: 1e-6).
";

const OTHERS: &str = "
# Layers, losses and operations

In f64. *value*: the result; *gradient*: that of every input and parameter, for a random cotangent; *second derivative*: the gradient
of a random combination of these gradients, with respect to the inputs, the parameters and the cotangent. A difference is relative to
max(1, |PyTorch's element|) unless a section says otherwise. The second column has the number of records and the options that they
vary, by PyTorch's names.

Deliberate differences:

| | PyTorch | downhill |
|---|---|---|
| attention, a query that may see no key | zeros or NaN, depending on the implementation | zeros, and no gradient |
| `MultiheadAttention`: weights of the heads | returned by default | on request, since there are many |
| training or evaluation | a flag of every module | a scope; without one, evaluation |
| `Embedding`, `max_norm` | shortens rows of the table at a look-up | left out; a step after the optimizer's |
| `Conv*`, `padding_mode` | an option | pad the input |
| `LSTM`, `proj_size`; `MultiheadAttention`, `kdim`, `vdim` | options | left out |
| sequences of different lengths | packed | by their lengths, which may be 0 |
| losses where a probability, a target or a weight of 0 meets an infinity | NaN, in most of them | the limit, 0 |
| `kl_div`, `poisson_nll`, `bce_with_logits`, `focal` at infinite arguments | NaN in places | the limit |
| `soft_margin`, `ctc` of impossible texts | overflows; a gradient of NaN | finite for finite scores; a gradient of 0 |
| `ctc`: gradient with respect to log-probabilities | plus a term that a log-softmax removes | the derivative |
| losses of tensors of different shapes | a warning, and broadcasting | an error |
| labels that a loss is not defined for (0 for ±1) | accepted | an error |
| `ignore_index` | -100 by default | none by default |
| `logsumexp` of nothing but -inf | a gradient of NaN | a gradient of 0 |
| weight normalization, second derivative | takes the norm for a constant | is that of the definition |
| `sign` of NaN | 0 | NaN |
| `clamp` of NaN | NaN, without a gradient | NaN, which passes the gradient on |
| `median` and `quantile`, `max` and `min` over an axis, ties | one element gets the gradient | they share it, as in `amax` |
| `gelu`, `softplus`, `expm1` and others where PyTorch's formulas cancel | loses digits | does not |

Beside these records, the tests compare kinks, ties, empty axes, orders of equal elements, NaN and infinity (`tests/subgradients.rs`,
`tests/parity_ops.rs`), and what layers and initializers draw from (`tests/parity_init.rs`).
";

const LAYERS: &str = "
With PyTorch's parameters under PyTorch's names. Running statistics and singular vectors agree to 1e-14 after each pass.
";

const LOSSES: &str = "
Values are relative to the element, derivatives to the largest element of the array. Where PyTorch itself is inexact
([`data/golden`](../data/golden/README.md)), `bce` at probabilities of 0, 1 and near them, those elements are left out here and
bounded in the test. `ctc`, `focal`, `multi_class_focal` and the second derivatives of `multi_margin` and `multi_label_margin` are
composed of PyTorch's operations.
";

const METRICS: &str = "
Relative to scikit-learn's value.
";

const OPERATIONS: &str = "
Relative to the element, or to max(1, |element|) where terms of the size of 1 cancel in it.
";

const NETWORKS: &str = "
Equal weights and batches, 50 steps: the largest difference of the loss of a step, of the running statistics at the end, and of the
loss in evaluation.
";
