use super::*;
use crate::simd::{Level, tested_at};

fn sample(count: usize, seed: f64) -> Vec<f64> {
    (0..count).map(|i| (i as f64 * 0.7 + seed).sin()).collect()
}

/// By the definition, with all scores in memory: the result and the three gradients.
fn by_definition(of: &Attention<'_, f64>, [q, k, v]: [&[f64]; 3], dy: &[f64]) -> [Vec<f64>; 4] {
    let Attention { samples, heads, queries, keys, width, values, .. } = *of;
    let mut y = vec![0.0; samples * queries * heads * values];
    let mut gradients = [q, k, v].map(|x| vec![0.0; x.len()]);
    for (n, h) in (0..samples).flat_map(|n| (0..heads).map(move |h| (n, h))) {
        let at = |position: usize, positions: usize, size: usize| ((n * positions + position) * heads + h) * size;
        for i in 0..queries {
            let score = |j: usize| {
                let product: f64 = (0..width).map(|e| q[at(i, queries, width) + e] * k[at(j, keys, width) + e]).sum();
                let bias = of
                    .bias
                    .map_or(0.0, |bias| bias.elements[n * bias.steps[0] + h * bias.steps[1] + i * bias.steps[2] + j]);
                if of.causal && j > i { f64::NEG_INFINITY } else { product * of.scale + bias }
            };
            let scores: Vec<f64> = (0..keys).map(score).collect();
            let total: f64 = scores.iter().map(|x| x.exp()).sum();
            let p: Vec<f64> = scores.iter().map(|x| if total > 0.0 { x.exp() / total } else { 0.0 }).collect();
            let kept = |j: usize| of.kept.map_or(1.0, |kept| kept[((n * heads + h) * queries + i) * keys + j]);
            let out = at(i, queries, values);
            let mut dp = vec![0.0; keys];
            for (j, e) in (0..keys).flat_map(|j| (0..values).map(move |e| (j, e))) {
                y[out + e] += p[j] * kept(j) * v[at(j, keys, values) + e];
                gradients[2][at(j, keys, values) + e] += p[j] * kept(j) * dy[out + e];
                dp[j] += kept(j) * dy[out + e] * v[at(j, keys, values) + e];
            }
            let mean: f64 = p.iter().zip(&dp).map(|(p, d)| p * d).sum();
            for (j, e) in (0..keys).flat_map(|j| (0..width).map(move |e| (j, e))) {
                let slope = p[j] * (dp[j] - mean) * of.scale;
                gradients[0][at(i, queries, width) + e] += slope * k[at(j, keys, width) + e];
                gradients[1][at(j, keys, width) + e] += slope * q[at(i, queries, width) + e];
            }
        }
    }
    let [dq, dk, dv] = gradients;
    [y, dq, dk, dv]
}

fn check(of: &Attention<'_, f64>, level: Level) {
    let Attention { samples, heads, queries, keys, width, values, .. } = *of;
    let (q, k) = (sample(samples * queries * heads * width, 0.1), sample(samples * keys * heads * width, 0.2));
    let (v, dy) = (sample(samples * keys * heads * values, 0.3), sample(samples * queries * heads * values, 0.4));
    let layout = |positions: usize, size: usize| {
        let row = heads * size;
        Layout { start: 0, sample: positions * row, row }
    };
    let layouts = [layout(queries, width), layout(keys, width), layout(keys, values)];
    let arguments: Arguments<'_, f64> = [(&q, layouts[0]), (&k, layouts[1]), (&v, layouts[2])];
    let mut y = vec![0.0; dy.len()];
    let mut gradients = [&q, &k, &v].map(|x| vec![0.0; x.len()]);
    tested_at(level, || {
        of.forward(arguments, &mut y);
        of.backward(arguments, &dy, |which, [n, h], rows| {
            let size = [width, width, values][which];
            let start = n * layouts[which].sample + h * size;
            store(rows, size, &mut gradients[which][start..], layouts[which].row);
        });
    });
    let [dq, dk, dv] = gradients;
    let expected = by_definition(of, [&q, &k, &v], &dy);
    for (name, (ours, theirs)) in ["y", "dq", "dk", "dv"].iter().zip([y, dq, dk, dv].iter().zip(&expected)) {
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(theirs) {
            assert!(
                (a - b).abs() <= 1e-13 * b.abs().max(1.0),
                "{name} {samples} {heads} {queries} {keys}: {a}, not {b}"
            );
        }
    }
}

#[test]
fn sizes_masks_and_levels() {
    let sizes = [
        [1, 1, 1, 1, 1, 1],
        [2, 2, 5, 7, 3, 4],
        [1, 3, 9, 8, 16, 5],
        [2, 1, 40, 33, 2, 17],
        // More than one block of queries.
        [1, 1, 70, 600, 2, 1],
        [0, 2, 3, 3, 2, 2],
        [2, 2, 0, 3, 2, 2],
        [2, 2, 3, 0, 2, 2],
        [2, 2, 3, 3, 0, 2],
        [2, 2, 3, 3, 2, 0],
    ];
    for [samples, heads, queries, keys, width, values] in sizes {
        let weights = samples * heads * queries * keys;
        let kept: Vec<f64> = (0..weights).map(|i| if i % 13 < 4 { 0.0 } else { 1.5 }).collect();
        // Some keys are hidden, and all keys of every fifth query.
        let hide = |i: usize| {
            if i.is_multiple_of(7) || keys > 0 && i / keys % 5 == 1 { f64::NEG_INFINITY } else { (i as f64).cos() }
        };
        let bias: Vec<f64> = (0..weights).map(hide).collect();
        let own = Bias { elements: &bias, steps: [heads * queries * keys, queries * keys, keys] };
        let shared = Bias { elements: &bias, steps: [0, 0, 0] };
        let plain = Attention {
            samples,
            heads,
            queries,
            keys,
            width,
            values,
            scale: 0.5,
            causal: false,
            bias: None,
            kept: None,
        };
        for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
            check(&plain, level);
            check(&Attention { causal: true, ..plain }, level);
            if weights > 0 {
                check(&Attention { kept: Some(&kept), ..plain }, level);
                check(&Attention { bias: Some(own), kept: Some(&kept), ..plain }, level);
                check(&Attention { bias: Some(shared), causal: true, ..plain }, level);
            }
        }
    }
}
