//! The binary `is-messenger`: command line, configuration, wiring.
//!
//! | module | what it does |
//! | --- | --- |
//! | `cli` | the command line |
//! | `config` | settings from flags, environment, file and defaults |
//! | `serve` | the server: everything wired together, and its graceful end |
//! | `commands` | the other commands, a file each |
//! | `installation` | opening a data directory or database |
//! | `sample` | the sample company of `serve --sample` |
//! | `telemetry` | logs and metrics |

mod cli;
mod commands;
mod config;
mod failure;
mod installation;
mod output;
mod sample;
mod serve;
mod telemetry;

use clap::Parser;
use cli::{Cli, Command};
use config::{Config, Settings};
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Several libraries bring a provider of cryptography; they must not have to guess. It fails only when one is set.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new("runtime", format!("The program cannot start its threads: {error}."));
            output::failure(&failure, cli.global.json);
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(&cli));
    // What still runs (a provider that does not answer) must not hold up the end.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            output::failure(&failure, cli.global.json);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    if let Command::Config(cli::Config::Show { default: true }) = cli.command {
        output::line(config::DEFAULT_FILE.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::load(cli.flags(), cli.global.config.clone())?;
    if let Command::Config(cli::Config::Show { .. }) = cli.command {
        // Shown also when a value cannot be used: that is when one looks.
        return Ok(commands::config::show(&settings, cli.global.json));
    }
    let config = Config::check(&settings)?;
    let level = match cli.command {
        // The libraries of the database and its migrations tell more than anyone wants to know.
        Command::Serve(_) | Command::Simulator(_) => "info,refinery_core=warn,tokio_postgres=warn,async_nats=warn",
        // It reports what it finds by itself.
        Command::Doctor => "off",
        _ => "warn",
    };
    telemetry::start_logs(&config, level);
    let json = cli.global.json;
    match &cli.command {
        Command::Serve(arguments) => {
            for warning in &settings.warnings {
                tracing::warn!("{warning}");
            }
            serve::run(&config, arguments.sample).await?;
        }
        Command::Simulator(arguments) => commands::simulator::run(arguments).await?,
        Command::Init(arguments) => commands::init::run(&config, arguments, json).await?,
        Command::Channel(cli::Channel::Connect(arguments)) => {
            commands::channel::connect(&config, arguments, json).await?
        }
        Command::Channel(cli::Channel::List { workspace }) => {
            commands::channel::list(&config, *workspace, json).await?
        }
        Command::Token(cli::Token::Create { workspace, name }) => {
            commands::token::create(&config, *workspace, name, json).await?;
        }
        Command::Bench(workload) => return commands::bench::run(workload, json).await,
        Command::Verify => return commands::verify::run(&config, json).await,
        Command::Migrate(arguments) => return commands::migrate::run(&config, arguments.check, json).await,
        Command::Doctor => return commands::doctor::run(&config, &settings, json).await,
        Command::Config(_) => return Ok(commands::config::check(&settings, json)),
    }
    Ok(ExitCode::SUCCESS)
}
