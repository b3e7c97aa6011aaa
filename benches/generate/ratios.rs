//! The steps as multiples of the bare parse of the same document.

use std::time::{Duration, Instant};

use crate::steps::{self, Input};

/// The least of so many runs is taken: what else the machine does only ever adds.
const RUNS: usize = 5;

pub fn print(inputs: &[Input]) {
    println!("\n| | parse | read | model | render | whole | unchanged | process | process, unchanged |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for input in inputs {
        let parse = least(|| timed(|| input.parse()));
        let read = least(|| timed(|| input.read()));
        let model = least(|| {
            let tree = input.read();
            timed(|| input.model(tree))
        });
        let project = input.model(input.read());
        let render = least(|| timed(|| input.render(&project)));
        let whole = least(|| {
            let folder = steps::folder();
            timed(|| input.whole(folder.path()))
        });
        let folder = steps::folder();
        input.whole(folder.path());
        let unchanged = least(|| timed(|| input.whole(folder.path())));
        let process = least(|| {
            let folder = steps::folder();
            timed(|| input.process(folder.path()))
        });
        let process_unchanged = least(|| timed(|| input.process(folder.path())));
        let cells = [read, model, render, whole, unchanged, process, process_unchanged]
            .map(|time| format!("{:.2} ×", time.as_secs_f64() / parse.as_secs_f64()));
        println!("| {input} | {:.2} ms | {} |", parse.as_secs_f64() * 1e3, cells.join(" | "));
    }
}

fn least(run: impl FnMut() -> Duration) -> Duration {
    std::iter::repeat_with(run).take(RUNS).min().unwrap_or_default()
}

fn timed<T>(step: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let made = step();
    let time = start.elapsed();
    drop(made);
    time
}
