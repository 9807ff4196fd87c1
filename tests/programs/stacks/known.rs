// Rust, release: generics, a trait object, a sort with a comparator, recursion.
use std::hint::black_box;

trait Work {
    fn work(&self, rounds: u64) -> u64;
}
struct Adder(u64);
impl Work for Adder {
    #[inline(never)]
    fn work(&self, rounds: u64) -> u64 {
        (0..rounds).fold(self.0, |sum, i| black_box(sum.wrapping_mul(31).wrapping_add(i)))
    }
}
#[inline(never)]
fn recurse<T: Work + ?Sized>(work: &T, depth: u32) -> u64 {
    if depth == 0 { work.work(20000) } else { recurse(work, depth - 1).wrapping_add(black_box(1)) }
}
fn main() {
    let work: Box<dyn Work> = Box::new(Adder(7));
    let mut numbers: Vec<u64> = Vec::new();
    loop {
        black_box(recurse(&*work, 30));
        numbers.clear();
        numbers.extend((0..3000u64).map(|i| i.wrapping_mul(2654435761) % 65537));
        numbers.sort_by(|a, b| b.cmp(a));
        black_box(&numbers);
    }
}
