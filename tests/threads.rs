//! The number of threads affects only the time: training runs large enough to be parallelized are bitwise identical.

use downhill::prelude::*;
use downhill::set_threads;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Three steps of a network whose matrix products and updates are large enough to be parallelized, with an odd batch
/// size.
fn train<F: Float>(threads: usize, rule: &dyn Rule<F>) -> Vec<Vec<F>> {
    set_threads(threads);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut model = Mlp::<F>::new(&[301, 523, 257, 10], Tanh, &mut rng);
    let x = init::uniform::<F>(&[61, 301], -1.0..=1.0, &mut rng);
    let labels: Vec<usize> = (0..61).map(|i| i % 10).collect();
    let mut opt = Optimizer::new(rule.boxed());
    for _ in 0..3 {
        let loss = cross_entropy(&model.forward(&x), &labels);
        opt.step(&mut model, &loss.backward());
    }
    // A single row has its own kernel.
    let row = no_grad(|| model.forward(&x.narrow(0, 5, 1)));
    set_threads(1);
    let mut bits: Vec<Vec<F>> = model.named_params().into_iter().map(|(_, tensor)| tensor.to_vec()).collect();
    bits.push(row.to_vec());
    bits
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let rules: [Box<dyn Rule<f32>>; 2] =
        [Box::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }), Box::new(AdamW { lr: 1e-3, ..AdamW::default() })];
    for rule in rules {
        let one = train(1, &*rule);
        for threads in [2, 3, 4] {
            assert!(train(threads, &*rule) == one, "{} threads", threads);
        }
    }
    let one = train::<f64>(1, &Adam::default());
    assert!(train::<f64>(3, &Adam::default()) == one, "f64");
}

/// Concurrent training runs in user threads: a caller that finds the team busy does the work alone.
#[test]
fn trainings_side_by_side() {
    let alone = train::<f32>(1, &Sgd::default());
    std::thread::scope(|scope| {
        let trainings: Vec<_> = (0..3).map(|_| scope.spawn(|| train::<f32>(2, &Sgd::default()))).collect();
        for training in trainings {
            assert!(training.join().expect("no panic") == alone);
        }
    });
}
