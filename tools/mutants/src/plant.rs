//! Draws the faults to plant, and plants them.

use std::collections::BTreeSet;

use crate::Candidate;

/// Draws `count` of the candidates at random, none of which overlap.
pub fn draw(all: &[Candidate], refused: &BTreeSet<(String, usize)>, count: usize, mut seed: u64) -> Vec<Candidate> {
    let mut drawn: Vec<Candidate> = Vec::new();
    let mut order: Vec<(u64, &Candidate)> = all.iter().map(|candidate| (random(&mut seed), candidate)).collect();
    order.sort_by_key(|(key, _)| *key);
    for (_, candidate) in order {
        let key = (candidate.file.clone(), candidate.range.start);
        let apart = |other: &Candidate| {
            let (a, b) = (&other.range, &candidate.range);
            other.file != candidate.file || a.end <= b.start || b.end <= a.start
        };
        if drawn.len() < count && !refused.contains(&key) && drawn.iter().all(apart) {
            drawn.push(candidate.clone());
        }
    }
    drawn.sort_by(|a, b| (&a.file, a.range.start).cmp(&(&b.file, b.range.start)));
    drawn
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The text of a file with its faults, which are numbered from 1 across all files. No line moves.
pub fn planted(text: &str, faults: &[(usize, &Candidate)]) -> String {
    let mut result = text.to_owned();
    for (number, fault) in faults.iter().rev() {
        let Candidate { range, original, mutated, statement, .. } = fault;
        let new = if *statement {
            format!("if !::mutant_switch::on({number}) {{ {original} }}")
        } else {
            // On one line, so that the compiler's messages refer to the lines of the original.
            let mutated = mutated.split('\n').map(|line| line.split("//").next().unwrap_or("")).collect::<String>();
            format!("(if ::mutant_switch::on({number}) {{ {mutated} }} else {{ {original} }})")
        };
        result.replace_range(range.clone(), &new);
    }
    result
}

/// Whether the fault covers a line.
pub fn spans(fault: &Candidate, line: usize) -> bool {
    (fault.line..=fault.line + fault.original.matches('\n').count()).contains(&line)
}
