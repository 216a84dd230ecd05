#!/usr/bin/env bash
# The edit-and-run loop of somebody who uses downhill: a project of 25 lines outside the repository, with the two-line dev
# profile of the README. Prints the time of 100 training steps in both profiles (median of 9), and the processor time that
# `cargo build` takes after one changed line (median of 5).
#
#     benchmarks/edit_loop.sh [folder for the project]
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
project=${1:-$(mktemp -d)}
mkdir -p "$project/src"
cp "$repository/Cargo.lock" "$project/"
cat > "$project/Cargo.toml" <<END
[package]
name = "first"
version = "0.1.0"
edition = "2024"

[dependencies]
downhill = { path = "$repository" }

[profile.dev.package."*"]
opt-level = 3
END
cat > "$project/src/main.rs" <<END
use downhill::prelude::*;
use std::time::Instant;

#[derive(Params)]
struct Mlp { fc1: Linear, fc2: Linear }

impl Module for Mlp {
    fn forward(&self, x: &Tensor) -> Tensor { self.fc2.forward(&self.fc1.forward(x).relu()) }
}

fn main() -> Result<(), DataError> {
    let mut rng = rng(1);
    let mnist = Mnist::load("$repository/data/mnist")?;
    let mut model = Mlp { fc1: Linear::new(784, 128, &mut rng), fc2: Linear::new(128, 10, &mut rng) };
    let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
    let start = Instant::now();
    for (images, labels) in mnist.train.batches(64).shuffled(&mut rng).take(100) {
        let loss = cross_entropy(&model.forward(&images), &labels);
        opt.step(&mut model, &loss.backward());
    }
    println!("{}", start.elapsed().as_micros());
    Ok(())
}
END
cd "$project"
unset CARGO_TARGET_DIR
cargo build -q
cargo build -q --release

median() { sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

for _ in 1 2 3 4 5 6 7 8 9; do
    target/debug/first >> dev.txt
    target/release/first >> release.txt
done
dev=$(median < dev.txt) release=$(median < release.txt)
echo "100 steps: dev $((dev / 1000)) ms, release $((release / 1000)) ms ($(awk "BEGIN { printf \"%.2f\", $dev / $release }") times)"

TIMEFORMAT='%U %S'
for profile in dev release; do
    for n in 1 2 3 4 5; do
        echo "// Changed for the ${n}th time." >> src/main.rs
        { time cargo build -q --profile "$profile"; } 2>&1 | awk '{ print $1 + $2 }'
    done | median | sed "s/.*/one changed line, $profile: & s of processor time/"
done
rm -f dev.txt release.txt
