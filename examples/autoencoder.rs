//! # A variational autoencoder draws digits
//!
//!     cargo run --release --example autoencoder
//!
//! The *encoder* describes an image by a normal distribution over 8 numbers, the *decoder* paints an image from a draw of
//! it. The loss is the number of nats that it takes to send an image this way: those for the pixels, given the draw, and
//! the Kullback-Leibler divergence of the distribution from the standard normal one:
//!
//! ```text
//! loss = -Σ log p(xᵢ | z) + ½·Σ (μ² + σ² - ln σ² - 1),    z = μ + σ·ε,    ε standard normal
//! ```
//!
//! The draw is written as a function of μ and σ, so that it has a gradient (the *reparameterization trick*). Afterwards
//! the decoder alone paints digits that nobody has written, from random numbers.
//!
//! Kingma and Welling, "Auto-encoding variational Bayes", arXiv 1312.6114.
//!
//! Output:
//!
//! ```text
//! epoch   reconstruction   divergence   nats an image, test set
//!     1           115.10        14.29                    129.39
//!     2           107.23        15.48                    122.71
//!     3           105.01        14.91                    119.92
//!     4           103.17        15.03                    118.20
//!     5           101.63        15.45                    117.08
//!     6           100.77        15.52                    116.29
//!     7           100.60        15.44                    116.03
//!     8            98.86        16.07                    114.93
//!
//! Five digits that nobody has written:
//!
//!
//!                            .+.                                                        .....
//!        .....             +###+                   ..++++....      .###+..  ....    .############+.
//!       .+++.....         .####                 .######++####+    +###.      +##.   ++++++++++#####
//!        .     ..         ####     ++.        +#####..   ####.   ###+        .##+.           .####.
//!              ++        +###.  ..+####+    .######.    +###+   +##+         +#++.        .+####+
//!             .+.        +######++######+  .########..+####+   .###.        .##++        .+#####.
//!            ++.          +#####....+##+.   .+###+.  ####+      +###+++++..+##+.           ..++#+..
//!          .++              ..     .###            .####         .++++..  +###.             .+####++
//!        .++.                      ####           ####.                  .+##.      .+++++#######+.
//!       ...                        .##+         .####                   .+++.       .+########+.
//!     ...                                      .###+                      .
//! ```

use downhill::nn::{BceWithLogits, Reduction};
use downhill::prelude::*;
use downhill::rand::Rng;

const LATENT: usize = 8;

#[derive(Params)]
struct Autoencoder {
    encoder: Mlp,
    decoder: Mlp,
}

impl Autoencoder {
    /// The mean and the logarithm of the variance, each [batch, 8].
    fn encode(&self, images: &Tensor) -> [Tensor; 2] {
        let code = self.encoder.forward(images);
        [code.narrow(1, 0, LATENT), code.narrow(1, LATENT, LATENT)]
    }

    /// The loss, in nats for each image, in its two parts.
    fn loss(&self, images: &Tensor, rng: &mut impl Rng) -> [Tensor; 2] {
        let [mean, log_variance] = self.encode(images);
        let noise = Tensor::randn(mean.shape(), rng);
        let code = &mean + (&log_variance * 0.5).exp() * noise;
        let count = images.shape()[0] as f32;
        let pixels = BceWithLogits { reduction: Reduction::Sum, ..BceWithLogits::default() };
        let reconstruction = pixels.loss(&self.decoder.forward(&code), images) / count;
        let divergence = (mean.square() + log_variance.exp() - &log_variance - 1.0).sum() * (0.5 / count);
        [reconstruction, divergence]
    }
}

fn main() -> Result<(), DataError> {
    let (mut order, mut rng) = (rng(1), rng(2));
    let mnist = Mnist::load(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    let mut model = Autoencoder {
        encoder: Mlp::new(&[784, 256, 2 * LATENT], Relu, &mut rng),
        decoder: Mlp::new(&[LATENT, 256, 784], Relu, &mut rng),
    };
    let mut opt = Optimizer::new(Adam { lr: 2e-3, ..Adam::default() });
    println!("epoch   reconstruction   divergence   nats an image, test set");
    for epoch in 1..=8 {
        for (images, _) in mnist.train.batches(128).shuffled(&mut order) {
            let [reconstruction, divergence] = model.loss(&images, &mut rng);
            opt.step(&mut model, &(reconstruction + divergence).backward());
        }
        let images = mnist.test.images();
        let [reconstruction, divergence] = no_grad(|| model.loss(&images, &mut rng)).map(|part| part.item());
        println!("{epoch:>5}   {reconstruction:>14.2}   {divergence:>10.2}   {:>23.2}", reconstruction + divergence);
    }

    println!("\nFive digits that nobody has written:\n");
    let images = no_grad(|| model.decoder.forward(&Tensor::randn(&[5, LATENT], &mut rng)).sigmoid());
    let images = images.reshape(&[5, 28, 28]);
    // Two rows of pixels in a row of characters, which are twice as high as wide.
    for row in (2..26).step_by(2) {
        let mut line = String::new();
        for image in images.view().outer_iter() {
            for column in 4..24 {
                let light = (image[[row, column]] + image[[row + 1, column]]) / 2.0;
                line.push([' ', '.', '+', '#'][(light * 3.99) as usize]);
            }
        }
        println!("{}", line.trim_end());
    }
    Ok(())
}
