//! # Lesson 11: which learning rate?
//!
//!     cargo run --release --example lesson_11_learning_rate
//!
//! The learning rate is the most important hyperparameter, and the *range test* finds it in a few seconds: train for a
//! hundred batches while the rate rises from far too small to far too large, and plot the loss. At first nothing
//! happens, then it falls, then it explodes. A good learning rate is where the loss falls fastest. The test does not
//! change the model.
//!
//! This lesson runs it on the two moons of lesson 6, with gradient descent with momentum, and then trains the network
//! with a hundredth of the suggested learning rate, a tenth of it, and the suggestion itself. (The curve shows what
//! would happen at ten times as much.)
//!
//! Expected output:
//!
//! ```text
//! The smoothed loss over the logarithm (base 10) of the learning rate
//!
//!    1.5 +------------------------------------------------------------------------------------+
//!        |                                                                                    |
//!        |                                                                                    |
//!        |                                                                                    |
//!        |                                                                                    |
//!        |                                                                          *         |
//!        |                                                                                    |
//!        |                                                                        **          |
//!        |***************************************                                             |
//!        |                                       *******                         **           |
//!        |                                              *****                                 |
//!        |                                                  *******    *       **             |
//!        |                                                         ********* **               |
//!        |                                                                  **                |
//!        |                                                                                    |
//!        |                                                                                    |
//!        |                                                     ^                              |
//!      0 +------------------------------------------------------------------------------------+
//!         -5                                                                                 1
//!
//! The loss falls fastest at 0.0658 (^).
//!
//!     rate   loss after 20 epochs       test accuracy
//!   0.0007                 0.4275              79.0 %
//!   0.0066                 0.2521              91.0 %
//!   0.0658                 0.0067             100.0 %
//! ```

#[path = "shared/plot.rs"]
mod plot;

use downhill::data::toy::Moons;
use downhill::optim::LrRangeTest;
use downhill::prelude::*;
use plot::Canvas;

fn main() {
    let mut rng = downhill::rng(11);
    let moons: TensorDataset<f64> = Moons { samples: 400, noise: 0.1, ..Moons::default() }.generate(&mut rng);
    let (train, test) = moons.split(0.75, &mut rng);
    let mut model = Mlp::new(&[2, 16, 16, 2], Tanh, &mut rng);
    let opt = Optimizer::new(Sgd { momentum: 0.9, ..Sgd::default() });

    // The range test decides how many batches it needs, so the epochs are chained endlessly.
    let mut batches = (0..).flat_map(|_| train.batches(16).shuffled(&mut rng));
    let range = LrRangeTest { start: 1e-5, ..LrRangeTest::default() };
    let before = model.state_dict();
    let curve = range.run(&mut model, &opt, |model| {
        let (points, classes) = batches.next().expect("an endless iterator");
        cross_entropy(&model.forward(&points), &classes)
    });
    assert!(model.state_dict() == before, "the range test restores the model");
    let suggestion = curve.suggestion().expect("the loss falls somewhere");

    println!("The smoothed loss over the logarithm (base 10) of the learning rate\n");
    let mut canvas = Canvas::new(-5.0..=1.0, 0.0..=1.5, (84, 16), |_, _| ' ');
    for point in &curve.points {
        canvas.mark(point.lr.log10(), point.smoothed, '*');
    }
    canvas.mark(suggestion.log10(), 0.0, '^');
    println!("{canvas}\nThe loss falls fastest at {suggestion:.4} (^).\n");

    println!("    rate   loss after 20 epochs       test accuracy");
    for lr in [suggestion / 100.0, suggestion / 10.0, suggestion] {
        let mut model = model.clone();
        let mut opt = Optimizer::new(Sgd { lr, momentum: 0.9, ..Sgd::default() });
        let mut rng = downhill::rng(1);
        for _ in 0..20 {
            for (points, classes) in train.batches(16).shuffled(&mut rng) {
                let loss = cross_entropy(&model.forward(&points), &classes);
                opt.step(&mut model, &loss.backward());
            }
        }
        let loss = no_grad(|| cross_entropy(&model.forward(&train.features), &train.targets)).item();
        let right = 100.0 * accuracy(&no_grad(|| model.forward(&test.features)), &test.targets);
        println!("{lr:>8.4}   {loss:>20.4}   {right:>15.1} %");
    }
}
