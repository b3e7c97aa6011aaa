//! What generating costs: reading, model building, rendering and the whole, for a fixture and for made documents of 10 to
//! 5,000 models.
//!
//! `cargo bench --bench generate` prints the times of each step, and at last a Markdown table of them as multiples of the bare
//! parse of the same document, with those of the whole process beside them. `SYNC_PATTERNS_BENCH` may name more documents, separated as in `PATH`. Behind `--`, a word picks
//! the steps of that name, and `--test` runs each once.

#[path = "../client/document.rs"]
mod document;
mod ratios;
mod steps;

use std::fs;

use divan::Bencher;
use mimalloc::MiMalloc;
use steps::Input;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    divan::main();
    ratios::print(&inputs());
}

/// The documents, the made ones in the build's folder.
fn inputs() -> Vec<Input> {
    let fixture = format!("{}/fixtures/contacts/openapi.yaml", env!("CARGO_MANIFEST_DIR"));
    let made = [10, 100, 1_000, 5_000].map(|count| {
        let path = format!("{}/made-{count}.json", env!("CARGO_TARGET_TMPDIR"));
        fs::write(&path, document::document(count).to_string()).expect("a document is written");
        Input::new(&format!("{count} models"), path.as_ref())
    });
    let more = std::env::var_os("SYNC_PATTERNS_BENCH").unwrap_or_default();
    let more = std::env::split_paths(&more).filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().expect("a file's path has a name").to_string_lossy();
        Input::new(&name, &path)
    });
    std::iter::once(Input::new("fixture contacts", fixture.as_ref())).chain(made).chain(more).collect()
}

#[divan::bench(args = inputs(), sample_count = 10)]
fn a_parse(input: &Input) {
    divan::black_box(input.parse());
}

#[divan::bench(args = inputs(), sample_count = 10)]
fn b_read(input: &Input) {
    divan::black_box(input.read());
}

#[divan::bench(args = inputs(), sample_count = 10)]
fn c_model(bencher: Bencher, input: &Input) {
    bencher.with_inputs(|| input.read()).bench_values(|tree| input.model(tree));
}

#[divan::bench(args = inputs(), sample_count = 10)]
fn d_render(bencher: Bencher, input: &Input) {
    let project = input.model(input.read());
    bencher.bench(|| input.render(&project));
}

#[divan::bench(args = inputs(), sample_count = 10)]
fn e_whole(bencher: Bencher, input: &Input) {
    bencher.with_inputs(steps::folder).bench_refs(|folder| input.whole(folder.path()));
}

/// With the files of an earlier run in place.
#[divan::bench(args = inputs(), sample_count = 10)]
fn f_unchanged(bencher: Bencher, input: &Input) {
    let folder = steps::folder();
    input.whole(folder.path());
    bencher.bench(|| input.whole(folder.path()));
}
