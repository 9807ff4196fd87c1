// Calls as Rust makes them, for ever: recursion, closures, sorting, formatting, unwinding panics, two threads.
use std::collections::HashMap;

#[inline(never)]
fn burn(rounds: u64) -> u64 {
    (0..rounds).fold(0, |sum, number| sum ^ std::hint::black_box(number * number % 7))
}

#[inline(never)]
fn recurse(depth: u32) -> u64 {
    if depth == 0 {
        return burn(500);
    }
    recurse(depth - 1).wrapping_mul(3) + 1
}

fn work() {
    let mut sum = 0u64;
    loop {
        sum ^= recurse(20);
        let mut words: HashMap<String, u64> = HashMap::new();
        for number in 0..200 {
            words.insert(format!("{}", number), number);
        }
        let mut sorted: Vec<_> = words.into_iter().collect();
        sorted.sort_by(|left, right| right.0.cmp(&left.0));
        let _ = std::panic::catch_unwind(|| {
            if burn(3) == 99999 {
                panic!("never");
            }
        });
        std::hint::black_box(sum ^ sorted.len() as u64);
    }
}

fn main() {
    println!("running");
    std::thread::spawn(work);
    work();
}
