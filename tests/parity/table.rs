//! The text of `docs/parity.md`: the difference between every optimizer, schedule and clipping function and PyTorch's,
//! option by option.

use std::fmt::Write;

use super::{Row, clip, lbfgs, optimizers, plateau, schedules};

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
    let rows = || sections.iter().flat_map(|(.., rows)| rows);
    (text, rows().count(), rows().filter(|row| !row.holds()).count())
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
        0.0 => "0".to_owned(),
        difference => format!("{difference:.0e}"),
    }
}

const HEAD: &str = "
# Parity with PyTorch

Every rule, schedule and clipping function of `downhill-optim`, under every option, compared with the values from PyTorch 2.15.0
in `data/golden`. The tests `parity_optimizers` and `parity_schedules` bound these differences in every run. This file is written by

    cargo run --release -p downhill-tests --example parity_table

The last digits may differ on a machine with a different math library. Option names are PyTorch's.

Deliberate differences:

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
