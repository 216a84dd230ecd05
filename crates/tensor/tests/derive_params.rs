//! `#[derive(Params)]` on every kind of struct and enum.
//!
//! Users could do nothing about a warning in generated code, so warnings are errors here:
#![deny(warnings, unused, rust_2018_idioms, single_use_lifetimes, unused_lifetimes, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic)]

use std::marker::PhantomData;

use downhill_tensor::{Float, Params, Path, Tensor};

/// A scalar parameter.
fn tensor<F: Float>(value: f64) -> Tensor<F> {
    Tensor::param(F::from_f64(value))
}

/// `path=value` for every tensor. Also checks that `visit` and `visit_mut` agree.
#[track_caller]
fn entries<F: Float>(model: &mut impl Params<F>) -> Vec<String> {
    let mut entries = Vec::new();
    model.visit(&Path::ROOT, &mut |path, tensor| entries.push(format!("{path}={}", tensor.item())));
    let mut mutable = Vec::new();
    model.visit_mut(&Path::ROOT, &mut |path, tensor| mutable.push(format!("{path}={}", tensor.item())));
    assert_eq!(entries, mutable);
    entries
}

/// The inferred element type of a model.
fn element<F: Float>(_: &impl Params<F>) -> &'static str {
    F::NAME
}

#[derive(Params)]
struct Linear<F: Float = f32> {
    weight: Tensor<F>,
    bias: Tensor<F>,
}

fn linear<F: Float>(value: f64) -> Linear<F> {
    Linear { weight: tensor(value), bias: tensor(value + 0.5) }
}

#[derive(Params)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

#[test]
fn the_names_are_the_fields_in_their_order() {
    let mut model = Mlp { fc1: linear(1.0), fc2: linear(2.0) };
    assert_eq!(entries(&mut model), ["fc1.weight=1", "fc1.bias=1.5", "fc2.weight=2", "fc2.bias=2.5"]);
}

#[test]
fn what_visit_mut_writes_is_what_visit_reads() {
    let mut model = Mlp { fc1: linear(1.0), fc2: linear(2.0) };
    model.visit_mut(&Path::ROOT, &mut |_, tensor| *tensor = Tensor::from(10.0 * tensor.item()));
    assert_eq!(entries(&mut model), ["fc1.weight=10", "fc1.bias=15", "fc2.weight=20", "fc2.bias=25"]);
}

#[test]
fn the_tensors_outlive_the_walk() {
    let model = Mlp { fc1: linear(1.0), fc2: linear(2.0) };
    let mut tensors: Vec<&Tensor> = Vec::new();
    model.visit(&Path::ROOT, &mut |_, tensor| tensors.push(tensor));
    assert!(std::ptr::eq(tensors[3], &raw const model.fc2.bias));
}

#[test]
fn the_element_type_is_that_of_the_fields() {
    #[derive(Params)]
    struct Double {
        act: Relu,
        weight: Tensor<f64>,
        head: Linear<f64>,
    }
    let mut model = Double { act: Relu, weight: tensor(0.1), head: linear(1.0) };
    assert_eq!(element(&model), "f64");
    assert_eq!(element(&Mlp { fc1: linear(1.0), fc2: linear(2.0) }), "f32");
    assert_eq!(entries(&mut model), ["weight=0.1", "head.weight=1", "head.bias=1.5"]);
    // The type of the closure's argument is inferred too, without an annotation.
    let mut sum: f64 = 0.0;
    model.visit(&Path::ROOT, &mut |_, tensor| sum += tensor.item());
    assert!((sum - 2.6).abs() < 1e-15);
}

#[test]
fn an_enum_is_the_tree_of_its_variant() {
    #[derive(Params)]
    enum Layer<F: Float = f32> {
        Linear(Linear<F>),
        Head(#[params(rename = "fc")] Linear<F>),
        Scale { by: Tensor<F>, limit: f64 },
        Pair(Tensor<F>, Tensor<F>),
        Relu,
        LeakyRelu(f64),
        Apply(fn(&Tensor<F>) -> Tensor<F>),
        Residual(Vec<Layer<F>>),
    }
    fn layers<F: Float>() -> Vec<Layer<F>> {
        vec![
            Layer::Linear(linear(1.0)),
            Layer::Relu,
            Layer::Scale { by: tensor(3.0), limit: 0.5 },
            Layer::Pair(tensor(4.0), tensor(5.0)),
            Layer::LeakyRelu(0.1),
            Layer::Apply(Tensor::relu),
            Layer::Residual(vec![Layer::Head(linear(6.0))]),
        ]
    }
    let expected = ["0.weight=1", "0.bias=1.5", "2.by=3", "3.0=4", "3.1=5", "6.0.fc.weight=6", "6.0.fc.bias=6.5"];
    assert_eq!(entries(&mut layers::<f32>()), expected);
    assert_eq!(entries(&mut layers::<f64>()), expected);
    let settings = layers::<f32>().into_iter().map(|layer| match layer {
        Layer::LeakyRelu(slope) => slope,
        Layer::Scale { limit, .. } => limit,
        Layer::Apply(f) => f64::from(f(&Tensor::from(-1.0)).item()),
        _ => 0.0,
    });
    assert!((settings.sum::<f64>() - 0.6).abs() < 1e-12);
}

#[test]
fn generic_over_the_element_type() {
    #[derive(Params)]
    struct Net<F: Float> {
        w: Tensor<F>,
        layers: Vec<Linear<F>>,
        #[params(skip)]
        element: PhantomData<F>,
    }
    fn count<F: Float>() -> (usize, &'static str) {
        let net = Net::<F> { w: tensor(0.0), layers: vec![linear(1.0), linear(2.0)], element: PhantomData };
        let mut count = 0;
        net.visit(&Path::ROOT, &mut |_, _| count += 1);
        (count, element(&net))
    }
    assert_eq!(count::<f32>(), (5, "f32"));
    assert_eq!(count::<f64>(), (5, "f64"));
}

#[test]
fn generic_over_the_layers() {
    #[derive(Params)]
    struct Pair<A, B = A>
    where
        A: Sized,
    {
        first: A,
        second: B,
    }
    fn walk<A: Params, B: Params>(pair: &Pair<A, B>) -> usize {
        let mut count = 0;
        pair.visit(&Path::ROOT, &mut |_, _| count += 1);
        count
    }
    let mut model = Pair { first: Pair { first: tensor::<f64>(1.0), second: Relu }, second: linear(2.0) };
    assert_eq!(element(&model), "f64");
    assert_eq!(entries(&mut model), ["first.first=1", "second.weight=2", "second.bias=2.5"]);
    assert_eq!(walk(&Pair { first: linear(1.0), second: Relu }), 2);
}

#[test]
fn generic_over_an_associated_type() {
    trait Architecture {
        type Body;
    }
    #[derive(Params)]
    struct Model<M: Architecture> {
        body: M::Body,
        head: Tensor,
    }
    struct Small;
    impl Architecture for Small {
        type Body = Linear;
    }
    let mut model = Model::<Small> { body: linear(1.0), head: tensor(3.0) };
    assert_eq!(entries(&mut model), ["body.weight=1", "body.bias=1.5", "head=3"]);
}

#[test]
fn containers() {
    #[derive(Params)]
    struct Containers<const N: usize> {
        vec: Vec<Tensor>,
        array: [Tensor; N],
        some: Option<Tensor>,
        none: Option<Linear>,
        tuple: (Tensor, Relu, Linear),
        boxed: Box<Tensor>,
        nested: Vec<Option<Box<[Tensor; 1]>>>,
    }
    let mut model = Containers {
        vec: vec![tensor(1.0), tensor(2.0)],
        array: [tensor(3.0), tensor(4.0)],
        some: Some(tensor(5.0)),
        none: None,
        tuple: (tensor(6.0), Relu, linear(7.0)),
        boxed: Box::new(tensor(8.0)),
        nested: vec![None, Some(Box::new([tensor(9.0)]))],
    };
    assert_eq!(
        entries(&mut model),
        [
            "vec.0=1",
            "vec.1=2",
            "array.0=3",
            "array.1=4",
            "some=5",
            "tuple.0=6",
            "tuple.2.weight=7",
            "tuple.2.bias=7.5",
            "boxed=8",
            "nested.1.0=9",
        ]
    );
}

#[test]
fn lifetimes() {
    #[derive(Params)]
    struct Named<'a, 'b, T> {
        #[params(skip)]
        name: &'a &'b str,
        value: T,
    }
    // `'b: 'a` is implied but nowhere written, and the generated code has to compile without it.
    #[derive(Params)]
    struct Holder<'a, 'b> {
        inner: Named<'a, 'b, Tensor>,
    }
    let text = String::from("w");
    let name: &str = &text;
    let mut model = Holder { inner: Named { name: &name, value: tensor(1.0) } };
    assert_eq!(entries(&mut model), ["inner.value=1"]);
    assert_eq!(*model.inner.name, "w");
}

#[derive(Params)]
struct Relu;

#[test]
fn tuple_unit_and_empty_structs() {
    #[derive(Params)]
    struct Sequential(Linear, Relu, #[params(skip)] usize, #[params(rename = "last")] Tensor, Tensor);
    #[derive(Params)]
    struct Empty {}
    #[derive(Params)]
    struct Settings(#[params(skip)] f32);

    let mut model = Sequential(linear(1.0), Relu, 7, tensor(2.0), tensor(3.0));
    assert_eq!(entries(&mut model), ["0.weight=1", "0.bias=1.5", "last=2", "4=3"]);
    assert_eq!(model.2, 7);
    let mut settings = Settings(0.5);
    assert!(entries::<f32>(&mut Relu).is_empty());
    assert!(entries::<f64>(&mut Empty {}).is_empty());
    assert!(entries::<f64>(&mut settings).is_empty());
    assert_eq!(settings.0.to_bits(), 0.5_f32.to_bits());
}

#[test]
fn names_can_be_changed() {
    #[derive(Params)]
    struct Attention {
        r#type: Tensor,
        #[params(rename = "c_attn")]
        query_key_value: Linear,
        // The name is free: the field that had it was renamed.
        #[params(rename = "query_key_value")]
        other: Tensor,
    }
    let mut model = Attention { r#type: tensor(0.0), query_key_value: linear(1.0), other: tensor(2.0) };
    assert_eq!(entries(&mut model), ["type=0", "c_attn.weight=1", "c_attn.bias=1.5", "query_key_value=2"]);
}

#[test]
fn a_struct_may_contain_itself() {
    #[derive(Params)]
    struct Tree {
        value: Tensor,
        left: Option<Box<Self>>,
        right: Vec<Tree>,
    }
    #[derive(Params)]
    struct Chain<A> {
        value: A,
        next: Option<Box<Chain<A>>>,
    }
    let leaf = |value| Tree { value: tensor(value), left: None, right: Vec::new() };
    let mut tree = Tree { left: Some(Box::new(leaf(2.0))), right: vec![leaf(3.0), leaf(4.0)], ..leaf(1.0) };
    assert_eq!(entries(&mut tree), ["value=1", "left.value=2", "right.0.value=3", "right.1.value=4"]);

    let end = Chain { value: linear::<f64>(2.0), next: None };
    let mut chain = Chain { value: linear(1.0), next: Some(Box::new(end)) };
    assert_eq!(entries(&mut chain), ["value.weight=1", "value.bias=1.5", "next.value.weight=2", "next.value.bias=2.5"]);
}

#[test]
fn a_field_of_the_same_name_from_elsewhere_is_not_the_struct_itself() {
    mod wrapper {
        use downhill_tensor::Params;

        #[derive(Params)]
        pub(super) struct Linear {
            pub(super) inner: super::Linear<f64>,
        }
    }
    let mut model = wrapper::Linear { inner: linear(1.0) };
    assert_eq!(element(&model), "f64");
    assert_eq!(entries(&mut model), ["inner.weight=1", "inner.bias=1.5"]);
}

#[test]
fn inside_a_declarative_macro() {
    macro_rules! model {
        ($name:ident { $($field:ident: $ty:ty),* }) => {
            #[derive(Params)]
            struct $name {
                $($field: $ty,)*
                head: Option<Tensor>,
            }
        };
    }
    model!(Model { body: Linear, extra: Vec<Linear> });
    let mut model = Model { body: linear(1.0), extra: vec![linear(2.0)], head: Some(tensor(3.0)) };
    assert_eq!(
        entries(&mut model),
        ["body.weight=1", "body.bias=1.5", "extra.0.weight=2", "extra.0.bias=2.5", "head=3"]
    );
}

/// The generated code does not depend on any name that the surrounding module may define.
mod hostile {
    #![expect(dead_code, reason = "these names are only there to shadow others")]
    pub(super) struct Path;
    pub(super) struct Tensor;
    pub(super) struct Params;
    pub(super) struct Tree;
    pub(super) trait Float {}
    pub(super) trait FnMut {}
    pub(super) trait Sized {}
    pub(super) mod downhill_tensor {}
    pub(super) mod core {}

    #[derive(::downhill_tensor::Params)]
    pub(super) struct Model {
        pub(super) weight: ::downhill_tensor::Tensor,
    }
}

#[test]
fn names_of_the_users_module_do_not_matter() {
    assert_eq!(entries(&mut hostile::Model { weight: tensor(1.0) }), ["weight=1"]);
}

#[test]
fn the_framework_may_have_another_name() {
    mod engine {
        pub(super) use downhill_tensor as downhill;
    }
    #[derive(Params)]
    #[params(crate = "engine::downhill")]
    struct Model {
        weight: Tensor,
    }
    assert_eq!(entries(&mut Model { weight: tensor(1.0) }), ["weight=1"]);
}

/// A public struct may have fields of private types.
mod public {
    #![allow(unreachable_pub)]

    use downhill_tensor::{Params, Tensor};

    #[derive(Params)]
    struct Private(Tensor);

    #[derive(Params)]
    pub struct Public {
        inner: Private,
    }

    impl Public {
        pub fn new(value: Tensor) -> Self {
            Public { inner: Private(value) }
        }
    }
}

#[test]
fn fields_of_private_types() {
    assert_eq!(entries(&mut public::Public::new(tensor(1.0))), ["inner.0=1"]);
}
