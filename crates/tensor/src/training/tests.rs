use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

type Model = (Tensor<f64>, Tensor<f64>);

/// A parameter and a buffer.
fn model() -> Model {
    (Tensor::param([3.0]), Tensor::from([1.0]))
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// The mean of the buffer and `x`, like the update of a running statistic.
fn see(buffer: &Tensor<f64>, x: f64) -> f64 {
    update_buffer(buffer, |old| 0.5 * old + 0.5 * x).item()
}

/// The message with which `body` panics.
fn message(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).unwrap_err();
    let text = payload.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| payload.downcast_ref::<&str>().expect("a text").to_string())
}

#[test]
fn statistics_are_written_when_the_scope_ends() {
    let mut model = model();
    let id = model.0.id();
    let y = training(&mut model, &mut rng(), |m| {
        assert_eq!(see(&m.1, 5.0), 3.0);
        assert_eq!(m.1.item(), 1.0, "not yet");
        &m.0 * &m.1
    });
    assert_eq!((model.1.item(), y.item()), (3.0, 3.0));
    assert!(model.1.is_buffer() && model.0.id() == id);
    assert_eq!(y.backward()[&model.0].item(), 1.0);
    assert!(!is_training());
}

/// In PyTorch a module that is called twice updates twice.
#[test]
fn updates_of_one_buffer_follow_one_another() {
    let shared = Tensor::from([1.0]);
    let mut model = (shared.clone(), Tensor::from([1.0]), shared);
    training(&mut model, &mut rng(), |m| (see(&m.0, 5.0), see(&m.2, 7.0)));
    assert_eq!((model.0.item(), model.1.item(), model.2.item()), (5.0, 1.0, 5.0));
    assert_eq!(model.0.address(), model.2.address(), "still one");
}

#[test]
fn a_layer_in_an_arc_is_one_at_all_its_places() {
    let layer = Arc::new((Tensor::<f64>::param([2.0]), Tensor::from([1.0])));
    let mut model = (layer.clone(), layer);
    training(&mut model, &mut rng(), |m| (see(&m.0.1, 5.0), see(&m.1.1, 7.0)));
    assert_eq!((model.0.1.item(), model.1.1.item()), (5.0, 5.0));
    assert_eq!(model.0.0.id(), model.1.0.id());
}

#[test]
fn a_panic_inside_leaves_the_model_as_it_was() {
    let mut model = model();
    let before = model.1.address();
    let panics = message(|| {
        training(&mut model, &mut rng(), |m| {
            see(&m.1, 5.0);
            panic!("half-way");
        })
    });
    assert_eq!((panics.as_str(), model.1.item(), model.1.address()), ("half-way", 1.0, before));
    assert!(!is_training() && training_rng(|_| ()).is_none());
    training(&mut model, &mut rng(), |m| see(&m.1, 5.0));
    assert_eq!(model.1.item(), 3.0, "the next scope works");
}

#[test]
fn a_scope_in_a_scope_is_refused() {
    let (mut outer, mut inner) = (model(), model());
    let panics = message(|| training(&mut outer, &mut rng(), |_| training(&mut inner, &mut rng(), |_| ())));
    assert!(
        panics.starts_with("training: a `training` scope is already running in this thread; let it end"),
        "{panics}"
    );
    assert!(!is_training());
    // A model that is trained separately, inside the loss of another, goes into `evaluation`.
    let (mut one, mut two) = (rng(), rng());
    training(&mut outer, &mut one, |m| {
        let inside = || training(&mut inner, &mut two, |m| (see(&m.1, 9.0), training_rng(|rng| rng.next_u32())));
        let (_, drawn) = evaluation(inside);
        assert_eq!(drawn, training_rng(|rng| rng.next_u32()), "from identical generators");
        see(&m.1, 5.0);
    });
    assert_eq!((outer.1.item(), inner.1.item()), (3.0, 5.0));
}

#[test]
fn evaluation_hides_the_scope() {
    let mut model = model();
    training(&mut model, &mut rng(), |m| {
        evaluation(|| {
            assert!(!is_training() && training_rng(|_| ()).is_none());
            assert_eq!(
                message(|| _ = see(&m.1, 5.0)),
                "update_buffer: no `training` scope is running in this thread; check `is_training()` first"
            );
            evaluation(|| assert!(!is_training()));
        });
        assert!(catch_unwind(AssertUnwindSafe(|| evaluation(|| panic!("inside")))).is_err());
        assert!(is_training() && training_rng(|_| ()).is_some());
    });
    assert_eq!(evaluation(|| 1), 1);
}

/// A clone counts as the model until it is changed; a deep copy is refused.
#[test]
fn clones_inside() {
    let mut model = model();
    training(&mut model, &mut rng(), |m| see(&m.clone().1, 5.0));
    assert_eq!(model.1.item(), 3.0);
    let panics = message(|| training(&mut model, &mut rng(), |m| _ = see(&m.deep_copy().1, 5.0)));
    assert!(panics.starts_with("update_buffer: this tensor of shape [1] is not a buffer of the model"), "{panics}");
    let panics = message(|| training(&mut model, &mut rng(), |m| _ = see(&m.0, 5.0)));
    assert!(panics.contains("is not a buffer of the model"), "a parameter: {panics}");
    // To train without keeping the statistics, train a clone: writing its buffers leaves the model's alone.
    let y = training(&mut model.clone(), &mut rng(), |m| see(&m.1, 5.0) * &m.0);
    assert_eq!((model.1.item(), y.backward()[&model.0].item()), (3.0, 4.0));
}

#[test]
fn a_clone_outside_keeps_what_was() {
    let mut model = model();
    let best = model.clone();
    training(&mut model, &mut rng(), |m| see(&m.1, 5.0));
    assert_eq!((best.1.item(), model.1.item()), (1.0, 3.0));
    assert_eq!(best.0.id(), model.0.id());
}

/// All tensors of a model have one element type.
#[test]
fn another_element_type_is_another_model() {
    let panics = message(|| {
        training(&mut model(), &mut rng(), |_| {
            update_buffer(&Tensor::<f32>::from([1.0]), Tensor::clone);
        })
    });
    assert!(panics.contains("is not a buffer of the model"), "{panics}");
}

#[test]
fn a_buffer_keeps_its_shape() {
    let mut model = model();
    let panics = message(|| training(&mut model, &mut rng(), |m| _ = update_buffer(&m.1, |_| Tensor::zeros(&[2]))));
    assert_eq!(panics, "update_buffer: shape mismatch: the buffer has shape [1], the new elements [2]");
    assert_eq!(model.1.item(), 1.0);
}

#[test]
fn nothing_of_a_statistic_is_recorded() {
    let mut model = model();
    training(&mut model, &mut rng(), |m| {
        let new = update_buffer(&m.1, |_| m.0.exp());
        assert!(new.is_buffer() && m.0.exp().requires_grad());
    });
    assert!(model.1.is_buffer() && model.1.op_name().is_none());
}

#[test]
fn two_threads_train_two_models() {
    let together = Barrier::new(2);
    let train = |x: f64, seed: u64| {
        let mut model = model();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut drawn = 0;
        for _ in 0..100 {
            drawn = training(&mut model, &mut rng, |m| {
                together.wait();
                see(&m.1, x);
                training_rng(|rng| rng.next_u32()).unwrap()
            });
        }
        (model.1.item(), drawn)
    };
    let expected = |seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..100).map(|_| rng.next_u32()).last().unwrap()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| train(-2.0, 2));
        assert_eq!(train(8.0, 1), (8.0, expected(1)));
        assert_eq!(other.join().unwrap(), (-2.0, expected(2)));
    });
}

/// Threads started inside do not see the scope: they evaluate.
#[test]
fn a_scope_is_its_threads_own() {
    training(&mut model(), &mut rng(), |_| {
        assert!(!std::thread::spawn(is_training).join().unwrap());
    });
}

#[test]
fn one_generator_for_one_call() {
    training(&mut model(), &mut rng(), |_| {
        let panics = message(|| _ = training_rng(|_| training_rng(|_| ())));
        assert!(panics.starts_with("training_rng: the generator is in use"), "{panics}");
        assert!(training_rng(|_| ()).is_some(), "it is back");
    });
}

/// A trait object is a generator too.
#[test]
fn any_generator() {
    let mut rng = rng();
    let object: &mut dyn Rng = &mut rng;
    let drawn = training(&mut model(), object, |_| training_rng(|rng| rng.next_u32()));
    assert_eq!(drawn, Some(ChaCha8Rng::seed_from_u64(1).next_u32()));
}
