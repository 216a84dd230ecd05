//! One id means one set of elements: a clone that is modified becomes a separate parameter, and `deep_copy` makes an
//! independent copy.

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill::nn::{Linear, Module};
use downhill::optim::{Optimizer, Sgd, WeightAverage};
use downhill::{Params, StateDict, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

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

/// Three clones set to 1, 2 and 3, and one loss over all of them, whose gradient is 2w for each.
#[test]
fn clones_that_have_parted_stay_apart() {
    let first = Tensor::param([0.0_f64]);
    let mut all = vec![first.clone(), first.clone(), first];
    for (w, value) in all.iter_mut().zip([1.0, 2.0, 3.0]) {
        w.assign([value]);
    }
    let mut opt = Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() });
    opt.step_with(&mut all, |all| all.iter().map(|w| w.square().sum()).fold(Tensor::from(0.0), |a, b| a + b));
    assert_eq!(all.iter().map(Tensor::item).collect::<Vec<_>>(), [0.5, 1.0, 1.5]);
}

/// However one side is modified, and whether or not it is large enough to share memory, the other keeps its elements
/// and gradient, and neither sees the other's.
#[test]
fn every_way_to_change_one_side() {
    type Change = fn(&mut Tensor<f64>);
    let changes: [(&str, Change); 6] = [
        ("assign", |w| w.assign(Tensor::full(w.shape(), 2.0))),
        ("data_mut", |w| w.data_mut().fill(2.0)),
        ("as_mut_slice", |w| w.as_mut_slice().fill(2.0)),
        ("load", |w| {
            let two = Tensor::<f64>::full(w.shape(), 2.0).state_dict();
            w.load_state_dict(&two).unwrap();
        }),
        ("step", |w| {
            let grads = w.sum().backward();
            Optimizer::new(Sgd { lr: -1.0 + 2.0, maximize: true, ..Sgd::default() }).step(w, &grads);
        }),
        ("visit_once_mut", |w| w.visit_once_mut(&mut |_, w| w.data_mut().fill(2.0))),
    ];
    for len in [1, 3, 1000] {
        for (what, change) in changes {
            let mut w = Tensor::param(Tensor::ones(&[len]));
            let id = w.id();
            change(&mut w);
            assert_eq!((w.id(), w.to_vec()), (id, vec![2.0; len]), "{what}: it is not shared");

            let mut w = Tensor::param(Tensor::ones(&[len]));
            let copy = w.clone();
            change(&mut w);
            assert!(w.id() != copy.id() && w.is_param(), "{what}");
            assert_eq!((w.to_vec(), copy.to_vec()), (vec![2.0; len], vec![1.0; len]), "{what}");
            let grads = (w.square().sum() + 3.0 * copy.sum()).backward();
            assert_eq!((grads[&w].to_vec(), grads[&copy].to_vec()), (vec![4.0; len], vec![3.0; len]), "{what}");

            let mut w = Tensor::param(Tensor::ones(&[len]));
            let (old, recorded) = (w.id(), w.square().sum());
            change(&mut w);
            assert!(w.id() != old, "{what}: a record still holds the old one");
            assert!(recorded.backward().get(&w).is_none(), "{what}");

            let mut frozen = Tensor::param(Tensor::ones(&[len]));
            frozen.freeze("*");
            if what != "step" {
                let (copy, id) = (frozen.clone(), frozen.id());
                change(&mut frozen);
                assert!(frozen.is_frozen() && frozen.id() != id && copy.id() == id, "{what}");
                assert!(!frozen.square().requires_grad(), "{what}");
            }
        }
    }
}

#[test]
fn assigning_to_one_of_two_tied_weights_parts_them() {
    let mut model = tied();
    model.0.assign([3.0, 4.0]);
    assert!(model.0.id() != model.2.id());
    assert_eq!((model.2.to_vec(), model.num_params()), (vec![1.0, -2.0], 5));
    let grads = loss(&model).backward();
    assert_eq!((grads[&model.0].to_vec(), grads[&model.2].to_vec()), (vec![1.0, -2.0], vec![3.0, 4.0]));
}

/// `w ← w - lr·g` is computed from `w`, but `w` stays the same parameter.
#[test]
fn an_update_by_hand_keeps_the_parameter() {
    let mut w = Tensor::param([1.0_f64, 2.0]);
    let id = w.id();
    let mut kept = Vec::new();
    for _ in 0..3 {
        let loss = w.square().sum();
        kept.push(loss.clone());
        let grads = loss.backward();
        w.assign(&w - 0.25 * &grads[&w]);
    }
    assert_eq!((w.id(), w.to_vec()), (id, vec![0.125, 0.25]));
    let value = &w * 2.0;
    w.assign(value.clone());
    assert!(w.id() != id, "the record of `value` holds the old elements");
}

/// Different shapes with the same number of elements.
#[test]
fn a_shape_with_as_many_elements_is_refused() {
    let mut model = Tensor::<f64>::param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for shape in [&[3, 2][..], &[6], &[2, 3, 1]] {
        let error = model.load_state_dict(&Tensor::<f64>::zeros(shape).state_dict()).unwrap_err();
        assert_eq!(error.misshapen, [(String::new(), vec![2, 3], shape.to_vec())]);
    }
    assert_eq!(model.to_vec(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_deep_copy_is_independent() {
    let mut model = tied();
    model.freeze("1");
    let copy = model.deep_copy();
    assert_tied(&copy);
    assert!(copy.1.is_frozen() && copy.0.is_param());
    assert_eq!(copy.state_dict(), model.state_dict());
    assert!(ids(&copy).iter().all(|id| !ids(&model).contains(id)));
    // Neither holds the other's.
    let before = ids(&model);
    Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() }).step_with(&mut model, |m| (&m.0 * &m.2).sum());
    assert_eq!((ids(&model), model.0.to_vec(), copy.0.to_vec()), (before, vec![0.5, -1.0], vec![1.0, -2.0]));
    let grads = ((&model.0 * &copy.0).sum()).backward();
    assert_eq!((grads[&model.0].to_vec(), grads[&copy.0].to_vec()), (vec![1.0, -2.0], vec![0.5, -1.0]));

    let large = Tensor::<f32>::param(Tensor::ones(&[100]));
    assert!(large.deep_copy().as_slice().unwrap().as_ptr() != large.as_slice().unwrap().as_ptr());
}

/// A teacher that is an exponential average of its student, with one loss over both: e ← (e + s)/2 after s ← s/2.
#[test]
fn a_teacher_follows_its_student() {
    let mut student = Tensor::param([8.0_f64]);
    let mut teacher = student.clone();
    teacher.freeze("*");
    let mut ema = WeightAverage::exponential(0.5);
    ema.update(&teacher);
    let mut opt = Optimizer::new(Sgd { lr: 0.25, ..Sgd::default() });
    for expected in [(4.0, 6.0), (2.0, 4.0), (1.0, 2.5)] {
        let id = teacher.id();
        let loss = student.square().sum() + teacher.square().sum();
        let grads = loss.backward();
        assert_eq!(grads.len(), 1);
        opt.step(&mut student, &grads);
        ema.update(&student);
        teacher.load_state_dict(&ema.state_dict()).unwrap();
        assert_eq!((student.item(), teacher.item()), expected);
        assert!(teacher.is_frozen() && teacher.id() == id && teacher.id() != student.id());
    }
}

/// An ensemble of clones is one model at several places; an ensemble of deep copies is several models.
#[test]
fn members_of_an_ensemble() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let one = Linear::<f64>::new(2, 1, &mut rng);
    let mut ensemble: Vec<Linear<f64>> = (0..3).map(|_| one.deep_copy()).collect();
    assert_eq!(ensemble.num_params(), 9);
    assert_eq!(vec![one.clone(), one.clone()].num_params(), 3);
    let x = Tensor::from([[1.0, -1.0]]);
    let loss = |all: &Vec<Linear<f64>>| {
        let each = all.iter().enumerate().map(|(i, member)| (member.forward(&x) - i as f64).square().sum());
        each.fold(Tensor::from(0.0), |sum, loss| sum + loss)
    };
    let mut opt = Optimizer::new(Sgd { lr: 0.1, ..Sgd::default() });
    for _ in 0..100 {
        opt.step_with(&mut ensemble, loss);
    }
    for (i, member) in ensemble.iter().enumerate() {
        assert!((member.forward(&x).item() - i as f64).abs() < 1e-6, "each has learned its own target");
    }
}

/// A frozen parameter is not trainable, a buffer is not a parameter, and a tied parameter counts once.
#[test]
fn what_counts() {
    let mut model = (tied(), Tensor::<f64>::ones(&[10]));
    assert_eq!(model.num_params(), 3);
    let summary = model.summary();
    assert_eq!((summary.trainable(), summary.elements(), summary.in_buffers()), (3, 3, 10));
    // Two constants count as two, even if they are equal.
    let constants = (Tensor::<f64>::ones(&[2]), Tensor::<f64>::ones(&[2])).summary();
    assert!(constants.rows.iter().all(|row| row.tied_to.is_none()));
    assert_eq!(constants.in_buffers(), 4);
    model.0.freeze("0");
    assert_eq!((model.num_params(), model.summary().trainable(), model.summary().elements()), (1, 1, 3));
    // `freeze` does not count parameters that are already frozen, or constants.
    assert_eq!((model.freeze("0.0"), model.freeze("1"), model.freeze("*")), (0, 0, 1));
}

#[test]
fn an_average_knows_the_paths() {
    let mut average = WeightAverage::<f64>::running_mean();
    average.update(&vec![Tensor::param([1.0]), Tensor::param([2.0])]);
    let other = (Tensor::param([1.0]), vec![Tensor::param([2.0])]);
    let outcome = catch_unwind(AssertUnwindSafe(|| average.update(&other))).unwrap_err();
    let message = outcome.downcast::<String>().unwrap();
    assert!(message.contains("update: 1.0 of shape [1] is not in the average"), "{message}");
}

#[test]
fn a_state_dict_has_every_place() {
    let dict: StateDict<f64> = tied().state_dict();
    assert_eq!(dict.paths().collect::<Vec<_>>(), ["0", "1", "2"]);
    assert_eq!(dict.get("0"), dict.get("2"));
}
