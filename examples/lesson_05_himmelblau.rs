//! # Lesson 5: three optimizers on one landscape
//!
//!     cargo run --release --example lesson_05_himmelblau
//!
//! Himmelblau's function
//!
//! ```text
//! f(x, y) = (x² + y - 11)² + (x + y² - 7)²
//! ```
//!
//! has four minima, all with value 0, and a hill in the middle. Three optimizers start at the same point at the foot of
//! the hill, and each ends in a different minimum:
//!
//! - **gradient descent**, `p ← p - η·g`, follows the steepest descent;
//! - **momentum**, `v ← 0.9·v + g`, `p ← p - η·v`, behaves like a heavy ball: it keeps its direction, gains speed on a
//!   long slope, and rolls past the minimum and back;
//! - **Adam** divides the running mean of the gradient by the square root of the running mean of its square, so that
//!   every coordinate moves by about `η` per step, however steep the slope is.
//!
//! A tuple of two tensors is a parameter tree like any model, so the `Optimizer` that trains networks works here, too.
//!
//! Expected output:
//!
//! ```text
//! Adam, from (-1, 1), after 300 steps: (-2.805118, 3.131313)
//!
//! step   gradient descent              momentum                      Adam
//!             x        y  f                 x        y  f                 x        y  f
//!    0    0.0000  -3.0000  2.0e2        0.0000  -3.0000  2.0e2        0.0000  -3.0000  2.0e2
//!    1   -0.0400  -2.4800  1.8e2       -0.0400  -2.4800  1.8e2       -0.1000  -2.9000  1.9e2
//!    2   -0.0438  -2.2987  1.8e2       -0.0798  -1.8307  1.8e2       -0.1963  -2.8009  1.9e2
//!    5    0.0431  -2.0742  1.8e2        0.1679  -0.3177  1.7e2       -0.4851  -2.5177  1.8e2
//!   10    1.0707  -1.8722  1.4e2        3.9145   3.1392  1.0e2       -0.9858  -2.1497  1.6e2
//!   20    3.5827  -1.8287  5.4e-3       1.9936   1.7353  3.2e1       -2.0752  -2.0692  1.0e2
//!   50    3.5844  -1.8481  8.8e-12      2.6960   2.1625  2.6e0       -3.9849  -3.4419  2.8e0
//!  100    3.5844  -1.8481  1.8e-26      3.0115   1.9829  5.9e-3      -3.7582  -3.2708  2.5e-2
//!  300    3.5844  -1.8481  0.0e0        3.0000   2.0000  2.1e-11     -3.7793  -3.2832  2.2e-11
//!
//! Contours of the function; S: the start; g, m, a: the paths; O: the minima
//!
//!      5 +------------------------------------------------------------------------------------+
//!        |  .......                    .......................................            ....|
//!        | .....      .............                   ...............................        .|
//!        |....    ......         ...........                                    .........     |
//!        |...   ....    .........        ...................................         ......   |
//!        |..   ...   ..    ..     .....        ...................................      ..... |
//!        |..   ..   .. ..  ...  ...   ....                                       ....    .....|
//!        |.    ..  ..  . .  O. .  ..   .....                    ................   mm..    ...|
//!        |.    ..  ..  . ..    .  ..   ......                .......     .m.  m ...  ...    ..|
//!        |..   ...  ..  ..     ...    .....                  .....    ...   m ..  ..   ..   ..|
//!        |..   ...   ..    ...     ......                     .....  .m. .m mm.m.. ..  ...   .|
//!        |..    ...   .....   .......                          ....   .m .mmmO.. .  ..  ..   .|
//!        |..    ....    .........          ..............        ...m  .. .mmmmm. . ..  ...   |
//!        |...    ....                  .....................      ....  .. ..mmm. .  .   ..   |
//!        |...    .....             ...........................     m...m ..  m..  .  ..  ..   |
//!        |...     ......        ..............................m      ...   .m  m ..  mm  ..   |
//!        |...     ............................       ............m  m ...   mm. mm.  ..  ...  |
//!        |...     ........................              ..........     ...   ..mmmm  ..  ...  |
//!        |...     ......................                m .........    ...   .mmmmm  ..   ..  |
//!        |...     .....................                    ........     ...   ......  ..  ..  |
//!        |...     ....................               m      .......     ...   ......  ..  ... |
//!        |..     .....................             m        ........    ...  ...   .. ..  ... |
//!        |..    ........  .............                     ........    ...  ..     .  ..  .. |
//!        |.    .....         ..........            m        ........    ...  .  .... . ..  .. |
//!        |    ....             .........                    ........    ...  . . ..  .  .  ...|
//!        |   ...      ...       .........          m     g  g....g..   g...  g . gO.. . ..  ..|
//!        |  ...   ..........   aaaaaaaaaaaaaa      ggg g     .......    ...  . . .. . . ..  ..|
//!        | ...  ...      ..aaaa   ........   aaa   m         ........    ...  .  ... .  ..  ..|
//!        |...  ..  .....aaa...    .......      aaa            ........    ...  ......  ..  ...|
//!        |..  .. .  ..aaa.  ..    .......         aaS           .......     ....     ...   .. |
//!        |.  .. . .aOa. .. ...    ......                           .......      .....    .... |
//!        |.  .  .aaa . ..  ..   ......                                ........        .....   |
//!        |.  .. ..  ...  ..    .....          ................             ..............     |
//!        |.   ...    ...    .....        ............................                      ...|
//!        |...           ......       ..........................................       ........|
//!        | ..............        .............                     .........................  |
//!        |                  ...........                                                       |
//!     -5 +------------------------------------------------------------------------------------+
//!         -5                                                                                 5
//! ```

#[path = "shared/plot.rs"]
mod plot;

use downhill::optim::minimize;
use downhill::prelude::*;
use ndarray::arr0;
use plot::Canvas;

type Point = (Tensor<f64>, Tensor<f64>);

fn himmelblau((x, y): &Point) -> Tensor<f64> {
    (x.square() + y - 11.0).square() + (x + y.square() - 7.0).square()
}

const MINIMA: [(f64, f64); 4] = [(3.0, 2.0), (-2.805118, 3.131313), (-3.779310, -3.283186), (3.584428, -1.848127)];

fn main() {
    // Every training loop is these five lines.
    let mut p = (Tensor::param(arr0(-1.0)), Tensor::param(arr0(1.0)));
    let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
    for _ in 0..300 {
        let g = himmelblau(&p).backward();
        opt.step(&mut p, &g);
    }
    println!("Adam, from (-1, 1), after 300 steps: ({:.6}, {:.6})\n", p.0.item(), p.1.item());

    // `minimize` is the same loop; it returns every point of the path.
    let start = || (Tensor::param(0.0), Tensor::param(-3.0));
    let paths = [
        ("gradient descent", 'g', minimize(himmelblau, start(), Sgd { lr: 0.01, ..Sgd::default() }, 300)),
        ("momentum", 'm', minimize(himmelblau, start(), Sgd { lr: 0.01, momentum: 0.9, ..Sgd::default() }, 300)),
        ("Adam", 'a', minimize(himmelblau, start(), Adam { lr: 0.1, ..Adam::default() }, 300)),
    ];

    println!("step   gradient descent              momentum                      Adam");
    println!("            x        y  f                 x        y  f                 x        y  f");
    for step in [0, 1, 2, 5, 10, 20, 50, 100, 300] {
        let cells = paths.each_ref().map(|(_, _, path)| {
            let (x, y) = &path[step];
            format!("{:>7.4}  {:>7.4}  {:<9.1e}", x.item(), y.item(), himmelblau(&path[step]).item())
        });
        println!("{step:>4}   {}", cells.join("   ").trim_end());
    }

    println!("\nContours of the function; S: the start; g, m, a: the paths; O: the minima\n");
    let level = |x: f64, y: f64| {
        let height = himmelblau(&(Tensor::from(x), Tensor::from(y))).item();
        if ((2.0 * (height + 1.0).ln()) as u64).is_multiple_of(2) { ' ' } else { '.' }
    };
    let mut canvas = Canvas::new(-5.0..=5.0, -5.0..=5.0, (84, 36), level);
    for (_, mark, path) in &paths {
        path.iter().for_each(|(x, y)| canvas.mark(x.item(), y.item(), *mark));
    }
    MINIMA.iter().for_each(|&(x, y)| canvas.mark(x, y, 'O'));
    canvas.mark(0.0, -3.0, 'S');
    print!("{canvas}");
}
