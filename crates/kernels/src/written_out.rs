//! A loop unrolled by hand: in a program's dev profile, a real loop is checked at every iteration, and then keeps the sums of
//! a register tile in memory instead of registers.

macro_rules! written_out {
    ($i:ident in [$($n:literal)*] if $j:ident < $count:ident $body:block) => {
        $(if $n < $count {
            let $i: usize = $n;
            $body
        })*
    };
}
pub(crate) use written_out;
