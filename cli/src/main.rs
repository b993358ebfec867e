//! The operator's command. Each group of commands has a module; the command line is
//! described in [`args`]. Results go to standard output; questions, progress and
//! remarks to standard error.

mod alert_files;
mod alerts;
mod args;
mod audit;
mod check;
mod dead_letters;
mod deliveries;
mod destinations;
mod document;
mod exit;
mod pages;
mod preview;
mod print;
mod providers;
mod route;
mod samconfig;
mod secret;
mod send;
mod stack;
mod status;
mod tail;
mod terminal;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command, Output};
use exit::Exit;
use print::text;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let given = std::env::args_os().map(|one| one.to_string_lossy().into_owned());
    let given: Vec<String> = given.collect();
    let done = match Args::try_parse() {
        Ok(args) => run(args).await.map(ExitCode::from),
        Err(answer) => print::usage(&answer, &given).map(|()| exit::of_usage(&answer)),
    };
    done.unwrap_or_else(|error| exit::failed(&error))
}

async fn run(args: Args) -> anyhow::Result<Exit> {
    let Args {
        command,
        target,
        output,
        wide,
    } = args;
    let output = if wide { Output::Wide } else { output };
    print::begin(output);
    match command {
        Command::Status(status) => status::run(status, &target, output).await,
        Command::Check(check) => check::run(&check, output),
        Command::Destinations(command) => destinations::run(command, &target, output).await,
        Command::Providers(providers) => providers::run(providers, &target, output).await,
        Command::Route(route) => route::run(route, &target, output).await,
        Command::Preview(preview) => preview::run(preview, &target, output).await,
        Command::Send(send) => send::run(send, &target, output).await,
        Command::Alerts(command) => alerts::run(command, &target, output).await,
        Command::Deliveries(command) => deliveries::run(command, &target, output).await,
        Command::DeadLetters(command) => dead_letters::run(command, &target, output).await,
        Command::Audit(audit) => audit::run(audit, &target, output).await,
        Command::Tail(tail) => tail::run(tail, &target, output).await,
        Command::Completions(completions) => {
            let mut script = Vec::new();
            clap_complete::generate(
                completions.shell,
                &mut Args::command(),
                "tocsin",
                &mut script,
            );
            print::script(&script)?;
            Ok(Exit::Success)
        }
        Command::Man(man) => {
            std::fs::create_dir_all(&man.folder)?;
            clap_mangen::generate_to(Args::command(), &man.folder)?;
            print::remark(&text!("manual pages written to {}", man.folder.display()));
            Ok(Exit::Success)
        }
    }
}
