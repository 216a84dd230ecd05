//! # Lesson 6: a network learns a decision boundary
//!
//!     cargo run --release --example lesson_06_moons
//!
//! Two half moons interlock, so no straight line separates them. A logistic regression (lesson 2) finds the best line;
//! a *multilayer perceptron* bends it: layers `x ↦ W·x + b` with a nonlinear activation function between them, without
//! which all the layers together would be a single linear map.
//!
//! New here are *mini-batches*: the gradient over 16 random points costs a fraction of the gradient over all points,
//! and has nearly the same direction. One pass over all points is an *epoch*. Also new is the *test set*: points that
//! are not used for training. They show whether the network has learned the shape of the moons or merely memorized its
//! training points (*overfitting*).
//!
//! Expected output:
//!
//! ```text
//! A straight line, as in lesson 2: 6 parameters
//!
//!    epoch   loss     training accuracy       test accuracy
//!       10   0.3706              82.3 %              91.0 %
//!       20   0.3190              84.7 %              91.0 %
//!       30   0.3044              85.3 %              90.0 %
//!       40   0.2994              85.3 %              89.0 %
//!
//! Two hidden layers of 16: 354 parameters
//!
//!    epoch   loss     training accuracy       test accuracy
//!       10   0.1275              94.7 %              95.0 %
//!       20   0.0808              96.3 %              95.0 %
//!       30   0.0690              96.7 %              95.0 %
//!       40   0.0646              97.3 %              96.0 %
//!
//! The network predicts: certainly class 1 (#), likely 1 (+), likely 0 (.), certainly 0 (blank).
//! The test points are: class 1 (x), class 0 (o).
//!
//!      2 +------------------------------------------------------------------------------------+
//!        |                                                                         ...++######|
//!        |                                                                        ..+++#######|
//!        |                                                                       ..+++########|
//!        |                                                                     ...++##########|
//!        |                                                                    ..+++###########|
//!        |                                                                  ...++#############|
//!        |                                   o                             ..+++##############|
//!        |                         o            oo                        ..+++###############|
//!        |                               o o   oo                       ...++#################|
//!        |                     o  o o           oo     o               ..+++##x###############|
//!        |                           oo  ooo    o     oo              ..+++###################|
//!        |               ooo     oo  o  .........                   ...++#x###################|
//!        |              o        o    ..+++x++o+..x         o      ..+++#x####################|
//!        |                o         ..x++#######++o.             o..++########################|
//!        |                      o  ..++o#x########+.           o..+++#####x#x####x############|
//!        |                        .++###x##########+.o        ...+++#############x############|
//!        |                   o  ..++################+...  ...x.+++#########x#xx###############|
//!        |                     ..+############x###x#xx+......+++##########x#xx################|
//!        |                    ..+################x#####+++++x+#####x######x###################|
//!        |                  ..++###############x##x##x##x##############x######################|
//!        |                 ..++############x###xx########x#x##x############x##################|
//!        |                ..+#####################x#xxxx###############x######################|
//!        |               .++###################x#########xx###################################|
//!        |             ..++###################################################################|
//!        |            ..++##################################x#################################|
//!        |           ..+######################################################################|
//!        |          .++#######################################################################|
//!        |        ..++########################################################################|
//!        |       ..++#########################################################################|
//!        |      ..+###########################################################################|
//!   -1.5 +------------------------------------------------------------------------------------+
//!         -2                                                                                 3
//! ```

#[path = "shared/plot.rs"]
mod plot;

use downhill::data::toy::Moons;
use downhill::nn::Identity;
use downhill::prelude::*;
use plot::Canvas;

fn main() {
    let mut rng = downhill::rng(6);
    let moons: TensorDataset<f64> = Moons { samples: 400, noise: 0.2, ..Moons::default() }.generate(&mut rng);
    let (train, test) = moons.split(0.75, &mut rng);

    let mut line = Mlp::new(&[2, 2], Identity, &mut rng);
    println!("A straight line, as in lesson 2: {} parameters\n", line.num_params());
    fit(&mut line, &train, &test, 40, &mut rng);

    let mut model = Mlp::new(&[2, 16, 16, 2], Tanh, &mut rng);
    println!("\nTwo hidden layers of 16: {} parameters\n", model.num_params());
    fit(&mut model, &train, &test, 40, &mut rng);

    println!("\nThe network predicts: certainly class 1 (#), likely 1 (+), likely 0 (.), certainly 0 (blank).");
    println!("The test points are: class 1 (x), class 0 (o).\n");
    let shade = |x: f64, y: f64| {
        let logits = no_grad(|| model.forward(&Tensor::from([[x, y]]))).to_vec();
        let probability = 1.0 / (1.0 + (logits[0] - logits[1]).exp());
        [' ', '.', '+', '#'][[0.1, 0.5, 0.9].iter().filter(|&&level| probability > level).count()]
    };
    let mut canvas = Canvas::new(-2.0..=3.0, -1.5..=2.0, (84, 30), shade);
    for (point, class) in test.features.view().outer_iter().zip(&test.targets) {
        canvas.mark(point[0], point[1], ['o', 'x'][*class]);
    }
    print!("{canvas}");
}

/// Trains with Adam on mini-batches of 16 and prints the progress.
fn fit(
    model: &mut Mlp<f64>,
    train: &TensorDataset<f64>,
    test: &TensorDataset<f64>,
    epochs: usize,
    rng: &mut downhill::Generator,
) {
    let mut opt = Optimizer::new(Adam { lr: 0.01, ..Adam::default() });
    println!("   epoch   loss     training accuracy       test accuracy");
    for epoch in 1..=epochs {
        for (points, classes) in train.batches(16).shuffled(rng) {
            let loss = cross_entropy(&model.forward(&points), &classes);
            opt.step(model, &loss.backward());
        }
        if epoch % 10 == 0 {
            let logits = no_grad(|| model.forward(&train.features));
            let loss = cross_entropy(&logits, &train.targets).item();
            let in_training = 100.0 * accuracy(&logits, &train.targets);
            let in_test = 100.0 * accuracy(&no_grad(|| model.forward(&test.features)), &test.targets);
            println!("   {epoch:>5}   {loss:.4}   {in_training:>15.1} %   {in_test:>15.1} %");
        }
    }
}
