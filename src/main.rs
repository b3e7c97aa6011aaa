use std::process::ExitCode;

fn main() -> ExitCode {
    sync_patterns::cli::main()
}
