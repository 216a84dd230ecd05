use downhill::Params;

#[derive(Params)]
union Number {
    float: f32,
    bits: u32,
}

fn main() {}
