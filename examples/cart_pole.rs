//! # Learning to balance a pole
//!
//!     cargo run --release --example cart_pole
//!
//! A cart on a track carries a pole that falls over unless the cart is pushed left or right at the right moments. Nobody
//! tells the network what to do: it tries, and is told how long the pole stayed up. The *policy gradient* makes actions
//! that were followed by more reward than usual more probable:
//!
//! ```text
//! loss = -mean(log π(aₜ | sₜ)·Aₜ),    Aₜ = Gₜ standardized,    Gₜ = 1 + γ·Gₜ₊₁
//! ```
//!
//! An episode ends when the pole leans by more than 12°, the cart leaves the track, or after 500 steps. The physics are
//! those of the benchmark "CartPole-v1", written out in this file.
//!
//! Williams, "Simple statistical gradient-following algorithms", 1992; Barto, Sutton and Anderson, 1983, for the cart.
//!
//! Output:
//!
//! ```text
//! episodes   mean length of the last 20
//!      100                         43.9
//!      200                         59.1
//!      300                         81.7
//!      400                        155.8
//!      500                        190.1
//!      600                        480.6
//!      700                        483.9
//!      800                        496.6
//!      900                        497.2
//!     1000                        496.9
//!
//! always the more probable action: 500.0 of 500 steps, mean of 100 episodes
//! ```

use downhill::ndarray::Array2;
use downhill::prelude::*;
use downhill::rand::{Rng, RngExt};

const LONGEST: usize = 500;
const DISCOUNT: f64 = 0.99;

/// Position and velocity of the cart, angle and angular velocity of the pole (SI units, radians).
#[derive(Clone, Copy)]
struct CartPole {
    state: [f64; 4],
}

impl CartPole {
    fn new(rng: &mut impl Rng) -> Self {
        CartPole { state: std::array::from_fn(|_| rng.random_range(-0.05..0.05)) }
    }

    /// Pushes the cart for 0.02 s.
    fn push(&mut self, right: bool) {
        let (gravity, cart, pole, half_length, force, dt) =
            (9.8, 1.0, 0.1, 0.5, if right { 10.0 } else { -10.0 }, 0.02);
        let [x, velocity, angle, spin] = self.state;
        let total = cart + pole;
        let (sin, cos) = angle.sin_cos();
        let push = (force + pole * half_length * spin * spin * sin) / total;
        let spin_up = (gravity * sin - cos * push) / (half_length * (4.0 / 3.0 - pole * cos * cos / total));
        let acceleration = push - pole * half_length * spin_up * cos / total;
        self.state = [x + dt * velocity, velocity + dt * acceleration, angle + dt * spin, spin + dt * spin_up];
    }

    fn has_fallen(&self) -> bool {
        self.state[0].abs() > 2.4 || self.state[2].abs() > 12_f64.to_radians()
    }
}

/// What happened in an episode.
#[derive(Default)]
struct Episode {
    states: Vec<[f64; 4]>,
    actions: Vec<usize>,
}

impl Episode {
    /// `choose` maps a state to an action, 1 to push right.
    fn play(rng: &mut impl Rng, mut choose: impl FnMut([f64; 4]) -> usize) -> Self {
        let (mut cart, mut episode) = (CartPole::new(rng), Episode::default());
        while episode.actions.len() < LONGEST && !cart.has_fallen() {
            let action = choose(cart.state);
            episode.states.push(cart.state);
            episode.actions.push(action);
            cart.push(action == 1);
        }
        episode
    }

    /// The discounted reward from each step on, every step being worth 1.
    fn returns(&self) -> Vec<f64> {
        let mut returns = vec![0.0; self.actions.len()];
        let mut later = 0.0;
        for value in returns.iter_mut().rev() {
            later = 1.0 + DISCOUNT * later;
            *value = later;
        }
        returns
    }
}

fn main() {
    let mut random = rng(4);
    let mut policy: Mlp<f64> = Mlp::new(&[4, 32, 2], Tanh, &mut random);
    let mut opt = Optimizer::new(Adam { lr: 0.02, ..Adam::default() });
    println!("episodes   mean length of the last 20");
    for update in 1..=50 {
        let mut play = || {
            let mut draws = rng(random.random());
            Episode::play(&mut random, |state| {
                let right = no_grad(|| policy.forward(&Tensor::from([state])).softmax(-1)).to_vec()[1];
                usize::from(draws.random_bool(right))
            })
        };
        let episodes: Vec<Episode> = (0..20).map(|_| play()).collect();
        let (states, actions, returns) = joined(&episodes);
        let advantage = (&returns - returns.mean()) / (returns.std() + 1e-8);
        let log_policy = policy.forward(&states).log_softmax(-1);
        let chosen = log_policy.gather(1, &actions).squeeze();
        let loss = -(chosen * advantage).mean();
        opt.step(&mut policy, &loss.backward());
        if update % 5 == 0 {
            println!("{:>8}   {:>26.1}", 20 * update, actions.len() as f64 / 20.0);
        }
    }
    let mut total = 0;
    for _ in 0..100 {
        let best = |state| no_grad(|| policy.forward(&Tensor::from([state]))).argmax(-1)[[0]];
        total += Episode::play(&mut random, best).actions.len();
    }
    println!("\nalways the more probable action: {:.1} of {LONGEST} steps, mean of 100 episodes", total as f64 / 100.0);
}

/// The states, actions (as indices for `gather`) and returns of all episodes.
fn joined(episodes: &[Episode]) -> (Tensor<f64>, Array2<usize>, Tensor<f64>) {
    let states: Vec<[f64; 4]> = episodes.iter().flat_map(|episode| &episode.states).copied().collect();
    let actions: Vec<usize> = episodes.iter().flat_map(|episode| &episode.actions).copied().collect();
    let returns: Vec<f64> = episodes.iter().flat_map(Episode::returns).collect();
    let actions = Array2::from_shape_vec((actions.len(), 1), actions).expect("one per step");
    (Tensor::from(states), actions, Tensor::from(returns))
}
