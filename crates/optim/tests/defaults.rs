//! The defaults of every rule and schedule: PyTorch's, and the papers' for the four rules that PyTorch lacks. Compared
//! as text, because a struct update would use the values under test.

use downhill_optim::*;

/// The rule as text with all its options.
fn options(rule: &impl std::fmt::Debug) -> String {
    format!("{rule:?}")
}

#[test]
fn of_the_rules() {
    let table = [
        (
            options(&Sgd::default()),
            "Sgd { lr: 0.001, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, maximize: false }",
        ),
        (
            options(&Adam::default()),
            "Adam { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, decoupled: false, amsgrad: false, maximize: false }",
        ),
        (
            options(&AdamW::default()),
            "AdamW { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01, amsgrad: false, maximize: false }",
        ),
        (
            options(&Adagrad::default()),
            "Adagrad { lr: 0.01, lr_decay: 0.0, weight_decay: 0.0, initial_accumulator_value: 0.0, eps: 1e-10, maximize: false }",
        ),
        (
            options(&RmsProp::default()),
            "RmsProp { lr: 0.01, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false, maximize: false }",
        ),
        (
            options(&Adadelta::default()),
            "Adadelta { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.0, maximize: false }",
        ),
        (
            options(&Adamax::default()),
            "Adamax { lr: 0.002, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, maximize: false }",
        ),
        (
            options(&NAdam::default()),
            "NAdam { lr: 0.002, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, momentum_decay: 0.004, decoupled: false, maximize: false }",
        ),
        (
            options(&RAdam::default()),
            "RAdam { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.0, decoupled: false, maximize: false }",
        ),
        (
            options(&Rprop::default()),
            "Rprop { lr: 0.01, eta_minus: 0.5, eta_plus: 1.2, step_min: 1e-6, step_max: 50.0, maximize: false }",
        ),
        (
            options(&Asgd::default()),
            "Asgd { lr: 0.01, lambd: 0.0001, alpha: 0.75, t0: 1000000.0, weight_decay: 0.0, maximize: false }",
        ),
        (
            options(&Adafactor::default()),
            "Adafactor { lr: 0.01, beta2_decay: -0.8, eps1: None, eps2: 0.001, d: 1.0, weight_decay: 0.0, maximize: false }",
        ),
        (
            options(&Muon::default()),
            "Muon { lr: 0.001, weight_decay: 0.1, momentum: 0.95, nesterov: true, ns_coefficients: [3.4445, -4.775, 2.0315], eps: 1e-7, ns_steps: 5, adjust_lr: Original, maximize: false }",
        ),
        (
            options(&Lbfgs::default()),
            "Lbfgs { lr: 1.0, max_iter: 20, max_eval: None, tolerance_grad: 1e-7, tolerance_change: 1e-9, history_size: 100, line_search: None, maximize: false }",
        ),
        // Chen et al., arXiv 2302.06675; You et al., arXiv 1904.00962; Polyak 1964 and Bernstein et al., arXiv
        // 1802.04434, do not name defaults for all options.
        (options(&Lion::default()), "Lion { lr: 0.0001, beta1: 0.9, beta2: 0.99, weight_decay: 0.0, maximize: false }"),
        (
            options(&Lamb::default()),
            "Lamb { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-6, weight_decay: 0.0, maximize: false }",
        ),
        (options(&SignSgd::default()), "SignSgd { lr: 0.0001, momentum: 0.0, weight_decay: 0.0, maximize: false }"),
        (
            options(&ClassicalMomentum::default()),
            "ClassicalMomentum { lr: 0.001, momentum: 0.9, weight_decay: 0.0, maximize: false }",
        ),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
}

#[test]
fn of_the_schedules() {
    let (step, steps) = (StepLr::default(), MultiStepLr::default());
    assert_eq!((step.gamma, steps.gamma), (0.1, 0.1));
    let (constant, linear, polynomial) = (ConstantLr::default(), LinearLr::default(), PolynomialLr::default());
    assert_eq!((constant.factor, constant.total_iters), (1.0 / 3.0, 5));
    assert_eq!((linear.start_factor, linear.end_factor, linear.total_iters), (1.0 / 3.0, 1.0, 5));
    assert_eq!((polynomial.total_iters, polynomial.power), (5, 1.0));
    assert_eq!(CosineAnnealingLr::default().eta_min, 0.0);
    let restarts = CosineAnnealingWarmRestarts::default();
    assert_eq!((restarts.t_mult, restarts.eta_min), (1, 0.0));
    let cyclic = CyclicLr::default();
    assert_eq!((cyclic.step_size_up, cyclic.step_size_down, cyclic.gamma), (2000, None, 1.0));
    assert_eq!((cyclic.mode, cyclic.cycle_momentum), (CyclicMode::Triangular, true));
    assert_eq!((cyclic.base_momentum, cyclic.max_momentum), (0.8, 0.9));
    let cycle = OneCycleLr::default();
    assert_eq!((cycle.pct_start, cycle.anneal, cycle.three_phase), (0.3, Anneal::Cos, false));
    assert_eq!((cycle.div_factor, cycle.final_div_factor), (25.0, 1e4));
    assert_eq!((cycle.cycle_momentum, cycle.base_momentum, cycle.max_momentum), (true, 0.85, 0.95));
    let plateau = ReduceLrOnPlateau::default();
    assert_eq!((plateau.mode, plateau.factor, plateau.patience), (PlateauMode::Min, 0.1, 10));
    assert_eq!((plateau.threshold, plateau.threshold_mode, plateau.cooldown), (1e-4, ThresholdMode::Rel, 0));
    assert_eq!((plateau.min_lr, plateau.eps), (0.0, 1e-8));
    let swa = SwaLr::default();
    assert_eq!((swa.anneal_epochs, swa.anneal), (10, Anneal::Cos));
}

/// fastai's range: from 10⁻⁷ to 10 in 100 steps, smoothed, until the loss is four times the best.
#[test]
fn of_the_range_test() {
    let test = LrRangeTest::default();
    assert_eq!((test.start, test.end, test.steps, test.linear), (1e-7, 10.0, 100, false));
}
