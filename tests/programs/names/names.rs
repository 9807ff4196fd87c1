// Many kinds of Rust functions, for comparing names; waits until its input ends.
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::io::{Read, Write};

trait Area {
    fn area(&self) -> f64;
}

#[derive(Debug, Clone)]
struct Square<T>(T);

#[derive(Debug)]
enum Shape<'a, const N: usize> {
    Named(&'a str),
    Points([u32; N]),
}

impl<T: Into<f64> + Copy> Area for Square<T> {
    #[inline(never)]
    fn area(&self) -> f64 {
        let side: f64 = self.0.into();
        side * side
    }
}

impl<const N: usize> Area for Shape<'_, N> {
    #[inline(never)]
    fn area(&self) -> f64 {
        match self {
            Shape::Named(name) => name.len() as f64,
            Shape::Points(points) => points.iter().sum::<u32>() as f64,
        }
    }
}

#[inline(never)]
fn total<A: Area + ?Sized>(shapes: &[&A]) -> f64 {
    shapes.iter().map(|shape| shape.area()).sum()
}

#[inline(never)]
fn apply<F: Fn(u32) -> u32>(function: F, value: u32) -> u32 {
    function(value) + 1
}

#[inline(never)]
fn shown<T: Debug>(value: T) -> String {
    format!("{value:?}")
}

fn main() {
    let count = std::env::args().count() as u32;
    let mut table: HashMap<String, Vec<u32>> = HashMap::new();
    table.entry("one".into()).or_default().push(count);
    let sorted: BTreeMap<u32, Square<f32>> = (0..count + 3).map(|i| (i, Square(i as f32))).collect();
    let area = total::<dyn Area>(&[&Square(2.0f32), &Square(3.0f64), &Shape::<2>::Points([count, 2]), &Shape::<0>::Named("é")]);
    let applied = apply(|value| value.rotate_left(3), count) + apply(|value| value ^ count, 5);
    let thread = std::thread::spawn(move || count + 1).join().unwrap();
    println!("ready {area} {applied} {thread} {} {}", shown(&table), shown((sorted, Some(Square(1u8)))));
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}
