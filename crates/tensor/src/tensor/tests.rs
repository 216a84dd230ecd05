use super::*;

#[test]
fn shared_by_threads() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Tensor<f32>>();
    send_and_sync::<Tensor<f64>>();
    send_and_sync::<crate::Gradients<f32>>();
}

#[test]
fn carried_across_a_panic() {
    fn unwind_safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    unwind_safe::<Tensor<f32>>();
    unwind_safe::<Tensor<f64>>();
    unwind_safe::<crate::Gradients<f32>>();
    let w = Tensor::param([1.0_f32, 2.0]);
    let y = w.exp();
    assert!(std::panic::catch_unwind(|| y.item()).is_err());
    assert_eq!(y.sum().backward()[&w], w.exp());
}

#[test]
fn a_parameter_begins_a_line_of_the_cache() {
    // A view that starts one element after the start of a cache line.
    let w = Tensor::param(Tensor::<f32>::ones(&[101]).narrow(0, 1, 100));
    assert_eq!(w.as_slice().expect("row-major").as_ptr().addr() % 64, 0);
}

#[test]
#[should_panic(expected = "item: a tensor of shape [2] has 2 elements, not one")]
fn item_of_two() {
    Tensor::from([1.0_f32, 2.0]).item();
}
