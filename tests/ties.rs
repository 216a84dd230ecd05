//! Tied parameters in a tree stay tied, whatever the library does to it, and count as one parameter, updated once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill::optim::{
    Adam, AdamW, Lbfgs, LineSearch, LrRangeTest, Optimizer, Options, ParamRule, ParamUpdate, Rule, RuleKind, Sgd,
    WeightAverage, clip_grad_norm, minimize,
};
use downhill::{Float, Params, Path, Tensor, gradcheck_model};

type Tied = (Tensor<f64>, Tensor<f64>, Tensor<f64>);

/// One weight at the first and the last place and another between them, none of them shared outside.
fn tied() -> Tied {
    let shared = Tensor::param([1.0, -2.0]);
    (shared.clone(), Tensor::param([5.0]), shared)
}

fn loss((a, b, c): &Tied) -> Tensor<f64> {
    (a * c).sum() + b.square().sum()
}

#[track_caller]
fn assert_tied(model: &Tied) {
    assert_eq!((model.0.id(), &model.0), (model.2.id(), &model.2));
    assert!(model.0.id().is_some() && model.0.id() != model.1.id());
    let summary = model.summary();
    assert_eq!(summary.rows[2].tied_to.as_deref(), Some("0"));
    assert_eq!(summary.elements(), 3);
}

fn ids(model: &impl Params<f64>) -> Vec<Option<u64>> {
    model.named_params().iter().map(|(_, tensor)| tensor.id()).collect()
}

#[test]
fn an_optimizer_keeps_ties_and_ids() {
    let rules: [Box<dyn Rule<f64>>; 3] = [
        Box::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() }),
        Box::new(Adam::default()),
        "lion".parse().unwrap(),
    ];
    for rule in rules {
        let mut model = tied();
        let before = ids(&model);
        let name = rule.name().to_owned();
        let mut opt: Optimizer<f64> = rule.to_string().parse().unwrap();
        for _ in 0..3 {
            opt.step_with(&mut model, loss);
            assert_tied(&model);
        }
        assert_eq!(ids(&model), before, "{name}");
        assert!(model.0.to_vec() != [1.0, -2.0]);
        // If it is also shared outside, it becomes a new parameter, still at both places.
        let (outside, old) = (model.0.clone(), model.0.to_vec());
        opt.step_with(&mut model, loss);
        assert_tied(&model);
        assert!(model.0.id() != outside.id() && outside.to_vec() == old, "{name}");
        assert_eq!(opt.state("0").unwrap().steps, 4, "{name}");
        assert!(opt.state("2").is_none(), "{name}");
    }
}

/// a·c with a tied to c is w², so gradient descent multiplies w by 1 - 2·lr; b is updated independently.
#[test]
fn tied_weights_move_once() {
    let mut model = tied();
    Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() }).step_with(&mut model, loss);
    assert_eq!((model.0.to_vec(), model.1.to_vec()), (vec![0.5, -1.0], vec![2.5]));
    assert_tied(&model);
}

#[test]
fn everything_that_is_done_to_a_model_keeps_ties_and_ids() {
    let mut model = tied();
    let before = ids(&model);
    let mut lbfgs = Optimizer::new(Lbfgs { line_search: LineSearch::StrongWolfe, ..Lbfgs::default() });
    lbfgs.step_with(&mut model, |m| loss(m) - m.0.sum());
    // w² - w has its minimum at 1/2.
    assert!(model.0.to_vec().iter().all(|w| (w - 0.5).abs() < 1e-6), "{:?}", model.0.to_vec());
    assert_tied(&model);

    let saved = model.state_dict();
    let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
    let mut ema = WeightAverage::exponential(0.5);
    let mut swa = WeightAverage::running_mean();
    for _ in 0..3 {
        let mut grads = loss(&model).backward();
        clip_grad_norm(&mut grads, 0.1);
        opt.step(&mut model, &grads);
        ema.update(&model);
        swa.update(&model);
    }
    assert_tied(&model);
    for dict in [ema.state_dict(), swa.state_dict(), saved] {
        model.load_state_dict(&dict).unwrap();
        assert_tied(&model);
        assert_eq!(model.0, dict.get("0").unwrap());
    }
    LrRangeTest { steps: 20, ..LrRangeTest::default() }.run(&mut model, &opt, loss);
    gradcheck_model(&mut model, loss, Default::default()).unwrap();
    for (_, mut w) in model.params_mut() {
        w.data_mut().mapv_inplace(|w| w.clamp(-0.1, 0.1));
    }
    assert_tied(&model);
    assert_eq!(model.0.to_vec(), [0.1, 0.1]);
    assert_eq!(model.freeze("1"), 1);
    assert_eq!(model.unfreeze("*"), 1);
    assert_tied(&model);
    assert_eq!(ids(&model), before);
}

/// Also while a clone of the model is alive: afterwards the range test restores the very same parameters.
#[test]
fn a_range_test_beside_a_clone_gives_back_the_same_parameters() {
    let mut model = tied();
    model.freeze("1");
    let (copy, before) = (model.clone(), ids(&model));
    let opt = Optimizer::new(Sgd::default());
    let loss = |m: &Tied| (&m.0 * &m.2).sum();
    LrRangeTest { steps: 20, ..LrRangeTest::default() }.run(&mut model, &opt, loss);
    assert_eq!((ids(&model), model.state_dict()), (before.clone(), copy.state_dict()));
    let panics = AssertUnwindSafe(|| {
        let mut steps = 0;
        LrRangeTest::default().run(&mut model, &opt, |m| {
            steps += 1;
            assert!(steps < 5, "in the middle");
            loss(m)
        })
    });
    assert!(catch_unwind(panics).is_err());
    assert_eq!((ids(&model), model.state_dict()), (before, copy.state_dict()));
}

#[test]
fn freezing_keeps_ties() {
    let mut model = tied();
    let before = ids(&model);
    assert_eq!(model.freeze("2"), 1);
    assert!(model.0.is_frozen() && model.2.is_frozen() && model.1.is_param());
    assert_tied(&model);
    assert_eq!((model.num_params(), model.summary().trainable(), model.summary().elements()), (1, 1, 3));
    assert_eq!(model.unfreeze("0"), 1);
    assert!(model.0.is_param() && model.2.is_param());
    assert_tied(&model);
    assert_eq!(ids(&model), before);

    assert_eq!(model.freeze("*"), 3);
    assert_eq!(ids(&model), before);
    assert!(model.summary().to_string().contains("frozen"));
    let dict = (Tensor::from([7.0, 8.0]), Tensor::from([9.0]), Tensor::from([7.0, 8.0])).state_dict();
    model.load_state_dict(&dict).unwrap();
    assert_tied(&model);
    assert_eq!(model.unfreeze("*"), 3);
    assert_eq!((ids(&model), model.2.to_vec()), (before, vec![7.0, 8.0]));
    assert_tied(&model);
    Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() }).step_with(&mut model, loss);
    assert_eq!(model.2.to_vec(), [3.5, 4.0]);
    assert_tied(&model);
}

/// A frozen clone is a different parameter from its original.
#[test]
fn freezing_one_of_two_clones() {
    let student = tied();
    let before = ids(&student);
    let mut teacher = student.clone();
    teacher.freeze("*");
    assert!(student.0.is_param() && ids(&student) == before);
    assert_tied(&teacher);
    assert!(ids(&teacher).iter().all(|id| !before.contains(id)));
    let (copy, frozen) = (teacher.clone(), ids(&teacher));
    teacher.unfreeze("*");
    assert!(copy.0.is_frozen() && ids(&copy) == frozen && teacher.0.is_param());
    assert_tied(&teacher);
    assert!(ids(&teacher).iter().all(|id| !before.contains(id) && !frozen.contains(id)));
}

/// Running statistics among tied parameters: `unfreeze` must not make parameters of them.
#[test]
fn freezing_leaves_buffers_alone() {
    let statistic = Tensor::from([5.0]);
    let mut model = (tied(), statistic.clone(), statistic);
    let before = ids(&model.0);
    assert_eq!((model.freeze("*"), model.unfreeze("*")), (3, 3));
    assert_tied(&model.0);
    assert_eq!(ids(&model.0), before);
    assert!(model.1.is_buffer() && model.2.is_buffer() && model.1.id().is_none());
    assert_eq!((model.unfreeze("1"), model.freeze("1")), (0, 0));
    let summary = model.summary();
    assert_eq!((model.num_params(), summary.elements(), summary.trainable(), summary.in_buffers()), (3, 3, 3, 1));
    assert_eq!(summary.rows[4].tied_to.as_deref(), Some("1"));
    let decay = AdamW { weight_decay: 0.5, ..AdamW::default() };
    Optimizer::new(decay).step_with(&mut model, |model| loss(&model.0));
    assert_eq!((model.1.item(), model.2.item()), (5.0, 5.0));
    assert_eq!(model.state_dict().paths().collect::<Vec<_>>(), ["0.0", "0.1", "0.2", "1", "2"]);
}

/// `minimize` takes only values from its starting point: one constant at two places gives two variables.
#[test]
fn one_constant_at_two_places_is_two_starting_points() {
    let zero = Tensor::from(0.0);
    let f = |(x, y): &(Tensor<f64>, Tensor<f64>)| (x - 1.0).square() + (y + 1.0).square();
    let path = minimize(f, (zero.clone(), zero), Sgd { lr: 0.5, ..Sgd::default() }, 1);
    assert_eq!((path[1].0.item(), path[1].1.item()), (1.0, -1.0));
}

#[test]
fn two_values_for_one_parameter_are_refused() {
    let mut model = tied();
    let dict = |last: [f64; 2]| (Tensor::from([7.0, 8.0]), Tensor::from([9.0]), Tensor::from(last)).state_dict();
    for freeze in [false, true] {
        if freeze {
            model.freeze("*");
        }
        let (before, elements) = (ids(&model), model.state_dict());
        let error = model.load_state_dict(&dict([7.0, 8.5])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the saved state does not fit the model: 0 and 2 are one parameter, but have different elements in the saved \
             state"
        );
        assert_eq!((ids(&model), model.state_dict()), (before, elements));
        model.load_state_dict(&dict([7.0, 8.0])).unwrap();
        assert_tied(&model);
    }
    let nan = (Tensor::from([f64::NAN, 0.0]), Tensor::from([9.0]), Tensor::from([f64::NAN, 0.0])).state_dict();
    model.load_state_dict(&nan).unwrap();
    assert!(model.2.to_vec()[0].is_nan());

    // A constant has no identity: buffers that started as one tensor are each loaded with their own elements.
    let zeros = Tensor::zeros(&[2]);
    let mut buffers = (zeros.clone(), Tensor::param([1.0]), zeros);
    buffers.load_state_dict(&dict([7.0, 8.5])).unwrap();
    assert_eq!((buffers.0.to_vec(), buffers.2.to_vec()), (vec![7.0, 8.0], vec![7.0, 8.5]));
}

/// Panics at the n-th parameter that it updates, after writing to it.
#[derive(Clone, Debug, Options)]
struct Treacherous {
    #[options(skip)]
    left: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl<F: Float> Rule<F> for Treacherous {
    fn kind(&self) -> RuleKind<'_, F> {
        RuleKind::Param(self)
    }

    fn lr(&self) -> f64 {
        1.0
    }

    fn set_lr(&mut self, _: f64) {}
}

impl<F: Float> ParamRule<F> for Treacherous {
    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        param.param.fill(F::zero());
        let left = self.left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        assert!(left > 1, "half-way");
    }
}

#[test]
fn a_rule_that_panics_half_way_leaves_a_model() {
    type Model = (Tied, Tied);
    for at in 1..=4 {
        for watched in [false, true] {
            let mut model: Model = (tied(), tied());
            let outside = watched.then(|| model.clone());
            let grads = (loss(&model.0) + loss(&model.1)).backward();
            let mut opt = Optimizer::new(Treacherous { left: std::sync::Arc::new(at.into()) });
            assert!(catch_unwind(AssertUnwindSafe(|| opt.step(&mut model, &grads))).is_err());
            assert_tied(&model.0);
            assert_tied(&model.1);
            let changed: Vec<bool> =
                [&model.0.0, &model.0.1, &model.1.0, &model.1.1].iter().map(|w| w.to_vec().contains(&0.0)).collect();
            assert_eq!(changed, (0..4).map(|i| i < at).collect::<Vec<_>>());
            if let Some(outside) = outside {
                assert_eq!((outside.0.0.to_vec(), outside.1.1.to_vec()), (vec![1.0, -2.0], vec![5.0]));
            }
            // Training can continue.
            let mut opt = Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() });
            opt.step_with(&mut model, |m| loss(&m.0) + loss(&m.1));
            assert_tied(&model.0);
        }
    }
}

/// `visit_mut` visits every place; `visit_once` and `visit_once_mut` visit each parameter once, at its first path.
#[test]
fn once_is_once() {
    let mut model = (tied(), vec![tied().0, Tensor::zeros(&[1])]);
    model.1.push(model.0.1.clone());
    let mut once = Vec::new();
    model.visit_once(&mut |path, _| once.push(path.to_string()));
    assert_eq!(once, ["0.0", "0.1", "1.0", "1.1"]);
    let mut changed = Vec::new();
    model.visit_once_mut(&mut |path, tensor| {
        changed.push(path.to_string());
        tensor.data_mut().mapv_inplace(|x| x + 1.0);
    });
    assert_eq!(changed, once);
    assert_eq!((model.1[2].to_vec(), model.0.2.to_vec()), (vec![6.0], vec![2.0, -1.0]));
    let mut places = 0;
    model.visit_mut(&Path::ROOT, &mut |_, _| places += 1);
    assert_eq!((places, model.num_params()), (6, 2 + 1 + 2));
}
