//! The operator's command.

mod alerts;
mod args;
mod destinations;
mod route;
mod send;
mod stack;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        command,
        target,
        output,
    } = args;
    match command {
        Command::Destinations(command) => destinations::run(command, &target, output).await,
        Command::Route(route) => route::run(route, &target, output).await,
        Command::Send(send) => send::run(send, &target).await,
        Command::Alerts(command) => alerts::run(command, &target, output).await,
    }
}
