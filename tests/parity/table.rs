//! The text of `docs/parity.md`: how far every optimizer, schedule and clipping is from PyTorch, option by option.

use std::fmt::Write;

use super::{Row, clip, lbfgs, optimizers, plateau, schedules};

/// The whole file, and how many records there are and how many of them are beyond their tolerance.
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
        write!(text, "\n## {title}\n\n{}\n\n", remark.trim()).expect("a string takes any text");
        table(&mut text, rows);
    }
    let rows = || sections.iter().flat_map(|(.., rows)| rows);
    (text, rows().count(), rows().filter(|row| !row.holds()).count())
}

/// One line for a rule with its options; of records that differ in nothing else the largest.
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
        writeln!(text, "| {name} | {options} | {} |", cells.join("; ")).expect("a string takes any text");
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

Every rule, schedule and clipping of `downhill-optim`, under every option, against the numbers of PyTorch 2.15.0 in
`data/golden`. The tests `parity_optimizers` and `parity_schedules` bound these differences in every run; this file is written by

    cargo run --release -p downhill-tests --example parity_table

The last digits may differ on a machine with another mathematical library. Option names are PyTorch's.

Deliberate differences:

| | PyTorch | downhill |
|---|---|---|
| `Muon` | orthogonalizes in bfloat16 | in the parameter's own type |
| `ConstantLr`, factor 0 | division by zero at `total_iters` | goes on with the base rate |
| `ConstantLr`, `total_iters` 0 | multiplies and never undoes it | does nothing |
| `OneCycleLr`, step N | goes on beyond the end: up, or below 0 | stays at the last rate |
| a sequence beyond the end of one of its schedules | fails | stays at its last rate |
| L-BFGS, a trial that is NaN or infinite | takes it | goes a tenth of the way |
| a parameter without a gradient | skipped silently | an error that names it; `MissingGradient::Skip` skips it |
| state that no step can tell from 0 | kept, down to the subnormal numbers | becomes 0 |
| an ε that the type cannot hold, or 0 | 0/0 where the gradient is 0 | counts as the least positive normal number |
| `Rprop`: gradients whose product vanishes; NaN | their sign counts as 0; NaN moves nothing | the product of the signs; NaN is passed on |
| `RmsProp`, centered: a variance that rounding made negative | NaN | counts as 0 |
| `Adafactor`: squares of squares that overflow or vanish | inf or 0 | multiplied in another order |
| `clip_grad_norm` in f32 | norm accumulated in f32 | in f64 |
| `clip_grad_norm`: squares that overflow or vanish | a norm of inf or 0 | scaled first |

PyTorch's traps are kept, and each has an option that mends it: `ReduceLrOnPlateau { relative_to_magnitude }` for negative
metrics, `OneCycleLr { hold }` for steps past the end, `CosineAnnealingLr { hold }` for the rise after `t_max`,
`CyclicLr { spare_zero_momentum }` for a momentum that was not asked for. `Lion`, `Lamb`, `SignSgd` and `ClassicalMomentum`, which
PyTorch does not have, are tested against numbers worked out by hand.
";

const RULES: &str = "
120 steps of each. *replay*: the same gradients for PyTorch and us, so that nothing but the rule is compared; the state at
the end is compared too. *function*: the gradient is that of a function that is not convex, where differences grow; they are given in
units of how much a nudge of the start has grown. *quadratic*: eight steps on a bowl. Differences of parameters are relative to
max(1, |p|), those of state to the largest element. Allowed: 1e-12 (function: 1e-11, f32: 1e-5, bfloat16: 5e-3).
";

const LBFGS: &str = "
Several calls of `step_with` on each function: the loss returned and the point, in units of how much a nudge of the start
has grown. The numbers of evaluations, iterations and kept pairs are PyTorch's in every call. Allowed: 1e-12.
";

const SCHEDULES: &str = "
The rate in force at every step, for every group, as an optimizer sees it and as a function of the step; the momentum where it
is cycled. Relative differences, of rates below 1e-4 relative to that. Allowed: 1e-12.
";

const PLATEAUS: &str = "
The rate after every metric (relative difference); the best metric and the counts of bad and cooling epochs are PyTorch's in every
call. Averages relative to max(1, |a|). Allowed: 1e-12.
";

const CLIPPING: &str = "
The norm returned and every clipped element, relative to max(1, |g|). Allowed: 1e-12 (f32: 1e-6).
";
