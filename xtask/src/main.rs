//! `cargo xtask`: one entry to every task of development. Without a command it lists them.
//! Nothing here is part of the product, and nothing here is simulated: it runs real processes in real time.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "development tasks run in real time, on real threads"
)]

mod apache;
mod bench;
mod codegen;
mod compat;
mod lint;
mod probe;
mod process;
mod proofs;
mod tally;
mod test;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

/// One task: its name, its options, what it is for, and its entry.
struct Task {
    name: &'static str,
    options: &'static str,
    purpose: &'static str,
    run: fn(Vec<String>) -> anyhow::Result<ExitCode>,
}

const TASKS: &[Task] = &[
    Task {
        name: "test",
        options: "[--without go,java,node,python,kcat,rust]",
        purpose: "everything: build, unit and conformance tests, all clients; ends with `N passed, N failed`",
        run: test::run,
    },
    Task {
        name: "tidy",
        options: "",
        purpose: "the rules of the house: arrows between crates, file heads, dead files, stray whitespace",
        run: tidy::run,
    },
    Task {
        name: "lint",
        options: "",
        purpose: "cargo fmt --check, and clippy with warnings as failures",
        run: lint::run,
    },
    Task {
        name: "codegen",
        options: "[--check]",
        purpose: "writes the code of Kafka's messages from the schema files; --check only says whether it is fresh",
        run: codegen::run,
    },
    Task {
        name: "compat",
        options: "[CLIENT...] [--broker thalweg|kafka|HOST:PORT] [--without LIST] [--only REGEX] [--list]",
        purpose: "the scenarios of compat/ with real clients, against Thalweg or, with the same files, Apache Kafka",
        run: compat::run,
    },
    Task {
        name: "bench",
        options: "[WORKLOAD...] [--partitions N] [--records N] [--commits N] [--full] [--binary FILE] [--json]\n      \
                  | --against kafka [WORKLOAD...] [--sides LIST] [--full] [--rounds N] [--record] [--binary FILE [--commit ID]] [--json]",
        purpose: "what a release broker costs: start, memory, a partition, a start after kill -9, bytes on disk, readers; or all that \
                  beside Apache Kafka, under its own clients and librdkafka's",
        run: bench::run,
    },
    Task {
        name: "sim",
        options: "[--seeds N] [--from S] [--law NAME] [--replay [--logs]]",
        purpose: "the simulation: a broker to which everything happens, from a seed; --replay tells all that happens",
        run: proofs::sim,
    },
    Task {
        name: "fuzz",
        options: "[--target NAME...] [--seconds N | --inputs N] [--from N]",
        purpose: "feeds every decoder with hostile bytes; the same targets run under `cargo fuzz` (see CONTRIBUTING.md)",
        run: proofs::fuzz,
    },
    Task {
        name: "cut",
        options: "[--cuts N] [--kills N] [--cuts-after-kill N] [--seed S] [--replay LIFE --at N]",
        purpose: "cuts the power of the release binary at many moments, by what it did to its disk, and judges what recovers",
        run: proofs::cut,
    },
    Task {
        name: "kill",
        options: "[--kills N] [--seed S]",
        purpose: "kills the release binary with -9 again and again under clients who go on, and judges what they saw",
        run: proofs::kill,
    },
    Task {
        name: "golden",
        options: "[CLIENT...]",
        purpose: "records frames between the clients of compat/ and Apache Kafka for the decoder's golden tests",
        run: compat::run_golden,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let asks_help = |argument: &str| matches!(argument, "help" | "--help" | "-h");
    let Some(name) = arguments.next().filter(|name| !asks_help(name)) else {
        print_tasks();
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("there is no task `{name}`");
        print_tasks();
        return ExitCode::from(2);
    };
    let arguments: Vec<String> = arguments.collect();
    if arguments.iter().any(|argument| asks_help(argument)) {
        print_task(task);
        return ExitCode::SUCCESS;
    }
    match (task.run)(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print_tasks() {
    println!("cargo xtask TASK\n");
    for task in TASKS {
        print_task(task);
    }
}

fn print_task(task: &Task) {
    println!("  {} {}\n      {}", task.name, task.options, task.purpose);
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in a folder of the repository").to_path_buf()
}

/// Where all scratch goes: cargo's target folder.
fn scratch() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
